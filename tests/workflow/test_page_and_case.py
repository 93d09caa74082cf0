"""What the page reads in our database and what the case has counted are the same, whatever happened to the report."""

from datetime import timedelta

from models.approvals import Decision, Refusal, Verdict, Via
from models.case import Phase
from tests.workflow.people import join
from tests.workflow.stage import CASE, Stage, TestServerStage
from web.door.hearing import Hearing, hear


async def heard(stage: Stage, gate: str, person: str) -> Hearing:
    """How the page sees a gate for a person now."""
    now, key = await stage.clock(), stage.settings.link_secret.get_secret_value()
    with stage.database.begin() as connection:
        found = hear(connection, CASE, gate, person, now=now, key=key)
    assert found is not None
    return found


async def said(stage: Stage, gate: str, person: str) -> Refusal | None:
    """What the page says to the approval of a person now."""
    hearing = await heard(stage, gate, person)
    approval: Decision = hearing.decision(Verdict.APPROVED, for_id=hearing.for_id)
    return hearing.refusal(approval, Via.SESSION)


async def test_votes_before_and_after_an_immaterial_version_count_together(stage: TestServerStage) -> None:
    join(stage, "F2")
    async with stage.worker():
        await stage.start(policy=stage.policy(finance={"people": 2, "quorum": "all"}))
        asked = await stage.until_asked()
        due = asked.gates[0].due_at
        assert due is not None
        assert (await stage.update(await stage.press("finance", by="F1"))).counted
        await stage.handle.signal("news")
        await stage.until(lambda now: now.report_version == asked.report_version + 1)
        await stage.pass_until(due + timedelta(minutes=1))
        later = await stage.until(lambda now: now.gates[0].round == 2 and bool(now.gates[0].waiting_on))
        second = later.gates[0].waiting_on[0]
        page = await heard(stage, "finance", second)
        assert page.asked.report_digest == asked.report_digest, "they are asked about what the first one approved"
        assert (page.approvals, later.gates[0].votes) == (1, 1)
        assert await said(stage, "finance", second) is None
        assert (await stage.update(await stage.press("finance", by=second))).verdict is Verdict.APPROVED
        await stage.until_phase(Phase.HANDING_OVER)


async def test_a_plan_that_a_later_gate_sent_back_is_asked_about_from_the_first_gate_on(stage: TestServerStage) -> None:
    async with stage.worker():
        await stage.start(policy=stage.policy(finance="escalate", hr={"after": ["finance"]}))
        await stage.until(lambda now: bool(now.gates) and bool(now.gates[0].waiting_on))
        await stage.decide("finance")
        await stage.until(lambda now: bool(now.gates[1].waiting_on))
        await stage.decide("hr", verdict=Verdict.SENT_BACK)
        await stage.eventually(lambda: "gate.sent_back" in stage.evidence(), "the wish is on record")
        assert await said(stage, "hr", "H1") is Refusal.PLAN_SENT_BACK
        await stage.replan()
        await stage.until(lambda now: now.gates[0].round == 2 and bool(now.gates[0].waiting_on))
        assert (await said(stage, "finance", "F1"), await said(stage, "hr", "H1")) == (None, Refusal.PLAN_SENT_BACK)
        await stage.decide("finance")
        await stage.until(lambda now: now.gates[1].round == 2 and bool(now.gates[1].waiting_on))
        assert await said(stage, "hr", "H1") is None
        await stage.decide("hr")
        await stage.until_phase(Phase.HANDING_OVER)
