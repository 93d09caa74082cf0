"""The life of an alert on a server that skips time: asked, silent, confirmed, dismissed, and what it does to rights."""

import base64
import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from temporalio.client import WorkflowUpdateFailedError

from activities.access import AccessActivities
from activities.alerts import tell
from activities.rights import Rights
from models.handover import UndoRequest
from models.scan import ScanRequest, ScanResult
from models.search_attributes import TASK_QUEUE
from models.warning import (
    AlertState,
    DecidedTriage,
    ProtectionState,
    RuleId,
    Severity,
    TriageDecision,
)
from services.cases import as_refusal
from store import alert_decisions
from systems.access.postgres import PostgresAccessDirectory
from tests.alert_desk import found
from tests.company import AS_OF
from tests.workflow.alert_stage import EXPORT, LAPSE, AlertStage
from tests.workflow.stage import CASE, TestServerStage


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


async def test_rights_that_a_withdrawn_case_gave_back_are_over_and_it_can_be_resolved(alert: AlertStage) -> None:
    before = alert.desk.rights()
    async with alert.stage.worker():
        await alert.begin()
        await alert.until(lambda now: now.protection is ProtectionState.SUSPENDED)
        await alert.decide(AlertState.CONFIRMED)
        books, directory = alert.stage.database, PostgresAccessDirectory(alert.stage.database)
        rights = Rights(books, directory)
        for right in rights.of("E1"):
            rights.take(CASE, right)
        AccessActivities(books, directory).restore_access(UndoRequest(case_id=CASE, employee_id="E1"))
        assert alert.desk.rights() == before
        await tell(alert.stage.client, alert.id)  # as the next scan does
        await alert.until(lambda now: now.protection is ProtectionState.GIVEN_BACK)
        assert (await alert.decide(AlertState.RESOLVED)).counted
        ended = await alert.handle.result()
    assert (ended.state, ended.protection) == (AlertState.RESOLVED, ProtectionState.GIVEN_BACK)
    assert alert.desk.evidence(alert.id).count("protection.given_back") == 1


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


async def test_a_decision_about_another_alert_does_not_end_this_one(alert: AlertStage) -> None:
    async with alert.stage.worker():
        await alert.begin(Severity.HIGH)
        await alert.until(lambda now: now.protection is ProtectionState.SUSPENDED)
        alert.desk.keep(found(employee_id="M1", severity=Severity.MEDIUM))
        (other,) = alert.desk.raise_all(person="M1").opened
        with alert.stage.database.begin() as connection:
            at: datetime = connection.execute(text("SELECT now()")).scalar_one()
            stored = alert_decisions.accept(connection, other, AlertState.DISMISSED, "H1", "why", at=at)
        heard = await alert.handle.execute_update("decide", stored.message(), result_type=DecidedTriage)
        assert (heard.counted, heard.forged) == (False, True)
        assert (await alert.until(lambda now: True)).state is AlertState.NEEDS_REVIEW
        assert alert.suspended() == EXPORT
    assert alert.desk.row(other).state is AlertState.NEEDS_REVIEW, "its own workflow has not heard it"
    assert alert.desk.evidence(alert.id).count("alert.decision_forged") == 1


async def test_an_id_that_no_database_takes_does_not_keep_people_from_deciding(alert: AlertStage) -> None:
    async with alert.stage.worker():
        await alert.begin()
        await alert.until(lambda now: now.protection is ProtectionState.SUSPENDED)
        at = await alert.stage.clock()
        forged = {"alert_id": alert.id, "to": "dismissed", "by": "H1", "at": at.isoformat()}
        for number, wrong in enumerate(("a\x00b", "", "a" * 100_000), start=1):
            with pytest.raises(WorkflowUpdateFailedError):
                await alert.handle.execute_update("decide", {**forged, "decision_id": wrong})
            await alert.handle.signal("decision", {**forged, "decision_id": wrong})
            await alert.until(lambda now, number=number: now.rejected == number)
        assert (await alert.decide(AlertState.DISMISSED)).counted
        ended = await alert.handle.result()
    assert ended.protection is ProtectionState.GIVEN_BACK


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
