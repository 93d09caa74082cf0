"""Gates that ask several people, gates in an order, and nobody at two of them."""

from datetime import timedelta

from models.approvals import GateOutcome, Refusal, Verdict
from models.case import CaseProgress, Phase
from tests.workflow.people import join
from tests.workflow.stage import Stage, TestServerStage

DAY = timedelta(days=1)


def outcome_of(now: CaseProgress, gate: str) -> GateOutcome:
    """How a gate ended."""
    (found,) = [view.outcome for view in now.gates if view.gate == gate]
    assert found is not None
    return found


async def vote(stage: Stage, by: str, verdict: Verdict = Verdict.APPROVED, gate: str = "finance") -> bool:
    """Somebody decides; True when it counted."""
    return (await stage.update(await stage.press(gate, verdict, by=by))).counted


async def test_two_of_three_approve_and_the_third_is_not_waited_for(stage: TestServerStage) -> None:
    join(stage, "F2", "F3")
    async with stage.worker():
        await stage.start(policy=stage.policy(finance={"people": 3, "quorum": 2, "on_decline": "quorum"}))
        asked = await stage.until_asked()
        assert asked.gates[0].waiting_on == ("F1", "F2", "F3")
        assert await vote(stage, "F1", Verdict.DECLINED)
        assert await vote(stage, "F2")
        half = await stage.progress()
        assert (half.gates[0].waiting_on, half.gates[0].votes, half.gates[0].needed) == (("F3",), 1, 2)
        assert await vote(stage, "F1", Verdict.TAKEN_BACK)
        assert await vote(stage, "F1")
        done = await stage.until_phase(Phase.HANDING_OVER)
    ended = outcome_of(done, "finance")
    assert (ended.verdict, ended.by) == (Verdict.APPROVED, "F1")
    assert [(each.by, each.verdict) for each in ended.votes] == [("F2", Verdict.APPROVED), ("F1", Verdict.APPROVED)]
    assert len(stage.evidence("decision.accepted")) == 4


async def test_a_vote_in_time_counts_beside_those_of_the_next_round(stage: TestServerStage) -> None:
    join(stage, "F2")
    async with stage.worker():
        await stage.start(policy=stage.policy(finance={"people": 2, "quorum": "all"}))
        asked = await stage.until_asked()
        due = asked.gates[0].due_at
        assert due is not None
        assert await vote(stage, "F1")
        await stage.eventually(lambda: "decision.counted" in stage.evidence(), "the vote is on record")
        await stage.pass_until(due + timedelta(minutes=1))
        escalated = await stage.until(lambda now: now.gates[0].round == 2 and bool(now.gates[0].waiting_on))
        assert "F1" not in escalated.gates[0].waiting_on, "who voted is not asked again"
        assert escalated.gates[0].votes == 1
        in_time = await stage.press("finance", by="F2", accepted_at=due, number=1)
        assert (await stage.update(in_time)).verdict is Verdict.APPROVED
        done = await stage.until_phase(Phase.HANDING_OVER)
    assert [(each.by, each.round) for each in outcome_of(done, "finance").votes] == [("F1", 1), ("F2", 1)]


async def test_a_gate_after_another_is_asked_when_that_one_approved(stage: TestServerStage) -> None:
    async with stage.worker():
        await stage.start(policy=stage.policy(finance="escalate", hr={"after": ["finance"]}))
        asked = await stage.until(lambda now: bool(now.gates) and bool(now.gates[0].waiting_on))
        assert (asked.waiting_on, asked.gates[1].after, asked.gates[1].round) == (("finance",), ("finance",), 0)
        assert [person for kind, person in asks(stage) if person == "H1"] == []
        await stage.pass_time(DAY)
        at = await stage.clock()
        await stage.decide("finance")
        ready = await stage.until(lambda now: bool(now.gates[1].waiting_on))
        assert ready.waiting_on == ("hr",)
        assert ready.gates[1].due_at is not None
        assert ready.gates[1].due_at > at + DAY, "two working days, from its own asking"
        await stage.decide("hr")
        await stage.until_phase(Phase.HANDING_OVER)


def asks(stage: Stage) -> list[tuple[str, str]]:
    """Whom the case asked, as (kind, person)."""
    return [(row["kind"], row["recipient_id"]) for row in stage.rows("SELECT kind, recipient_id FROM outbox")]


