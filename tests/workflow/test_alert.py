"""The life of an alert on a server that skips time: asked, silent, confirmed, dismissed, and what it does to rights."""

import asyncio
import base64
import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from temporalio.client import Client, WorkflowHandle, WorkflowUpdateFailedError

from activities.alerts import tell
from models.errors import Unavailable
from models.scan import ScanRequest, ScanResult
from models.search_attributes import TASK_QUEUE
from models.warning import (
    AlertProgress,
    AlertState,
    DecidedTriage,
    ProtectionState,
    RuleId,
    Severity,
    TriageDecision,
)
from services.alerts import AlertDecided, decide
from services.cases import as_refusal
from store import alert_decisions
from tests.alert_desk import AlertDesk, early_policy, found
from tests.company import AS_OF
from tests.workflow.stage import TestServerStage

HOURS = 24
LAPSE = timedelta(hours=HOURS)
EXPORT = {"crm-1", "erp-1"}


class AlertStage:
    """One alert about E1 with its workflow."""

    def __init__(self, stage: TestServerStage) -> None:
        self.stage = stage
        self.desk = AlertDesk(stage.database)
        self.id = ""

    async def begin(self, severity: Severity = Severity.HIGH, mode: str = "enforce") -> None:
        """A finding becomes an alert, and its workflow starts."""
        early_policy(self.stage.settings.home, mode=f'"{mode}"', hours=str(HOURS))
        self.id = self.desk.open(found(severity=severity))
        await tell(self.stage.client, self.id)

    @property
    def handle(self) -> WorkflowHandle[Any, Any]:
        return self.stage.client.get_workflow_handle(self.id, result_type=AlertProgress)

    async def until(self, holds: Any) -> AlertProgress:
        """Wait for the alert to be so."""

        async def look() -> AlertProgress:
            answer: AlertProgress = await self.handle.query("progress", result_type=AlertProgress)
            return answer

        async with asyncio.timeout(20):
            while not holds(now := await look()):
                await asyncio.sleep(0.05)
        return now

    async def decide(self, to: AlertState, by: str = "H1", *, engine: bool = True) -> AlertDecided:
        async def connect() -> Client:
            if not engine:
                raise Unavailable("nobody answers")
            return self.stage.client

        folder = self.stage.settings.policy_dir
        return await decide(self.stage.database, connect, alert_id=self.id, to=to, by=by, note="why", policy_dir=folder)

    def suspended(self) -> set[str]:
        query = "SELECT id FROM entitlements WHERE employee_id = 'E1' AND state = 'suspended'"
        return {row["id"] for row in self.stage.rows(query)}


@pytest.fixture
def alert(stage: TestServerStage) -> AlertStage:
    return AlertStage(stage)


async def test_silence_lets_the_protection_lapse_and_the_alert_stays_open(alert: AlertStage) -> None:
    before = alert.desk.rights()
    async with alert.stage.worker():
        await alert.begin()
        held = await alert.until(lambda now: now.protection is ProtectionState.SUSPENDED and now.waiting_on)
        assert held.waiting_on == ("H1",)
        assert alert.suspended() == EXPORT
        await alert.stage.pass_time(LAPSE + timedelta(minutes=1))
        lapsed = await alert.until(lambda now: now.protection is ProtectionState.GIVEN_BACK)
        assert alert.desk.rights() == before
        assert lapsed.state is AlertState.NEEDS_REVIEW
        await alert.stage.pass_time(timedelta(days=7))
        waits = await alert.until(lambda now: now.waiting_on and now.waiting_on != ("H1",))
    assert waits.state is AlertState.NEEDS_REVIEW, "it never closes itself"
    kinds = [kind for kind, _, _ in alert.stage.told()]
    assert kinds.count("alert") == 1
    assert "alert_reminder" in kinds
    assert "alert_escalation" in kinds


async def test_confirmed_keeps_until_resolved(alert: AlertStage) -> None:
    before = alert.desk.rights()
    async with alert.stage.worker():
        await alert.begin()
        await alert.until(lambda now: now.protection is ProtectionState.SUSPENDED)
        assert (await alert.decide(AlertState.CONFIRMED)).counted
        await alert.stage.pass_time(2 * LAPSE)
        assert alert.suspended() == EXPORT
        assert (await alert.decide(AlertState.RESOLVED)).counted
        ended = await alert.handle.result()
    assert (ended.state, ended.protection, ended.waiting_on) == (AlertState.RESOLVED, ProtectionState.GIVEN_BACK, ())
    assert alert.desk.rights() == before


async def test_dismissed_gives_back_at_once(alert: AlertStage) -> None:
    before = alert.desk.rights()
    async with alert.stage.worker():
        await alert.begin()
        await alert.until(lambda now: now.protection is ProtectionState.SUSPENDED)
        started = await alert.stage.clock()
        await alert.decide(AlertState.DISMISSED)
        ended = await alert.handle.result()
    assert ended.protection is ProtectionState.GIVEN_BACK
    assert await alert.stage.clock() - started < timedelta(hours=1)
    assert alert.desk.rights() == before


