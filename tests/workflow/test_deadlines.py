"""Whether a decision is in time is judged by when it was accepted, never by when the case hears of it."""

import asyncio
from datetime import datetime, timedelta

import pytest

from models.approvals import Decision, Refusal, Verdict
from models.case import CaseProgress
from models.errors import DecisionRefused
from tests.workflow.reading import kinds
from tests.workflow.stage import DevServerStage, Stage, TestServerStage

# When each gate's decision is accepted, relative to the deadline of all four, and whether that is in time.
ACCEPTED = {
    "sales_manager": (timedelta(minutes=-1), True),
    "finance": (timedelta(0), True),
    "hr": (timedelta(microseconds=1), False),
    "it": (timedelta(seconds=1), False),
}


SOON = timedelta(seconds=2)


async def open_four_gates(stage: Stage) -> CaseProgress:
    """Four gates with one deadline."""
    await stage.start(policy=stage.policy(sales_manager="escalate", finance="escalate", hr="escalate", it="escalate"))
    asked = await stage.until_asked()
    assert len({gate.due_at for gate in asked.gates}) == 1
    return asked


async def wait_past(stage: Stage, due: datetime) -> None:
    """Until the engine's timers have fired; without a worker its time does not jump."""
    while await stage.clock() < due + timedelta(seconds=1.2):
        await asyncio.sleep(0.1)


async def answers_around_the_deadline(stage: Stage, asked: CaseProgress) -> dict[str, Decision]:
    """One approval for each gate, kept by the hook at its moment."""
    return {
        gate.gate: await stage.press(gate.gate, accepted_at=gate.due_at + ACCEPTED[gate.gate][0])
        for gate in asked.gates
        if gate.due_at
    }


def only_those_in_time_count(now: CaseProgress) -> None:
    for gate in now.gates:
        if ACCEPTED[gate.gate][1]:
            assert gate.outcome is not None, gate
            assert (gate.outcome.verdict, gate.round) == (Verdict.APPROVED, 1)
        else:
            assert gate.outcome is None, gate
            assert gate.round == 2, "somebody else is asked"


async def test_signals_that_are_heard_after_the_deadline_count_by_their_own_time(dev_stage: DevServerStage) -> None:
    async with dev_stage.worker():
        asked = await open_four_gates(dev_stage)
        due = asked.gates[0].due_at
        assert due is not None
        await dev_stage.pass_until(due - SOON)
    # No worker: half of the signals reach the engine before its timer fires, half after it.
    answers = await answers_around_the_deadline(dev_stage, asked)
    await dev_stage.signal(answers["sales_manager"])
    await dev_stage.signal(answers["hr"])
    await wait_past(dev_stage, due)
    await dev_stage.signal(answers["finance"])
    await dev_stage.signal(answers["it"])
    async with dev_stage.worker():
        heard = await dev_stage.until(lambda now: [gate.round for gate in now.gates] == [1, 1, 2, 2])
    only_those_in_time_count(heard)
    assert [(each.decision_id, each.reason) for each in heard.rejected] == [
        (answers["hr"].decision_id, Refusal.LATE),
        (answers["it"].decision_id, Refusal.LATE),
    ]


async def test_updates_that_are_heard_after_the_deadline_count_by_their_own_time(dev_stage: DevServerStage) -> None:
    async with dev_stage.worker():
        asked = await open_four_gates(dev_stage)
        due = asked.gates[0].due_at
        assert due is not None
        await dev_stage.pass_until(due - SOON)
    await wait_past(dev_stage, due)
    waiting = {
        gate: asyncio.create_task(dev_stage.update(answer))
        for gate, answer in (await answers_around_the_deadline(dev_stage, asked)).items()
    }
    async with dev_stage.worker():
        answered = dict(zip(waiting, await asyncio.gather(*waiting.values(), return_exceptions=True), strict=True))
        heard = await dev_stage.until(lambda now: [gate.round for gate in now.gates] == [1, 1, 2, 2])
    only_those_in_time_count(heard)
    for gate, answer in answered.items():
        if ACCEPTED[gate][1]:
            assert not isinstance(answer, BaseException), answer
            assert answer.counted
        else:
            # An update may come before or after the case has turned to somebody else; it counts in neither case.
            refused = not isinstance(answer, BaseException) and not answer.counted
            assert refused or isinstance(answer, DecisionRefused), answer


