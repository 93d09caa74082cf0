"""The rules that decide whether a decision counts, and how votes end a gate."""

from collections.abc import Sequence
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
    OnDecline,
    OnSilence,
    Refusal,
    Seat,
    Verdict,
    Vote,
)
from models.judging import NEEDS_REASON, Standing, cast, judge, remaining_reminders, seat_of, spoke, tally
from models.people import Role

OPENED = datetime(2026, 11, 24, 1, tzinfo=UTC)
DUE = datetime(2026, 11, 26, 10, tzinfo=UTC)
BARRED = frozenset({"leaver", "starter", "successor"})
YES, NO, BACK, TAKEN = Verdict.APPROVED, Verdict.DECLINED, Verdict.SENT_BACK, Verdict.TAKEN_BACK


def seats(*held: str) -> tuple[Seat, ...]:
    """`F1` is a seat, `F1/F2` one that F2 may answer for F1."""
    pairs = (each.partition("/") for each in held)
    return tuple(Seat(principal=principal, delegate=delegate or None) for principal, _, delegate in pairs)


def asked(*held: str) -> GateRound:
    """The first round with these seats."""
    return GateRound(
        gate="finance", round=1, ladder=Ladder.APPROVER, seats=seats(*held), due_at=DUE, report_version=1,
        report_digest="d1",
    )  # fmt: skip


def vote(principal: str, verdict: Verdict = YES, by: str | None = None) -> Vote:
    return Vote(decision_id="V", principal=principal, by=by or principal, verdict=verdict, at=OPENED, round=1)


def plan(needed: int, on_decline: OnDecline = OnDecline.ONE) -> GatePlan:
    return GatePlan(
        gate="finance", role=Role.FINANCE_REVIEWER, people=4, needed=needed, on_decline=on_decline, due_at=DUE,
        escalation_due_at=DUE + timedelta(days=2),
    )  # fmt: skip


OPEN = Standing(current=asked("F1"), barred=BARRED)
DONE = GateOutcome(gate="finance", verdict=YES, by="F1", at=OPENED)


def standing(*held: str, **facts: object) -> Standing:
    return Standing.model_validate({"current": asked(*held), "barred": BARRED} | facts)


def decision(**changed: object) -> Decision:
    fields: dict[str, object] = {
        "decision_id": "D",
        "gate": "finance",
        "verdict": YES,
        "by": "F1",
        "accepted_at": DUE - timedelta(hours=1),
        "report_digest": "d1",
    }
    return Decision.model_validate(fields | changed)


def test_an_approver_in_time_on_the_open_report_counts() -> None:
    assert judge(decision(), OPEN) is None


@pytest.mark.parametrize("verdict", [NO, BACK])
def test_a_reason_makes_a_refusal_count(verdict: Verdict) -> None:
    assert judge(decision(verdict=verdict, has_note=True), OPEN) is None


def test_exactly_at_the_deadline_is_in_time_and_a_moment_later_is_not() -> None:
    assert judge(decision(accepted_at=DUE), OPEN) is None
    assert judge(decision(accepted_at=DUE + timedelta(microseconds=1)), OPEN) is Refusal.LATE


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"verdict": Verdict.TIMED_OUT}, Refusal.MALFORMED),
        ({"by": "F2"}, Refusal.NOT_AN_APPROVER),
        ({"for_id": "F2"}, Refusal.NOT_AN_APPROVER),
        ({"by": "leaver"}, Refusal.SEPARATION_OF_DUTIES),
        ({"by": "starter"}, Refusal.SEPARATION_OF_DUTIES),
        ({"by": "successor"}, Refusal.SEPARATION_OF_DUTIES),
        ({"report_digest": "d2"}, Refusal.REPORT_CHANGED),
        ({"verdict": NO}, Refusal.REASON_MISSING),
        ({"verdict": BACK}, Refusal.REASON_MISSING),
        ({"verdict": TAKEN}, Refusal.NO_VOTE),
    ],
)
def test_what_does_not_count(changed: dict[str, object], refusal: Refusal) -> None:
    assert judge(decision(**changed), OPEN) is refusal


def test_a_decided_gate_takes_no_second_decision() -> None:
    assert judge(decision(), standing("F1", outcome=DONE)) is Refusal.ALREADY_DECIDED


def test_a_gate_that_is_not_open_takes_none() -> None:
    assert judge(decision(), Standing(current=None)) is Refusal.NOT_OPEN


def test_nothing_is_decided_about_a_plan_that_was_sent_back() -> None:
    assert judge(decision(), standing("F1", sent_back=True)) is Refusal.PLAN_SENT_BACK


def test_a_barred_person_is_refused_even_when_the_page_asked_them() -> None:
    assert judge(decision(by="successor"), standing("successor")) is Refusal.SEPARATION_OF_DUTIES
    assert judge(decision(by="successor"), standing("F1/successor")) is Refusal.SEPARATION_OF_DUTIES


def test_nobody_answers_for_somebody_who_may_not_decide() -> None:
    assert judge(decision(by="F2"), standing("starter/F2")) is Refusal.NOT_AN_APPROVER


def test_nobody_decides_at_two_gates_neither_in_person_nor_through_a_delegate() -> None:
    twice = frozenset({"F1"})
    assert judge(decision(), standing("F1", elsewhere=twice)) is Refusal.SEPARATION_OF_DUTIES
    assert judge(decision(by="F2"), standing("F1/F2", elsewhere=twice)) is Refusal.SEPARATION_OF_DUTIES
    assert judge(decision(by="F3"), standing("F3", elsewhere=twice)) is None
    assert spoke([vote("F1", by="F2")]) == {"F1", "F2"}