async def test_confirmed_in_time_while_no_engine_answered_is_kept_at_the_deadline(alert: AlertStage) -> None:
    async with alert.stage.worker():
        await alert.begin()
        await alert.until(lambda now: now.protection is ProtectionState.SUSPENDED and now.waiting_on)
        kept = await alert.decide(AlertState.CONFIRMED, engine=False)
        assert (kept.stored, kept.counted) == (True, False)
        await alert.stage.pass_time(LAPSE + timedelta(minutes=1))
        await alert.until(lambda now: now.state is AlertState.CONFIRMED)
        assert alert.suspended() == EXPORT


async def test_the_policy_as_it_ships_only_writes_down_and_history_names_nobody(alert: AlertStage) -> None:
    before = alert.desk.rights()
    async with alert.stage.worker():
        await alert.begin(mode="would_have")
        await alert.until(lambda now: now.protection is ProtectionState.WOULD_HAVE and now.waiting_on)
        await alert.decide(AlertState.DISMISSED)
        await alert.handle.result()
    assert alert.desk.rights() == before
    history = (await alert.handle.fetch_history()).to_json()
    decoded = json.dumps(_decoded(json.loads(history)))
    assert alert.id in decoded
    assert not any(f'"{word}"' in decoded for word in ("E1", "crm-1", "erp-1"))
    assert "李娜" not in decoded
    assert "Lina" not in decoded


async def test_what_is_found_later_may_begin_the_protection(alert: AlertStage) -> None:
    async with alert.stage.worker():
        await alert.begin(Severity.MEDIUM)
        calm = await alert.until(lambda now: now.waiting_on)
        assert (calm.protection, calm.severity) == (ProtectionState.NONE, Severity.MEDIUM)
        alert.desk.keep(found(RuleId.SEQUENCE, Severity.HIGH))
        assert alert.desk.raise_all().joined == (alert.id,)
        await tell(alert.stage.client, alert.id)
        now = await alert.until(lambda now: now.protection is ProtectionState.SUSPENDED)
    assert now.severity is Severity.CRITICAL


async def test_what_does_not_come_from_people_we_know_changes_nothing(alert: AlertStage) -> None:
    async with alert.stage.worker():
        await alert.begin(Severity.MEDIUM)
        await alert.until(lambda now: now.waiting_on)
        at = await alert.stage.clock()
        forged = TriageDecision(decision_id="x", alert_id=alert.id, to=AlertState.DISMISSED, by="H1", at=at)
        heard = await alert.handle.execute_update("decide", forged, result_type=DecidedTriage)
        assert (heard.counted, heard.forged) == (False, True)
        illegal = forged.model_copy(update={"to": AlertState.RESOLVED})
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await alert.handle.execute_update("decide", illegal)
        assert "it cannot become resolved" in str(as_refusal(refused.value))
        await alert.handle.signal("decision", forged)
        await alert.handle.signal("decision", "nonsense")
        await alert.handle.signal("unheard of", 7)
        now = await alert.until(lambda now: now.rejected == 3)
    assert now.state is AlertState.NEEDS_REVIEW
    assert alert.desk.evidence(alert.id).count("alert.decision_forged") == 1


async def test_a_signal_delivers_a_stored_decision(alert: AlertStage) -> None:
    async with alert.stage.worker():
        await alert.begin(Severity.MEDIUM)
        await alert.until(lambda now: now.waiting_on)
        with alert.stage.database.begin() as connection:
            at: datetime = connection.execute(text("SELECT now()")).scalar_one()
            stored = alert_decisions.accept(connection, alert.id, AlertState.DISMISSED, "H1", "why", at=at)
        await alert.handle.signal("decision", stored.message())
        ended = await alert.handle.result()
    assert (ended.state, ended.rejected) == (AlertState.DISMISSED, 0)
    assert alert.desk.row(alert.id).note == "why"


async def test_a_scan_raises_alerts_and_starts_each_once(alert: AlertStage) -> None:
    """The same scan twice: no second alert, and nobody is asked twice. What could not be started is started then."""
    alert.desk.keep(found(severity=Severity.MEDIUM))
    async with alert.stage.worker():
        for number in (1, 2):
            result: ScanResult = await alert.stage.client.execute_workflow(
                "RiskScan", ScanRequest(as_of=AS_OF), id=f"scan-{number}", task_queue=TASK_QUEUE, result_type=ScanResult
            )
            if number == 1:
                (alert.id,) = result.raised.opened
                alert.stage.run("UPDATE alerts SET told_at = NULL")  # as after a crash right behind the commit
            else:
                assert (result.raised.opened, result.raised.joined) == ((), ())
        await alert.until(lambda now: now.waiting_on)
    assert [kind for kind, _, _ in alert.stage.told()].count("alert") == 1
    assert alert.stage.rows("SELECT count(*) AS untold FROM alerts WHERE told_at IS DISTINCT FROM changed_at") == [
        {"untold": 0}
    ]


def _decoded(value: Any) -> Any:
    """A history with its payloads as text."""
    if isinstance(value, dict):
        return {
            key: base64.b64decode(inner).decode(errors="replace").replace('\\"', '"')
            if key == "data" and isinstance(inner, str)
            else _decoded(inner)
            for key, inner in value.items()
        }
    return [_decoded(each) for each in value] if isinstance(value, list) else value
