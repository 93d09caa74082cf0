"""The leaver stays after all: in whatever phase that is, nothing differs afterwards from how it was before."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from models.approvals import Decision, Verdict
from models.case import CaseResult, Phase
from models.errors import CaseConflict
from services.cases import withdraw
from store import cases
from tests.handover_desk import assert_no_gap, snapshot
from tests.workflow.away_ledger import AwayLedger
from tests.workflow.stage import CASE, Stage, TestServerStage

TABLES = ("clients", "opportunities", "entitlements", "employees", "invoices", "assets")


async def while_assessing(stage: TestServerStage) -> None:
    """A branch is dead, so the report is not made yet; export rights are gone already."""
    await stage.start()
    await stage.eventually(lambda: len(suspended(stage)) == 2, "the first rights are taken")
    assert (await stage.progress()).phase is Phase.ASSESSING


async def while_approving(stage: TestServerStage) -> None:
    """One has approved, the others have not."""
    await stage.start()
    await stage.until_asked()
    await stage.decide("finance")


async def while_nobody_can_be_asked(stage: TestServerStage) -> None:
    """Nobody holds the role of a gate, nor that of the fallback, nor stands above the leaver."""
    stage.run("UPDATE employees SET status = 'left' WHERE id NOT IN ('E1', 'H2')")
    await stage.start(policy=stage.policy(finance="hold"))
    await stage.until(lambda now: any("NobodyToAsk" in one for one in now.waiting_on))


async def after_the_transfers(stage: TestServerStage) -> None:
    """Every client has another owner; access still lasts until its cut-off."""
    await stage.start()
    await stage.until_asked()
    await stage.decide()
    await stage.until(lambda now: "access cut-off" in now.waiting_on)
    assert stage.rows("SELECT id FROM clients WHERE owner_id = 'E1'") == []
    assert stage.rows("SELECT id FROM invoices WHERE collector_id IS NOT NULL") != []


async def after_a_change_of_date(stage: TestServerStage) -> None:
    """Transfers are done and access has been cut off by a date that was moved; a task keeps the case open."""
    await after_the_transfers(stage)
    await stage.reschedule(timedelta(days=20))
    await stage.until(lambda now: "access cut-off" in now.waiting_on)


def suspended(stage: Stage) -> list[dict[str, Any]]:
    return stage.rows("SELECT id FROM entitlements WHERE state = 'suspended'")


@pytest.mark.parametrize(
    ("phase", "dead"),
    [
        (while_assessing, True),
        (while_approving, False),
        (while_nobody_can_be_asked, False),
        (after_the_transfers, False),
        (after_a_change_of_date, False),
    ],
)
async def test_after_a_withdrawal_nothing_differs_from_before(
    stage: TestServerStage, phase: Callable[[TestServerStage], Awaitable[None]], *, dead: bool
) -> None:
    before = snapshot(stage.database, TABLES)
    if dead:
        AwayLedger(stage)
    async with stage.worker():
        await phase(stage)
        if phase is while_nobody_can_be_asked:
            before = {**before, "employees": snapshot(stage.database, ("employees",))["employees"]}
            before["employees"]["E1"]["status"] = "active"
        assert before != snapshot(stage.database, TABLES), "something was done that can be undone"
        await withdraw(stage.client, CASE, "H2")
        ended = await stage.until_phase(Phase.WITHDRAWN)
        result: CaseResult = await stage.handle.result()
    assert snapshot(stage.database, TABLES) == before
    assert_no_gap(stage.database)
    assert result.phase is Phase.WITHDRAWN
    assert (ended.waiting_on, ended.next_deadline) == ((), None)
    assert stage.rows("SELECT phase, ended_at IS NOT NULL AS ended FROM cases") == [
        {"phase": "withdrawn", "ended": True}
    ]


async def test_nobody_is_asked_about_a_departure_that_is_withdrawn_while_it_is_assessed(
    stage: TestServerStage,
) -> None:
    AwayLedger(stage)
    async with stage.worker():
        await while_assessing(stage)
        await withdraw(stage.client, CASE, "H2")
        await stage.until_phase(Phase.WITHDRAWN)
    assert stage.evidence("gate.opened") == []
    assert [kind for kind, _, _ in stage.told() if kind != "case_ended"] == []


def end_of_access(stage: Stage) -> datetime:
    """When the last rights are taken."""
    with stage.database.begin() as connection:
        return cases.get(connection, CASE).plan.dates.access_cutoff


async def test_a_case_that_is_closing_cannot_be_withdrawn_any_more(stage: TestServerStage) -> None:
    # A system that answers and changes nothing: its right stays open, and the case cannot close.
    stage.run("CREATE RULE stubborn AS ON UPDATE TO entitlements WHERE OLD.id = 'erp-5' DO INSTEAD NOTHING")
    async with stage.worker():
        await after_the_transfers(stage)
        await stage.pass_until(end_of_access(stage) + timedelta(hours=1))  # longer than the engine tries by itself
        stuck = await stage.until(lambda now: now.phase is Phase.CLOSING and bool(now.waiting_on))
        assert stuck.waiting_on == ("failed_access_steps: 1",)
        handed_over = snapshot(stage.database, TABLES)
        with pytest.raises(CaseConflict, match="closing"):
            await withdraw(stage.client, CASE, "H2")
        assert snapshot(stage.database, TABLES) == handed_over
        stage.run("DROP RULE stubborn ON entitlements")
        await stage.pass_time(timedelta(hours=13))
        await stage.until_phase(Phase.CLOSED)
    with pytest.raises(CaseConflict):
        await withdraw(stage.client, CASE, "H2")


async def test_a_decision_that_comes_after_the_withdrawal_changes_nothing(stage: TestServerStage) -> None:
    async with stage.worker():
        await stage.start()
        asked = await stage.until_asked()
        late = Decision(
            decision_id="too late",
            gate="finance",
            verdict=Verdict.APPROVED,
            by="F1",
            accepted_at=await stage.clock(),
            report_digest=asked.report_digest,
        )
        await withdraw(stage.client, CASE, "H2")
        await stage.signal(late)
        ended = await stage.until_phase(Phase.WITHDRAWN)
    assert {gate.outcome for gate in ended.gates} == {None}
    assert stage.evidence("gate.closed") == []


async def test_an_answer_to_a_question_that_could_not_be_asked_does_not_hold_the_withdrawal(
    stage: TestServerStage,
) -> None:
    async with stage.worker():
        await while_nobody_can_be_asked(stage)
        answer = Decision(
            decision_id="early",
            gate="finance",
            verdict=Verdict.APPROVED,
            by="F1",
            accepted_at=await stage.clock(),
            report_digest=(await stage.progress()).report_digest,
        )
        await stage.signal(answer)  # waits for the round that it may belong to
        await withdraw(stage.client, CASE, "H2")
        ended = await stage.until_phase(Phase.WITHDRAWN)
        await stage.handle.result()
    assert [(each.decision_id, each.reason) for each in ended.rejected] == [("early", "not_open")]
