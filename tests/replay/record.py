"""Records the histories that test_replay.py replays: `python -m tests.replay.record`, from the root of the checkout.

With names of scenarios it records those alone. Record anew only when a change of the workflow is not meant to carry on
what runs already; otherwise the old histories are the proof that it does.
"""

import asyncio
import json
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from pathlib import Path

from temporalio.client import Client, WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter

from activities.alerts import tell
from embedded.namespace import prepare
from embedded.postgres import Postgres
from embedded.temporal import Temporal
from models.approvals import Verdict
from models.case import Phase, SeparationKind
from models.scan import ScanRequest
from models.search_attributes import TASK_QUEUE
from models.warning import AlertState, ProtectionState, RuleId, Severity
from services.cases import withdraw
from store.database import Database
from tests.alert_desk import AlertDesk, found
from tests.workflow.alert_stage import EXPORT, LAPSE, AlertStage
from tests.workflow.away_ledger import AwayLedger
from tests.workflow.collection_stage import CollectionStage
from tests.workflow.people import join, stand_in
from tests.workflow.stage import CASE, DevServerStage, build_company

HISTORIES = Path(__file__).with_name("histories")
DAY = timedelta(days=1)


async def closed(stage: DevServerStage) -> None:
    """The default case: everybody approves, clients and access go, the case closes."""
    async with stage.worker():
        await stage.start(access_cutoff=await stage.clock() + timedelta(seconds=2))
        await stage.until_asked()
        await stage.decide()
        await stage.until_phase(Phase.CLOSED)


async def escalated_and_declined(stage: DevServerStage) -> None:
    """Nobody answers; silence declines after the escalation."""
    async with stage.worker():
        await stage.start(policy=stage.policy(finance="decline"))
        await stage.until_asked()
        await stage.pass_time(30 * DAY)
        await stage.until_phase(Phase.DECLINED)


async def late_branch(stage: DevServerStage) -> None:
    """The receivables come after their budget; everybody is asked again."""
    ledger = AwayLedger(stage)
    async with stage.worker():
        await stage.start(policy=stage.policy(sales_manager="hold", finance="hold"))
        await stage.pass_time(timedelta(seconds=62))
        await stage.until_asked()
        await stage.decide("finance")
        ledger.come_back()
        await stage.pass_time(timedelta(minutes=2))
        await stage.until(lambda now: all(gate.round == 2 for gate in now.gates))
        await stage.decide()
        await stage.until(lambda now: "access cut-off" in now.waiting_on)
        await stage.pass_time(31 * DAY)
        await stage.until_phase(Phase.CLOSED)


async def withdrawn(stage: DevServerStage) -> None:
    """The leaver stays, after everything was handed over."""
    async with stage.worker():
        await stage.start(policy=stage.policy(sales_manager="hold", finance="hold"))
        await stage.until_asked()
        await stage.decide()
        await stage.until(lambda now: "access cut-off" in now.waiting_on)
        await withdraw(stage.client, CASE, "H2")
        await stage.until_phase(Phase.WITHDRAWN)


async def dismissal(stage: DevServerStage) -> None:
    """Locked before anybody is told; a signal that nobody should send comes in between."""
    async with stage.worker():
        await stage.start(kind=SeparationKind.DISMISSAL, policy=stage.policy(sales_manager="hold", hr="hold"))
        await stage.until_asked()
        await stage.handle.signal("decision", None)
        await stage.signal(await stage.press("hr"))
        await stage.decide("sales_manager")
        await stage.until(lambda now: "access cut-off" in now.waiting_on)
        await stage.pass_time(31 * DAY)
        await stage.until_phase(Phase.CLOSED)


async def reschedule(stage: DevServerStage) -> None:
    """The last working day moves twice: while a gate is open, and while only the access cut-off is waited for."""
    async with stage.worker():
        await stage.start(policy=stage.policy(sales_manager="hold"))
        asked = await stage.until_asked()
        assert asked.next_deadline is not None
        await stage.pass_until(asked.next_deadline - timedelta(hours=1))
        await stage.reschedule(40 * DAY)
        await stage.until(lambda now: all(gate.round == 2 for gate in now.gates))
        await stage.decide()
        await stage.until(lambda now: "access cut-off" in now.waiting_on)
        dates = await stage.reschedule(10 * DAY)
        await stage.pass_until(dates.access_cutoff + timedelta(minutes=1))
        await stage.until_phase(Phase.CLOSED)


