"""People change while a gate waits: somebody stands in, somebody leaves, somebody acts for the leaver."""

from datetime import timedelta

from models.approvals import Refusal, Verdict
from models.case import Phase
from tests.workflow.people import join, people_changed, stand_in
from tests.workflow.stage import TestServerStage

DAY = timedelta(days=1)


async def test_a_delegation_covers_what_waits_already_and_is_shown_as_b_for_a(stage: TestServerStage) -> None:
    join(stage, "F2")
    async with stage.worker():
        await stage.start(policy=stage.policy(finance="escalate"))
        asked = await stage.until_asked()
        assert asked.gates[0].waiting_on == ("F1",)
        await stand_in(stage, "F1", "F2", await stage.clock())
        shared = await stage.until(lambda now: now.gates[0].waiting_on == ("F1", "F2"))
        assert shared.gates[0].round == 2
        assert shared.gates[0].due_at == asked.gates[0].due_at, "a delegation gives no more time"
        assert (await stage.update(await stage.press("finance", by="F2", for_id="F1"))).counted
        done = await stage.until_phase(Phase.HANDING_OVER)
        late = await stage.press("finance", by="F1")
        await stage.signal(late)
        told = await stage.until(lambda now: bool(now.rejected))
    assert told.rejected[-1].reason in {Refusal.ALREADY_DECIDED, Refusal.NOT_OPEN}
    ended = done.gates[0].outcome
    assert ended is not None
    assert [(each.principal, each.by, each.verdict) for each in ended.votes] == [("F1", "F2", Verdict.APPROVED)]


async def test_when_the_approver_leaves_somebody_else_is_asked_with_a_deadline_of_their_own(
    stage: TestServerStage,
) -> None:
    async with stage.worker():
        await stage.start(policy=stage.policy(finance="escalate"))
        asked = await stage.until_asked()
        assert asked.gates[0].due_at is not None
        join(stage, "F2")
        await stage.pass_until(asked.gates[0].due_at - timedelta(minutes=30))
        stage.run("UPDATE employees SET status = 'left' WHERE id = 'F1'")
        await people_changed(stage)
        other = await stage.until(lambda now: now.gates[0].waiting_on == ("F2",))
        assert other.gates[0].due_at is not None
        assert other.gates[0].due_at > asked.gates[0].due_at
        refused = await stage.press("finance", by="F1", number=2)
        assert await stage.refusal_of(refused) is Refusal.NOT_AN_APPROVER
        await stage.decide("finance")
        await stage.until_phase(Phase.HANDING_OVER)


async def test_whoever_acts_for_the_leaver_is_not_asked_and_not_counted(stage: TestServerStage) -> None:
    join(stage, "F2")
    await stand_in(stage, "E1", "F1", await stage.clock())
    async with stage.worker():
        await stage.start(policy=stage.policy(finance="escalate"))
        asked = await stage.until_asked()
        assert asked.gates[0].waiting_on == ("F2",)
        assert await stage.refusal_of(await stage.press("finance", by="F1")) is Refusal.SEPARATION_OF_DUTIES


async def test_a_forged_word_that_people_changed_changes_nothing(stage: TestServerStage) -> None:
    async with stage.worker():
        await stage.start(policy=stage.policy(finance="escalate"))
        asked = await stage.until_asked()
        for forged in ([], ["F9"], [{"gate": "finance", "to": "E1"}]):
            await stage.handle.signal("people", args=forged)
        await stage.decide("finance")
        now = await stage.until_phase(Phase.HANDING_OVER)
    assert (now.gates[0].round, now.rejected) == (1, ())
    assert asked.gates[0].waiting_on == ("F1",)