async def test_what_the_hook_kept_and_never_delivered_is_heard_at_the_deadline(stage: TestServerStage) -> None:
    async with stage.worker():
        asked = await open_four_gates(stage)
        due = asked.gates[0].due_at
        assert due is not None
        for gate, (after, _) in ACCEPTED.items():
            await stage.press(gate, accepted_at=due + after)
        assert all(gate.outcome is None for gate in (await stage.progress()).gates)
        await stage.pass_until(due + timedelta(minutes=1))
        heard = await stage.until(lambda now: [gate.round for gate in now.gates] == [1, 1, 2, 2])
        await stage.eventually(lambda: len(receipts(stage)) == 4, "every decision has its receipt")
    only_those_in_time_count(heard)
    assert receipts(stage) == {
        "sales_manager": ("counted", None),
        "finance": ("counted", None),
        "hr": ("refused", "late"),
        "it": ("refused", "late"),
    }
    escalated = {person for kind, person, _ in stage.told() if kind == "escalation"}
    assert len(escalated) >= 1
    assert "D1" in escalated


async def test_a_decision_in_time_that_comes_when_somebody_else_is_asked_counts_in_its_own_round(
    stage: TestServerStage,
) -> None:
    async with stage.worker():
        await stage.start(policy=stage.policy(finance="escalate", hr="escalate"))
        asked = await stage.until_asked()
        due, (first,) = asked.gates[0].due_at, asked.gates[0].waiting_on
        assert due is not None
        await stage.pass_until(due + timedelta(minutes=1))
        await stage.until(lambda now: [gate.round for gate in now.gates] == [2, 2])
        # The hook took it before the deadline; its commit came after the case had looked for what was stored.
        in_time = await stage.press("finance", by=first, accepted_at=due - timedelta(seconds=1), number=1)
        assert (await stage.update(in_time)).counted
        late = await stage.press(
            "hr", by=asked.gates[1].waiting_on[0], accepted_at=due + timedelta(seconds=1), number=1
        )
        with pytest.raises(DecisionRefused, match=Refusal.LATE):
            await stage.update(late)
        await stage.eventually(lambda: stage.evidence("gate.closed") == ["gate.closed"], "the outcome is recorded")
        now = await stage.progress()
    assert [(gate.outcome.by, gate.outcome.round) for gate in now.gates if gate.outcome] == [(first, 1)]
    rows = stage.rows("SELECT round, verdict, decided_by FROM gates WHERE gate = 'finance' ORDER BY round")
    assert [(row["verdict"], row["decided_by"]) for row in rows] == [("approved", first)] * 2


def receipts(stage: TestServerStage) -> dict[str, tuple[str, str | None]]:
    found = stage.rows("SELECT gate, state, refusal FROM decisions WHERE state <> 'stored'")
    return {row["gate"]: (row["state"], row["refusal"]) for row in found}


async def test_the_same_decision_on_both_ways_counts_once(stage: TestServerStage) -> None:
    async with stage.worker():
        await open_four_gates(stage)
        decision = await stage.press("finance")
        await asyncio.gather(stage.signal(decision), stage.update(decision), stage.signal(decision))
        again = await stage.handle.execute_update("decide", decision, id="another update", result_type=dict)
        assert again["counted"]
        await stage.eventually(lambda: stage.evidence("gate.closed") == ["gate.closed"], "the outcome is recorded")
        now = await stage.progress()
    assert stage.evidence("decision.accepted", "decision.counted", "decision.refused") == [
        "decision.accepted",
        "decision.counted",
    ]
    assert now.rejected == ()
    assert sum(kind == "decided" for kind, _, _ in stage.told()) == 1
    recorded = [call for call in kinds(await stage.history(), "activity_task_scheduled")
                if call["activityType"]["name"] == "record_decisions"]  # fmt: skip
    assert len(recorded) == 1


async def test_whoever_comes_second_is_told_so_by_both_ways(stage: TestServerStage) -> None:
    async with stage.worker():
        await open_four_gates(stage)
        approval = await stage.press("finance")
        refusal = approval.model_copy(update={"decision_id": "second", "verdict": Verdict.DECLINED, "has_note": True})
        await stage.update(approval)
        assert await stage.refusal_of(refusal) is Refusal.ALREADY_DECIDED
        await stage.signal(refusal.model_copy(update={"decision_id": "third"}))
        now = await stage.until(lambda now: bool(now.rejected))
    assert [(each.decision_id, each.reason) for each in now.rejected] == [("third", Refusal.ALREADY_DECIDED)]
    finance = next(gate for gate in now.gates if gate.gate == "finance")
    assert finance.outcome is not None
    assert finance.outcome.verdict is Verdict.APPROVED
