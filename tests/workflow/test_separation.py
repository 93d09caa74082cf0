"""Nobody decides about their own departure, about a case that they started, or about clients that come to them."""

from datetime import timedelta

import pytest

from models.approvals import Decision, Refusal, Verdict
from models.case import Phase
from models.errors import DecisionRefused
from tests.workflow.stage import Stage, TestServerStage


def approval(person: str, gate: str, stamp: Decision) -> Decision:
    return stamp.model_copy(update={"decision_id": f"{person}/{gate}", "by": person, "gate": gate})


def chosen_successors(stage: Stage) -> set[str]:
    plan = stage.rows("SELECT result FROM branch_results WHERE branch = 'successors'")[0]["result"]
    return {each["successor"] for each in plan["transfers"] if each["successor"]}


async def test_leaver_starter_and_successor_are_refused_by_both_ways(stage: TestServerStage) -> None:
    async with stage.worker():
        await stage.start(policy=stage.policy(sales_manager="hold", finance="hold"))
        asked = await stage.until_asked()
        successors = chosen_successors(stage)
        assert successors
        stamp = Decision(
            decision_id="stamp",
            gate="finance",
            verdict=Verdict.APPROVED,
            by="F1",
            accepted_at=await stage.clock(),
            report_digest=asked.report_digest,
        )
        barred = ["E1", "H2", *sorted(successors)]
        for person in barred:
            with pytest.raises(DecisionRefused, match=Refusal.SEPARATION_OF_DUTIES):
                await stage.update(approval(person, "finance", stamp))
            await stage.signal(approval(person, "sales_manager", stamp))
        now = await stage.until(lambda now: len(now.rejected) == len(barred))
    assert {each.reason for each in now.rejected} == {Refusal.SEPARATION_OF_DUTIES}
    assert {gate.outcome for gate in now.gates} == {None}
    assert stage.evidence("gate.closed", "decision.counted") == []


async def test_barred_people_are_not_asked_even_if_the_role_is_theirs_alone(stage: TestServerStage) -> None:
    # H2 starts the case and is the only one in HR; the gate goes on to whoever may decide.
    stage.run("UPDATE employees SET status = 'left' WHERE id = 'H1'")
    async with stage.worker():
        await stage.start(policy=stage.policy(hr="hold", sales_manager="hold"))
        waiting = await stage.until(lambda now: now.phase is Phase.APPROVING and bool(now.waiting_on))
        await stage.until(lambda now: any("NobodyToAsk" in one for one in now.waiting_on))
        assert waiting.gates[0].outcome is None
        # A person for the role is imported: the case goes on by itself.
        stage.run("UPDATE employees SET status = 'active' WHERE id = 'H1'")
        await stage.pass_time(timedelta(minutes=16))
        asked = await stage.until_asked()
    assert [gate.waiting_on for gate in asked.gates] == [("H1",), ("M1",)]
    assert not any("NobodyToAsk" in one for one in asked.waiting_on)