async def quorum_and_delegation(stage: DevServerStage) -> None:
    """Two of three, in the order of the policy: a vote is taken back, one is cast for somebody else, a round passes."""
    join(stage, "F2", "F3", "F4")
    finance = {"people": 3, "quorum": 2, "on_decline": "quorum"}
    async with stage.worker():
        await stage.start(policy=stage.policy(finance=finance, hr={"after": ["finance"]}))
        asked = await stage.until(lambda now: bool(now.gates) and bool(now.gates[0].waiting_on))
        due = asked.gates[0].due_at
        assert due is not None
        for verdict in (Verdict.APPROVED, Verdict.TAKEN_BACK, Verdict.APPROVED):
            await stage.update(await stage.press("finance", verdict, by="F1"))
        await stand_in(stage, "F2", "F4", await stage.clock())
        await stage.until(lambda now: "F4" in now.gates[0].waiting_on)
        await stage.pass_until(due + timedelta(minutes=1))
        await stage.until(lambda now: now.gates[0].round > asked.gates[0].round + 1)
        await stage.update(await stage.press("finance", by="F4", for_id="F2", accepted_at=due, number=2))
        await stage.until(lambda now: bool(now.gates[1].waiting_on))
        await stage.decide("hr")
        await stage.until(lambda now: "access cut-off" in now.waiting_on)
        await stage.pass_time(31 * DAY)
        await stage.until_phase(Phase.CLOSED)


async def sent_back(stage: DevServerStage) -> None:
    """The plan is sent back, made anew without those proposed first, asked about again and approved."""
    async with stage.worker():
        await stage.start(policy=stage.policy(sales_manager="escalate", finance="escalate"))
        await stage.until_asked()
        await stage.decide("finance")
        await stage.decide("sales_manager", verdict=Verdict.SENT_BACK)
        await stage.until(lambda now: now.waiting_on == ("new plan: H2",))
        await stage.replan(exclude=["P1"])
        await stage.until(lambda now: all(gate.round == 2 and gate.waiting_on for gate in now.gates))
        await stage.decide()
        await stage.until(lambda now: "access cut-off" in now.waiting_on)
        await stage.pass_time(31 * DAY)
        await stage.until_phase(Phase.CLOSED)


async def alert_dismissed(stage: DevServerStage) -> None:
    """Rights are suspended, somebody was wrong, and they come back at once; nonsense comes in between."""
    alert = AlertStage(stage)
    async with stage.worker():
        await alert.begin()
        await alert.until(lambda now: now.protection is ProtectionState.SUSPENDED and now.waiting_on)
        await alert.handle.signal("decision", "nonsense")
        await alert.decide(AlertState.DISMISSED)
        await alert.handle.result()


async def alert_confirmed_and_resolved(stage: DevServerStage) -> None:
    """More is found, which is bad enough to suspend rights; confirmed, they stay suspended until it is resolved."""
    alert = AlertStage(stage)
    async with stage.worker():
        await alert.begin(Severity.MEDIUM)
        await alert.until(lambda now: bool(now.waiting_on))
        alert.desk.keep(found(RuleId.SEQUENCE, Severity.HIGH))
        alert.desk.raise_all()
        await tell(stage.client, alert.id)
        await alert.until(lambda now: now.protection is ProtectionState.SUSPENDED)
        await alert.decide(AlertState.CONFIRMED)
        await stage.pass_time(2 * LAPSE)
        assert alert.suspended() == EXPORT
        await alert.decide(AlertState.RESOLVED)
        await alert.handle.result()


