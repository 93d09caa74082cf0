"""Signals that nobody should send: the case stays healthy, shows each of them, and counts the next good one."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text
from temporalio.client import WorkflowUpdateFailedError

from models.approvals import Decision, Verdict
from models.case import CaseProgress, Phase
from store.decisions import decision_id
from tests.workflow.reading import kinds
from tests.workflow.stage import DevServerStage

# A name, the arguments, and what the case says about it.
POISON: list[tuple[str, list[Any], str]] = [
    ("decision", [None], "malformed: ValueError"),
    ("decision", [], "malformed: IndexError"),
    ("decision", ["approve"], "malformed: ValidationError"),
    ("decision", [42], "malformed: ValidationError"),
    ("decision", [[1, 2, 3]], "malformed: ValidationError"),
    ("decision", [{}], "malformed: ValidationError"),
    ("decision", ["x" * 100_000], "malformed: ValidationError"),
    ("decision", [{"note": "x" * 100_000}], "malformed: ValidationError"),
    ("decide", [{}], "unknown signal"),
    ("n" * 300, [None], "unknown signal"),
]


def well_formed(asked: CaseProgress, **changed: object) -> dict[str, Any]:
    """A decision that could count, with some fields changed."""
    gate = asked.gates[0]
    assert gate.due_at is not None
    decision = Decision(
        decision_id="good",
        gate=gate.gate,
        verdict=Verdict.APPROVED,
        by=gate.waiting_on[0],
        accepted_at=gate.due_at,
        report_digest=asked.report_digest,
    )
    return decision.model_dump(mode="json") | changed


async def test_every_poison_is_shown_and_none_of_them_wedges_the_case(dev_stage: DevServerStage) -> None:
    async with dev_stage.worker():
        await dev_stage.start(policy=dev_stage.policy(finance="hold"))
        asked = await dev_stage.until_asked()
        # Well-formed but for one field, which would later break a summary, a key or a row of ours.
        subtle = [
            ({"gate": "x" * 100_000}, "malformed: ValidationError"),
            ({"gate": "fin\u0000ance"}, "malformed: ValidationError"),
            ({"decision_id": "x" * 100_000}, "malformed: ValidationError"),
            ({"decision_id": "a\u0000b"}, "malformed: ValidationError"),
            ({"accepted_at": "yesterday"}, "malformed: ValidationError"),
            ({"accepted_at": "2026-11-24T09:00:00"}, "malformed: ValidationError"),
            ({"decision_id": "other", "gate": "treasury"}, "not_open"),
            ({"decision_id": "nobody", "by": "nobody"}, "not_an_approver"),
        ]
        every = POISON + [("decision", [well_formed(asked, **changed)], reason) for changed, reason in subtle]
        for name, arguments, _ in every:
            await dev_stage.handle.signal(name, args=arguments)
        poisoned = await dev_stage.until(lambda now: len(now.rejected) == len(every))
        assert [each.reason for each in poisoned.rejected] == [reason for _, _, reason in every]
        assert poisoned.gates == asked.gates

        await dev_stage.signal(await dev_stage.press("finance"))
        counted = await dev_stage.until(lambda now: now.gates[0].outcome is not None)
        await dev_stage.eventually(lambda: dev_stage.evidence("gate.closed") == ["gate.closed"], "it is on record")
    assert counted.gates[0].outcome is not None
    assert counted.gates[0].outcome.verdict is Verdict.APPROVED
    assert kinds(await dev_stage.history(), "workflow_task_failed") == []


async def test_a_decision_that_never_went_by_the_hook_is_no_decision(dev_stage: DevServerStage) -> None:
    """Whoever reaches the engine can send a signal; only what the hook accepted counts."""
    async with dev_stage.worker():
        await dev_stage.start(policy=dev_stage.policy(finance="hold"))
        asked = await dev_stage.until_asked()
        await dev_stage.handle.signal("decision", well_formed(asked))
        found = await dev_stage.until(lambda now: bool(now.rejected) and now.gates[0].outcome is None)
        assert "forged" in found.rejected[0].reason
        await dev_stage.eventually(lambda: "decision.forged" in dev_stage.evidence(), "the attempt is on record")
        assert dev_stage.evidence("gate.closed", "decision.counted") == []
        assert (await dev_stage.progress()).phase is Phase.APPROVING
        receipt = await dev_stage.update(await dev_stage.press("finance"))
        assert receipt.counted, "the gate goes on waiting for the real answer"


@pytest.mark.parametrize("verdict", [Verdict.APPROVED, Verdict.DECLINED])
async def test_an_update_sent_past_the_hook_is_no_decision_either(dev_stage: DevServerStage, verdict: Verdict) -> None:
    """It may hear at once that it counts; the case finds out that nobody stored it, takes it back and says so."""
    async with dev_stage.worker():
        await dev_stage.start(policy=dev_stage.policy(finance="hold"))
        asked = await dev_stage.until_asked()
        forged = Decision.model_validate(well_formed(asked, decision_id="made up", verdict=verdict, has_note=True))
        await dev_stage.update(forged)
        found = await dev_stage.until(lambda now: bool(now.rejected) and now.gates[0].outcome is None)
        assert [(each.decision_id, "forged" in each.reason) for each in found.rejected] == [("made up", True)]
        await dev_stage.eventually(lambda: dev_stage.forgeries() == ["made up"], "the attempt is on record")
        assert dev_stage.evidence("gate.closed", "decision.counted", "decision.refused") == []
        now = await dev_stage.progress()
        assert (now.phase, now.gates[0].waiting_on) == (Phase.APPROVING, asked.gates[0].waiting_on)
        receipt = await dev_stage.update(await dev_stage.press("finance"))
        assert receipt.counted, "the gate goes on waiting for the real answer"


@pytest.mark.parametrize("stored_before", [True, False])
async def test_a_forgery_under_the_id_of_a_real_decision_does_not_silence_it(
    dev_stage: DevServerStage, stored_before: bool
) -> None:
    """Ids can be worked out from the case, the gate, the person and how often they spoke."""
    async with dev_stage.worker():
        await dev_stage.start(policy=dev_stage.policy(finance="hold"))
        asked = await dev_stage.until_asked()
        who = asked.gates[0].waiting_on[0]
        name = decision_id(asked.case_id, "finance", 1, who, 1)
        real = await dev_stage.press("finance") if stored_before else None
        lie = well_formed(asked, decision_id=name, verdict=Verdict.DECLINED, has_note=True)
        await dev_stage.update(Decision.model_validate(lie))
        await dev_stage.until(lambda now: bool(now.rejected) and now.gates[0].outcome is None)
        real = real or await dev_stage.press("finance")
        assert real.decision_id == name
        await dev_stage.signal(real)
        counted = await dev_stage.until(lambda now: now.gates[0].outcome is not None)
        await dev_stage.eventually(lambda: dev_stage.evidence("gate.closed") == ["gate.closed"], "it is on record")
        assert dev_stage.forgeries() == [name]
    assert counted.gates[0].outcome is not None
    assert (counted.gates[0].outcome.verdict, counted.gates[0].outcome.by) == (Verdict.APPROVED, who)


async def test_a_forgery_just_before_the_real_decision_does_not_turn_it_away(dev_stage: DevServerStage) -> None:
    async with dev_stage.worker():
        await dev_stage.start(policy=dev_stage.policy(finance="hold"))
        asked = await dev_stage.until_asked()
        real = await dev_stage.press("finance")
        lie = well_formed(asked, decision_id="made up", verdict=Verdict.DECLINED, has_note=True)
        with dev_stage.database.begin() as connection:  # so long nothing can be written down about the case
            connection.execute(text("SELECT 1 FROM cases FOR UPDATE"))
            await dev_stage.update(Decision.model_validate(lie))
            answer = asyncio.create_task(dev_stage.update(real))
            await dev_stage.signal(real)
            await dev_stage.until(lambda now: now.gates[0].outcome is not None)
        receipt = await answer
        assert (receipt.counted, receipt.verdict) == (True, Verdict.APPROVED)
        await dev_stage.eventually(lambda: dev_stage.evidence("gate.closed") == ["gate.closed"], "it is on record")
        assert (dev_stage.forgeries(), (await dev_stage.progress()).gates[0].outcome is None) == (["made up"], False)


async def test_only_the_newest_rejections_are_kept(dev_stage: DevServerStage) -> None:
    async with dev_stage.worker():
        await dev_stage.start(policy=dev_stage.policy(finance="hold"))
        asked = await dev_stage.until_asked()
        for number in range(30):
            await dev_stage.handle.signal("decision", well_formed(asked, decision_id=f"D{number}", by="nobody"))
        now = await dev_stage.until(lambda now: bool(now.rejected) and now.rejected[-1].decision_id == "D29")
    assert [each.decision_id for each in now.rejected] == [f"D{number}" for number in range(10, 30)]


@pytest.mark.parametrize("poison", [None, "approve", 42, [], {}])
async def test_a_poisoned_update_is_refused_and_leaves_no_trace(dev_stage: DevServerStage, poison: Any) -> None:
    async with dev_stage.worker():
        await dev_stage.start(policy=dev_stage.policy(finance="hold"))
        asked = await dev_stage.until_asked()
        before = len((await dev_stage.history()).events)
        with pytest.raises(WorkflowUpdateFailedError):
            await dev_stage.handle.execute_update("decide", poison)
        assert await dev_stage.progress() == asked
        after = await dev_stage.history()
    assert len(after.events) == before
    assert kinds(after, "workflow_task_failed") == []
