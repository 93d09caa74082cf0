"""The rules that decide whether a decision counts."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.approvals import (
    Decision,
    GateOutcome,
    GatePlan,
    GateRound,
    Ladder,
    OnSilence,
    Refusal,
    Verdict,
    judge,
    remaining_reminders,
)
from models.people import Role

OPENED = datetime(2026, 11, 24, 1, tzinfo=UTC)
DUE = datetime(2026, 11, 26, 10, tzinfo=UTC)
BARRED = frozenset({"leaver", "starter", "successor"})

OPEN = GateRound(
    gate="finance", round=1, ladder=Ladder.APPROVER, approvers=("F1",), due_at=DUE, report_version=1, report_digest="d1"
)
DONE = GateOutcome(gate="finance", verdict=Verdict.APPROVED, by="F1", at=OPENED)
PLAN = GatePlan(
    gate="finance",
    role=Role.FINANCE_REVIEWER,
    due_at=DUE,
    escalation_due_at=DUE + timedelta(days=2),
    reminders_at=(OPENED + timedelta(days=2), OPENED + timedelta(days=1)),
)


def decision(**changed: object) -> Decision:
    fields: dict[str, object] = {
        "decision_id": "D",
        "gate": "finance",
        "verdict": Verdict.APPROVED,
        "by": "F1",
        "accepted_at": DUE - timedelta(hours=1),
        "report_digest": "d1",
    }
    return Decision.model_validate(fields | changed)


def test_an_approver_in_time_on_the_open_report_counts() -> None:
    assert judge(decision(), OPEN, None, BARRED) is None


def test_a_reason_makes_a_refusal_count() -> None:
    assert judge(decision(verdict=Verdict.DECLINED, has_note=True), OPEN, None, BARRED) is None


def test_exactly_at_the_deadline_is_in_time_and_a_moment_later_is_not() -> None:
    assert judge(decision(accepted_at=DUE), OPEN, None, BARRED) is None
    assert judge(decision(accepted_at=DUE + timedelta(microseconds=1)), OPEN, None, BARRED) is Refusal.LATE


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"verdict": Verdict.TIMED_OUT}, Refusal.MALFORMED),
        ({"by": "F2"}, Refusal.NOT_AN_APPROVER),
        ({"by": "leaver"}, Refusal.SEPARATION_OF_DUTIES),
        ({"by": "starter"}, Refusal.SEPARATION_OF_DUTIES),
        ({"by": "successor"}, Refusal.SEPARATION_OF_DUTIES),
        ({"report_digest": "d2"}, Refusal.REPORT_CHANGED),
        ({"verdict": Verdict.DECLINED}, Refusal.REASON_MISSING),
    ],
)
def test_what_does_not_count(changed: dict[str, object], refusal: Refusal) -> None:
    assert judge(decision(**changed), OPEN, None, BARRED) is refusal


def test_a_decided_gate_takes_no_second_decision() -> None:
    assert judge(decision(), OPEN, DONE, BARRED) is Refusal.ALREADY_DECIDED


def test_a_gate_that_is_not_open_takes_none() -> None:
    assert judge(decision(), None, None, BARRED) is Refusal.NOT_OPEN


def test_a_barred_person_is_refused_even_when_the_page_asked_them() -> None:
    asked = OPEN.model_copy(update={"approvers": ("successor",)})
    assert judge(decision(by="successor"), asked, None, BARRED) is Refusal.SEPARATION_OF_DUTIES


def test_no_policy_can_name_approval_as_the_answer_to_silence() -> None:
    assert {choice.value for choice in OnSilence} == {"hold", "decline"}


people = st.sampled_from(["F1", "F2", "leaver", "starter", "successor"])


@given(
    by=people,
    approvers=st.lists(people, max_size=3),
    verdict=st.sampled_from(Verdict),
    seconds=st.integers(-100, 100),
    digest=st.sampled_from(["d1", "d2"]),
    has_note=st.booleans(),
    opened=st.booleans(),
    decided=st.booleans(),
)
def test_only_a_free_approver_in_time_on_the_same_report_ever_counts(  # noqa: PLR0913
    *,
    by: str,
    approvers: list[str],
    verdict: Verdict,
    seconds: int,
    digest: str,
    has_note: bool,
    opened: bool,
    decided: bool,
) -> None:
    current = OPEN.model_copy(update={"approvers": tuple(approvers)}) if opened else None
    made = decision(
        by=by,
        verdict=verdict,
        accepted_at=DUE + timedelta(seconds=seconds),
        report_digest=digest,
        has_note=has_note,
    )
    counts = judge(made, current, DONE if decided else None, BARRED) is None
    reasoned = verdict is Verdict.APPROVED or (verdict is Verdict.DECLINED and has_note)
    fair = by in approvers and by not in BARRED and seconds <= 0 and digest == "d1" and reasoned
    assert counts == (fair and opened and not decided)


def test_reminders_are_those_of_the_plan_that_still_lie_ahead() -> None:
    first, second = sorted(PLAN.reminders_at)
    assert remaining_reminders(PLAN, OPEN, OPENED, OPENED) == [first, second]
    assert remaining_reminders(PLAN, OPEN, OPENED, first) == [second]
    assert remaining_reminders(PLAN, OPEN, OPENED, second) == []


def test_reminders_of_the_round_go_before_those_of_the_plan() -> None:
    own = (OPENED + timedelta(hours=30), OPENED + timedelta(hours=3))
    current = OPEN.model_copy(update={"reminders_at": own, "ladder": Ladder.ESCALATION, "round": 2})
    assert remaining_reminders(PLAN, current, OPENED, OPENED) == sorted(own)
    assert remaining_reminders(PLAN, current.model_copy(update={"reminders_at": ()}), OPENED, OPENED) == []


def test_no_reminder_falls_on_or_after_the_deadline() -> None:
    hasty = OPEN.model_copy(update={"due_at": min(PLAN.reminders_at)})
    assert remaining_reminders(PLAN, hasty, OPENED, OPENED) == []


@pytest.mark.parametrize("changed", [{"ladder": Ladder.ESCALATION, "round": 2}, {"round": 2}])
def test_a_later_round_of_an_old_history_reminds_once_half_way_however_often_it_is_looked_at(
    changed: dict[str, object],
) -> None:
    later = OPEN.model_copy(update=changed)
    half = OPENED + (DUE - OPENED) / 2
    assert remaining_reminders(PLAN, later, OPENED, OPENED) == [half]
    assert remaining_reminders(PLAN, later, OPENED, half - timedelta(seconds=1)) == [half]
    assert remaining_reminders(PLAN, later, OPENED, half) == []