async def alert_lapsed(stage: DevServerStage) -> None:
    """Nobody answers: reminders, the end of the protection, an escalation. A week later somebody dismisses it."""
    alert = AlertStage(stage)
    async with stage.worker():
        await alert.begin()
        await alert.until(lambda now: now.protection is ProtectionState.SUSPENDED and now.waiting_on)
        await stage.pass_time(7 * DAY)
        await alert.until(lambda now: now.protection is ProtectionState.GIVEN_BACK and now.waiting_on != ("H1",))
        await alert.decide(AlertState.DISMISSED, by="H2")
        await alert.handle.result()


async def risk_scan(stage: DevServerStage) -> None:
    """Three shards in two lanes, an alert about what was found, and no talk."""
    today = (await stage.clock()).date()
    AlertDesk(stage.database).keep(found(day=today))
    stage.id = "risk-scan"
    async with stage.worker():
        await stage.client.execute_workflow("RiskScan", ScanRequest(shard_size=2), id=stage.id, task_queue=TASK_QUEUE)


SOON = 'milestones = [{ working_days = 3, share = "0.3" }, { working_days = 6, share = "1" }]'


async def collected(stage: DevServerStage) -> None:
    """A date is kept and one is missed, somebody looks in between, then everything is paid."""
    money = CollectionStage(stage)
    async with stage.worker():
        await money.begin(SOON)
        money.desk.pay("V1-late", (await stage.clock()).date())
        await money.handle.signal("look")
        await money.pass_to(1)
        await money.until(lambda now: now.missed == 1)
        for client in (1, 2):
            money.desk.pay(f"V{client}-current", (await stage.clock()).date())
        money.desk.pay("V2-late", (await stage.clock()).date())
        await stage.pass_time(4 * DAY)
        await money.handle.result()


Scenario = Callable[[DevServerStage], Awaitable[None]]
SCENARIOS: dict[str, tuple[Scenario, ...]] = {
    "offboarding": (
        closed,
        escalated_and_declined,
        late_branch,
        withdrawn,
        dismissal,
        reschedule,
        quorum_and_delegation,
        sent_back,
    ),
    "alert": (alert_dismissed, alert_confirmed_and_resolved, alert_lapsed),
    "risk_scan": (risk_scan,),
    "collection": (collected,),
}


def scrubbed(history: WorkflowHistory) -> str:
    """The history as JSON without what belongs to the machine: stack traces hold paths."""
    return json.dumps(_without_traces(json.loads(history.to_json())), indent=1, ensure_ascii=False) + "\n"


def _without_traces(found: object) -> object:
    if isinstance(found, dict):
        return {key: _without_traces(value) for key, value in found.items() if key != "stackTrace"}
    if isinstance(found, list):
        return [_without_traces(value) for value in found]
    return found


async def _record(postgres: Postgres, temporal: Temporal, folder: Path, wanted: Sequence[str]) -> None:
    every = [scenario for some in SCENARIOS.values() for scenario in some]
    for number, scenario in enumerate(every):
        name = scenario.__name__
        if wanted and name not in wanted:
            continue
        database = Database(_own_database(postgres, f"books_{number}"))
        database.migrate()
        build_company(database)
        home = folder / name
        home.mkdir()
        client = await Client.connect(
            temporal.address(),
            namespace=f"record-{number}",
            data_converter=pydantic_data_converter,
            identity="recorder",
        )
        await prepare(client)
        stage = DevServerStage(client, database, home)
        await scenario(stage)
        await stage.handle.result()
        (HISTORIES / f"{name}.json").write_text(scrubbed(await stage.history()))
        database.close()


def _own_database(postgres: Postgres, name: str) -> str:
    admin = Database(postgres.url("postgres"))
    with admin.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
    admin.close()
    return postgres.url(name)


def main(wanted: Sequence[str] = ()) -> None:
    """Record every scenario, or those with these names, on servers of its own."""
    HISTORIES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        postgres, temporal = Postgres(folder / "pg", options={"fsync": "off"}), Temporal(folder, folder / "log")
        postgres.start()
        temporal.start()
        try:
            asyncio.run(_record(postgres, temporal, folder, wanted))
        finally:
            temporal.stop()
            postgres.stop()


if __name__ == "__main__":
    main(sys.argv[1:])