def test_a_seat_has_one_vote_whoever_casts_it() -> None:
    shared = standing("F1/F2", votes=(vote("F1", by="F2"),))
    assert judge(decision(), shared) is Refusal.ALREADY_DECIDED
    assert judge(decision(by="F2"), shared) is Refusal.ALREADY_DECIDED


def test_a_person_has_one_vote_however_many_seats_they_hold() -> None:
    both = standing("F1", "F2/F1", votes=(vote("F1"),))
    assert judge(decision(for_id="F2"), both) is Refusal.SEPARATION_OF_DUTIES
    assert judge(decision(by="F2"), both) is None


def test_a_vote_is_taken_back_by_who_cast_it_and_by_nobody_else() -> None:
    given_for = standing("F1/F2", "F3", votes=(vote("F1", by="F2"),))
    assert judge(decision(by="F2", verdict=TAKEN), given_for) is None
    assert judge(decision(by="F1", verdict=TAKEN), given_for) is Refusal.NO_VOTE
    assert judge(decision(by="F3", verdict=TAKEN), given_for) is Refusal.NO_VOTE
    assert judge(decision(by="F2", verdict=TAKEN, accepted_at=DUE + timedelta(1)), given_for) is Refusal.LATE


def test_a_vote_goes_into_the_seat_that_is_named_else_into_the_own_one() -> None:
    held = seats("F2/F1", "F1", "F3")
    assert seat_of(decision(), held) == held[1]
    assert seat_of(decision(for_id="F2"), held) == held[0]
    assert seat_of(decision(for_id="F3"), held) is None
    assert cast(decision(for_id="F2"), held, ()) == (vote("F2", by="F1").model_copy(update={
        "decision_id": "D", "at": DUE - timedelta(hours=1), "round": 0}),)  # fmt: skip


def test_taking_back_leaves_the_other_votes() -> None:
    votes = (vote("F1"), vote("F2"))
    assert cast(decision(verdict=TAKEN), seats("F1", "F2"), votes) == votes[1:]


@pytest.mark.parametrize(
    ("said", "needed", "on_decline", "end"),
    [
        ([], 1, OnDecline.ONE, None),
        ([YES], 1, OnDecline.ONE, YES),
        ([YES], 2, OnDecline.ONE, None),
        ([YES, YES], 2, OnDecline.ONE, YES),
        ([NO], 1, OnDecline.ONE, NO),
        ([NO], 2, OnDecline.QUORUM, None),
        ([NO, YES, YES], 2, OnDecline.QUORUM, YES),
        ([NO, YES, NO], 2, OnDecline.QUORUM, NO),
        ([NO], 3, OnDecline.QUORUM, NO),
        ([YES, BACK], 2, OnDecline.QUORUM, BACK),
    ],
)
def test_how_the_votes_of_three_people_end_a_gate(
    said: Sequence[Verdict], needed: int, on_decline: OnDecline, end: Verdict | None
) -> None:
    votes = [vote(f"F{number}", verdict) for number, verdict in enumerate(said)]
    assert tally(votes, plan(needed, on_decline), 3) is end


verdicts = st.lists(st.sampled_from([YES, NO, BACK]), max_size=4)


@given(said=verdicts, needed=st.integers(1, 4), empty=st.integers(0, 3), on_decline=st.sampled_from(OnDecline))
def test_no_gate_approves_without_the_approvals_that_it_needs(
    said: list[Verdict], needed: int, empty: int, on_decline: OnDecline
) -> None:
    votes = [vote(f"F{number}", verdict) for number, verdict in enumerate(said)]
    end = tally(votes, plan(needed, on_decline), len(said) + empty)
    assert end is not YES or said.count(YES) >= needed
    assert end is not NO or NO in said, "nobody's silence is a refusal"
    if not empty and len(said) >= needed:
        assert end is not None, "when everybody has spoken, the gate has ended"


def test_no_policy_can_name_approval_as_the_answer_to_silence() -> None:
    assert {choice.value for choice in OnSilence} == {"escalate", "hold", "decline"}


people = st.sampled_from(["F1", "F2", "leaver", "starter", "successor"])


@given(
    by=people,
    held=st.lists(people, max_size=3, unique=True),
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
    held: list[str],
    verdict: Verdict,
    seconds: int,
    digest: str,
    has_note: bool,
    opened: bool,
    decided: bool,
) -> None:
    made = decision(
        by=by, verdict=verdict, accepted_at=DUE + timedelta(seconds=seconds), report_digest=digest, has_note=has_note
    )
    current = asked(*held) if opened else None
    counts = judge(made, Standing(current=current, outcome=DONE if decided else None, barred=BARRED)) is None
    reasoned = verdict is YES or (verdict in NEEDS_REASON and has_note)
    fair = by in held and by not in BARRED and seconds <= 0 and digest == "d1" and reasoned
    assert counts == (fair and opened and not decided)


def test_reminders_are_those_of_the_round_that_still_lie_ahead_in_order() -> None:
    first, second = OPENED + timedelta(hours=3), OPENED + timedelta(hours=30)
    current = asked("F1").model_copy(update={"reminders_at": (second, first)})
    assert remaining_reminders(current, OPENED) == [first, second]
    assert remaining_reminders(current, first) == [second]
    assert remaining_reminders(current, second) == []


def test_no_reminder_falls_on_or_after_the_deadline() -> None:
    hasty = asked("F1").model_copy(update={"reminders_at": (DUE, DUE + timedelta(1))})
    assert remaining_reminders(hasty, OPENED) == []