async def test_whoever_decided_at_one_gate_is_refused_at_the_other_and_another_person_is_asked_there(
    stage: TestServerStage,
) -> None:
    stage.run("UPDATE employees SET status = 'left' WHERE id = 'F1'")
    join(stage, "F9")
    stage.run("UPDATE employees SET status = 'left' WHERE id = 'F9'")
    # Nobody is left in finance, and HR stands in: H1 is asked at both gates.
    async with stage.worker():
        await stage.start(policy=stage.policy(finance="escalate", hr="escalate"))
        asked = await stage.until_asked()
        assert [gate.waiting_on for gate in asked.gates] == [("H1",), ("H1",)]
        stage.run("UPDATE employees SET status = 'active' WHERE id = 'F9'")
        first = await stage.press("hr", by="H1")
        second = await stage.press("finance", by="H1")
        assert (await stage.update(first)).counted
        assert await stage.refusal_of(second) is Refusal.SEPARATION_OF_DUTIES
        other = await stage.until(lambda now: now.gates[0].waiting_on == ("F9",))
        assert other.gates[0].round == 2
        await stage.decide("finance")
        await stage.until_phase(Phase.HANDING_OVER)


async def test_a_plan_that_was_sent_back_is_made_anew_and_everybody_is_asked_again(stage: TestServerStage) -> None:
    async with stage.worker():
        await stage.start(policy=stage.policy(sales_manager="escalate", finance="escalate"))
        first = await stage.until_asked()
        await stage.decide("finance")
        await stage.decide("sales_manager", verdict=Verdict.SENT_BACK)
        back = await stage.until(lambda now: now.waiting_on == ("new plan: H2",))
        assert [gate.outcome is not None for gate in back.gates] == [True, True]
        (before,) = proposed(stage)
        await stage.replan(exclude=sorted(before))
        again = await stage.until(lambda now: all(gate.round == 2 and gate.waiting_on for gate in now.gates))
        assert [gate.outcome for gate in again.gates] == [None, None], "also who approved the plan before"
        assert again.report_version > first.report_version
        assert not proposed(stage)[-1] & before, "nobody who was excluded"
        await stage.decide()
        done = await stage.until_phase(Phase.HANDING_OVER)
    assert {outcome_of(done, gate).verdict for gate in ("sales_manager", "finance")} == {Verdict.APPROVED}


async def test_while_a_new_plan_is_made_nobody_is_reminded_and_nothing_is_decided(stage: TestServerStage) -> None:
    async with stage.worker():
        await stage.start(policy=stage.policy(sales_manager="escalate", finance="decline"))
        await stage.until_asked()
        await stage.decide("sales_manager", verdict=Verdict.SENT_BACK)
        await stage.until(lambda now: now.waiting_on == ("new plan: H2",))
        assert await stage.refusal_of(await stage.press("finance")) is Refusal.PLAN_SENT_BACK
        await stage.pass_time(20 * DAY)
        still = await stage.progress()
        assert (still.phase, still.gates[1].round, still.gates[1].outcome) == (Phase.APPROVING, 1, None)
        assert stage.evidence("gate.reminded", "handover.batch") == []
        await stage.replan()
        await stage.until(lambda now: all(gate.round == 2 and gate.waiting_on for gate in now.gates))


async def test_a_new_plan_can_be_made_although_nobody_sent_the_first_one_back(stage: TestServerStage) -> None:
    async with stage.worker():
        await stage.start(policy=stage.policy(sales_manager="escalate", finance="escalate"))
        await stage.until_asked()
        await stage.decide("finance")
        await stage.replan()
        await stage.until(lambda now: all(gate.round == 2 and gate.waiting_on for gate in now.gates))
        await stage.decide()
        await stage.until_phase(Phase.HANDING_OVER)


def proposed(stage: Stage) -> list[set[str]]:
    """Everybody whom each plan gives something, oldest plan first."""
    rows = stage.rows("SELECT result FROM branch_results WHERE branch = 'successors' ORDER BY at")
    return [{each["successor"] for each in row["result"]["transfers"] if each["successor"]} for row in rows]


async def test_a_version_that_changes_nothing_material_is_noted_and_asks_nobody_again(stage: TestServerStage) -> None:
    async with stage.worker():
        await stage.start(policy=stage.policy(sales_manager="escalate", finance="escalate"))
        first = await stage.until_asked()
        await stage.decide("finance")
        await stage.handle.signal("news")
        newer = await stage.until(lambda now: now.report_version == first.report_version + 1)
        await stage.eventually(lambda: "gate.carried_over" in stage.evidence(), "the note is on record")
        assert [gate.round for gate in newer.gates] == [1, 1]
        assert outcome_of(newer, "finance").report_digest == first.report_digest
        await stage.decide("sales_manager")
        await stage.until_phase(Phase.HANDING_OVER)
    noted = stage.rows("SELECT body FROM evidence WHERE kind = 'gate.carried_over'")
    assert [row["body"]["gate"] for row in noted] == ["finance"]
