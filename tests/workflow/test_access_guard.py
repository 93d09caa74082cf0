"""Access ends at its moments whatever becomes of the plan, and what could not be taken at first is tried again."""

from datetime import timedelta

import pytest
from temporalio.testing import TimeSkipper, TimeSkippingConfig

from models.approvals import Verdict
from models.case import Phase
from services.cases import withdraw
from tests.workflow.stage import CASE, DevServerStage, Stage, TestServerStage

DAY = timedelta(days=1)
DEAF = "CREATE RULE deaf AS ON UPDATE TO entitlements WHERE OLD.grade = 1 DO INSTEAD NOTHING"


def open_rights(stage: Stage) -> set[str]:
    return {row["id"] for row in stage.rows("SELECT id FROM entitlements WHERE state = 'active'")}


async def test_rights_that_could_not_be_taken_at_first_are_shown_and_taken_later(stage: TestServerStage) -> None:
    stage.run(DEAF)
    async with stage.worker():
        await stage.start(policy=stage.policy(sales_manager="hold"))
        asked = await stage.until_asked()
        assert "rights that are still open: 2" in asked.waiting_on
        first = asked.report_version
        stage.run("DROP RULE deaf ON entitlements")
        await stage.pass_time(timedelta(hours=2))
        healed = await stage.until(lambda now: "rights that are still open: 2" not in now.waiting_on)
        assert not {"crm-1", "erp-1"} & open_rights(stage)
        assert healed.report_version > first, "the report must say that they are taken now"


CUTOFF_CASE = f"access-cutoff-{CASE.removeprefix('offboarding-')}"


async def pass_time_of_the_cutoff(stage: DevServerStage, span: timedelta) -> None:
    """Let time go by for the workflow that watches over the cut-off of the declined case."""
    handle = stage.client.get_workflow_handle(CUTOFF_CASE)
    await TimeSkipper(stage.client, config=TimeSkippingConfig(enabled=False)).fast_forward(handle, span)


@pytest.mark.parametrize("how", ["declined by a person", "declined by silence"])
async def test_a_declined_plan_does_not_keep_access_open(dev_stage: DevServerStage, how: str) -> None:
    async with dev_stage.worker():
        await dev_stage.start(
            policy=dev_stage.policy(sales_manager="decline"), access_cutoff=await dev_stage.clock() + 20 * DAY
        )
        await dev_stage.until_asked()
        if how == "declined by a person":
            await dev_stage.decide(verdict=Verdict.DECLINED)
        else:
            await dev_stage.pass_time(18 * DAY)
        await dev_stage.until_phase(Phase.DECLINED)
        assert open_rights(dev_stage), "until the cut-off the leaver still works"
        await pass_time_of_the_cutoff(dev_stage, 21 * DAY)
        assert await dev_stage.client.get_workflow_handle(CUTOFF_CASE).result() is True
    assert open_rights(dev_stage) == set()


async def test_a_person_who_stays_after_a_decline_keeps_their_access(dev_stage: DevServerStage) -> None:
    async with dev_stage.worker():
        await dev_stage.start(policy=dev_stage.policy(sales_manager="decline"))
        await dev_stage.until_asked()
        await dev_stage.decide(verdict=Verdict.DECLINED)
        await dev_stage.until_phase(Phase.DECLINED)
        before = open_rights(dev_stage)
        dev_stage.run("UPDATE employees SET status = 'active' WHERE id = 'E1'")
        await pass_time_of_the_cutoff(dev_stage, 60 * DAY)
        assert await dev_stage.client.get_workflow_handle(CUTOFF_CASE).result() is False
    assert open_rights(dev_stage) == before


async def test_a_step_that_keeps_failing_is_shown(stage: TestServerStage) -> None:
    async with stage.worker():
        await stage.start(policy=stage.policy(sales_manager="hold"))
        await stage.until_asked()
        stage.run("ALTER TABLE client_ownership ADD CONSTRAINT never CHECK (false) NOT VALID")
        await stage.decide()
        moving = await stage.until(lambda now: now.phase is Phase.HANDING_OVER)
        assert moving.doing == "hand every client and deal to its successor"
        await stage.pass_time(timedelta(hours=7))
        stuck = await stage.until(lambda now: bool(now.waiting_on))
        assert stuck.waiting_on == ("Unavailable",)
        await withdraw(stage.client, CASE, "H2")
        stage.run("ALTER TABLE client_ownership DROP CONSTRAINT never")
        await stage.pass_time(timedelta(minutes=2))  # to the next attempt
        await stage.until_phase(Phase.WITHDRAWN)
