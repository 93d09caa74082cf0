"""A new last working day: every pending timer follows; a day that cannot be is refused and changes nothing."""

from datetime import timedelta
from typing import Any

import pytest

from models.case import Phase
from models.errors import BadDates, CaseConflict
from tests.workflow.stage import Stage, TestServerStage

DAY = timedelta(days=1)


def open_rights(stage: Stage) -> int:
    return len(stage.rows("SELECT id FROM entitlements WHERE state = 'active'"))


def pinned_plan(stage: Stage) -> dict[str, Any]:
    return dict(stage.rows("SELECT plan FROM cases")[0]["plan"])


async def approved(stage: TestServerStage) -> None:
    """Everything is handed over; only the access cut-off, in a month, is waited for."""
    await stage.start(policy=stage.policy(sales_manager="hold"))
    await stage.until_asked()
    await stage.decide()
    await stage.until(lambda now: "access cut-off" in now.waiting_on)


async def test_an_earlier_day_brings_the_access_cut_off_forward(stage: TestServerStage) -> None:
    async with stage.worker():
        await approved(stage)
        dates = await stage.reschedule(5 * DAY)
        assert dates.access_cutoff < await stage.clock() + 6 * DAY
        await stage.pass_until(dates.access_cutoff - timedelta(minutes=1))
        assert open_rights(stage) == 8
        await stage.pass_time(timedelta(minutes=2))
        closed = await stage.until_phase(Phase.CLOSED)
    assert closed.last_working_day == dates.last_working_day
    assert open_rights(stage) == 0


async def test_a_later_day_puts_it_off(stage: TestServerStage) -> None:
    async with stage.worker():
        await approved(stage)
        dates = await stage.reschedule(50 * DAY)
        await stage.pass_time(40 * DAY)  # the first date is over
        assert (await stage.progress()).phase is Phase.HANDING_OVER
        assert open_rights(stage) == 8
        await stage.pass_until(dates.access_cutoff + timedelta(minutes=1))
        await stage.until_phase(Phase.CLOSED)
    assert open_rights(stage) == 0
    assert stage.evidence("case.rescheduled") == ["case.rescheduled"]


async def test_open_gates_get_new_deadlines_and_their_people_hear_of_it(stage: TestServerStage) -> None:
    async with stage.worker():
        await stage.start(policy=stage.policy(sales_manager="hold", finance="hold"))
        before = await stage.until_asked()
        await stage.decide("sales_manager")
        await stage.eventually(lambda: stage.evidence("gate.closed") == ["gate.closed"], "the approval is on record")
        assert before.gates[1].due_at is not None
        await stage.pass_until(before.gates[1].due_at - timedelta(hours=1))
        await stage.reschedule(40 * DAY)
        after = await stage.until(lambda now: now.gates[1].round == 2 and bool(now.gates[1].waiting_on))
        first, second = after.gates
        assert first.outcome is not None, "what was decided stays decided: the report is the same"
        assert (first.round, second.outcome) == (1, None)
        assert second.due_at is not None
        assert second.due_at > before.gates[1].due_at
        assert pinned_plan(stage)["gates"][1]["due_at"] == second.due_at.isoformat().replace("+00:00", "Z")
        await stage.pass_until(before.gates[1].due_at + timedelta(minutes=1))
        await stage.pass_time(timedelta(minutes=1))
        assert (await stage.progress()).gates[1].round == 2, "the first deadline has no power any more"
        await stage.decide("finance")
        await stage.until_phase(Phase.HANDING_OVER)
    assert sorted(person for kind, person, _ in stage.told() if kind == "ask") == ["F1", "F1", "M1"]


async def test_a_day_that_is_over_is_refused_and_nothing_changes(stage: TestServerStage) -> None:
    async with stage.worker():
        await stage.start(policy=stage.policy(sales_manager="hold"))
        before, plan = await stage.until_asked(), pinned_plan(stage)
        for day in (-DAY, -400 * DAY):
            with pytest.raises(BadDates):
                await stage.reschedule(day)
        assert await stage.progress() == before
        assert pinned_plan(stage) == plan
        assert stage.evidence("case.rescheduled") == []
        await stage.decide()
        await stage.until_phase(Phase.HANDING_OVER)


async def test_the_dates_of_an_ended_case_are_fixed(stage: TestServerStage) -> None:
    async with stage.worker():
        await approved(stage)
        await stage.pass_time(31 * DAY)
        await stage.until_phase(Phase.CLOSED)
        with pytest.raises(CaseConflict):
            await stage.reschedule(90 * DAY)
