"""A dismissal: every right is gone, and seen to be gone, before anything else happens and before anybody is told."""

from datetime import timedelta

from models.case import Phase, SeparationKind
from services.cases import withdraw
from tests.handover_desk import snapshot
from tests.workflow.reading import activities_in
from tests.workflow.stage import CASE, Stage, TestServerStage

STUBBORN = "CREATE RULE stubborn AS ON UPDATE TO entitlements WHERE OLD.id = 'erp-5' DO INSTEAD NOTHING"


def states(stage: Stage) -> dict[str, str]:
    return {row["id"]: row["state"] for row in stage.rows("SELECT id, state FROM entitlements")}


async def start_dismissal(stage: TestServerStage) -> None:
    await stage.start(kind=SeparationKind.DISMISSAL, policy=stage.policy(sales_manager="hold"))


async def test_everything_is_locked_and_read_back_before_anything_else(stage: TestServerStage) -> None:
    async with stage.worker():
        await start_dismissal(stage)
        await stage.until_asked()
    assert set(states(stage).values()) == {"suspended"}
    order = stage.evidence()
    locks = [number for number, kind in enumerate(order) if kind == "access.lock"]
    assert len(locks) == 10
    assert locks == list(range(1, 11)), f"the locks come right after the start: {order}"
    steps = stage.rows("SELECT body FROM evidence WHERE kind = 'access.lock'")
    assert {row["body"]["result"] for row in steps} == {"observed"}
    assert activities_in(await stage.history())[:2] == ["plan_case", "lock_access"]
    told = stage.rows("SELECT min(created_at) AS first FROM outbox")[0]["first"]
    locked = stage.rows("SELECT max(at) AS last FROM evidence WHERE kind = 'access.lock'")[0]["last"]
    assert told > locked


async def test_nobody_is_told_while_one_right_can_still_be_used(stage: TestServerStage) -> None:
    stage.run(STUBBORN)  # a system that answers and changes nothing
    async with stage.worker():
        await start_dismissal(stage)
        waiting = await stage.until(lambda now: bool(now.waiting_on))
        assert waiting.waiting_on == ("rights that are still open: 1",)
        await stage.pass_time(timedelta(hours=6))
        still = await stage.progress()
        assert (still.phase, still.waiting_on) == (Phase.ASSESSING, waiting.waiting_on)
        assert {right for right, state in states(stage).items() if state == "active"} == {"erp-5"}
        assert stage.rows("SELECT id FROM outbox") == []
        assert set(activities_in(await stage.history())) == {"plan_case", "lock_access"}
        stage.run("DROP RULE stubborn ON entitlements")
        await stage.pass_time(timedelta(hours=1, minutes=1))
        await stage.until_asked()
    assert set(states(stage).values()) == {"suspended"}
    assert [person for kind, person, _ in stage.told() if kind == "ask"] == ["M1"]


async def test_a_dismissal_that_cannot_lock_can_still_be_withdrawn(stage: TestServerStage) -> None:
    before = snapshot(stage.database, ("clients", "entitlements", "employees"))
    stage.run(STUBBORN)
    async with stage.worker():
        await start_dismissal(stage)
        await stage.until(lambda now: bool(now.waiting_on))
        await withdraw(stage.client, CASE, "H2")
        await stage.until_phase(Phase.WITHDRAWN)
    assert snapshot(stage.database, ("clients", "entitlements", "employees")) == before
    assert {kind for kind, _, _ in stage.told()} <= {"case_ended"}
