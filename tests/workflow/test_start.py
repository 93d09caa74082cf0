"""One open case a person, whoever starts it and however often; a refused start leaves nothing behind."""

import asyncio
from datetime import timedelta

import pytest
from temporalio.client import WorkflowFailureError

from models.case import CaseRequest, Phase, SeparationKind
from models.errors import BadDates, PolicyError, UnknownEmployee
from models.search_attributes import TASK_QUEUE
from services.cases import as_refusal, withdraw
from tests.workflow.reading import activities_in
from tests.workflow.stage import CASE, MONTH, DevServerStage, Stage


def nothing_is_left(stage: Stage) -> None:
    for table in ("cases", "effects", "evidence", "outbox", "tasks"):
        assert stage.rows(f"SELECT * FROM {table}") == [], table  # noqa: S608
    assert stage.rows("SELECT status FROM employees WHERE id = 'E1'") == [{"status": "active"}]


async def test_twenty_starts_at_once_give_one_case(dev_stage: DevServerStage) -> None:
    async with dev_stage.worker():
        started = await asyncio.gather(*(dev_stage.start() for _ in range(20)))
        await dev_stage.until_asked()
        later = await dev_stage.start()
        runs = [run.run_id async for run in dev_stage.client.list_workflows("WorkflowType = 'Offboarding'")]
    assert {one.case_id for one in started} == {CASE}
    assert sum(not one.already_open for one in started) == 1
    assert (later.case_id, later.already_open) == (CASE, True)
    assert later.progress is not None
    assert later.progress.phase is Phase.APPROVING
    assert len(runs) == 1
    assert activities_in(await dev_stage.history()).count("plan_case") == 1
    assert len(dev_stage.rows("SELECT id FROM cases")) == 1


async def test_a_start_with_impossible_dates_leaves_nothing_and_can_be_repeated(dev_stage: DevServerStage) -> None:
    today = await dev_stage.clock()
    async with dev_stage.worker():
        with pytest.raises(BadDates):
            await dev_stage.start(last_working_day=today.date() - timedelta(days=3))
        nothing_is_left(dev_stage)
        # Seen only when the plan is made: access would last longer than the employment.
        with pytest.raises(BadDates):
            await dev_stage.start(access_cutoff=today + 2 * MONTH)
        nothing_is_left(dev_stage)
        started = await dev_stage.start()
        await dev_stage.until_asked()
    assert (started.case_id, started.already_open) == (CASE, False)


@pytest.mark.parametrize("rules", ["this is no policy", 'name = "broken"\nversion = "1"\n'])
async def test_a_start_under_a_broken_policy_leaves_nothing(dev_stage: DevServerStage, rules: str) -> None:
    file = dev_stage.settings.home / "broken.toml"
    file.write_text(rules)
    async with dev_stage.worker():
        with pytest.raises(PolicyError):
            await dev_stage.start(policy="broken")
        # Straight to the engine, past every check before it.
        for policy, employee, refusal in (("broken", "E1", PolicyError), ("ifrs", "E99", UnknownEmployee)):
            request = CaseRequest(
                case_id=CASE,
                employee_id=employee,
                kind=SeparationKind.RESIGNATION,
                last_working_day=(await dev_stage.clock()).date() + MONTH,
                policy=policy,
            )
            with pytest.raises(WorkflowFailureError) as failed:
                await dev_stage.client.execute_workflow("Offboarding", request, id=CASE, task_queue=TASK_QUEUE)
            assert isinstance(as_refusal(failed.value), refusal)
            nothing_is_left(dev_stage)
        assert not (await dev_stage.start()).already_open
        await dev_stage.until_asked()


async def test_a_closed_case_is_followed_by_a_new_one(dev_stage: DevServerStage) -> None:
    async with dev_stage.worker():
        await dev_stage.start()
        await withdraw(dev_stage.client, CASE, "H2")
        await dev_stage.until_phase(Phase.WITHDRAWN)
        second = await dev_stage.start()
    assert (second.case_id, second.already_open) == (f"{CASE}-2", False)
