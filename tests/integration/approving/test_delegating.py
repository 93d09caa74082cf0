"""Who answers in whose place: who may say so, who may be named, and what is written down."""

from datetime import timedelta

import pytest

from models.errors import BadDates, CaseConflict, DecisionRefused, NotAllowed, UnknownEmployee
from store import cases, delegations, evidence
from store.delegations import DelegationKind
from tests.approval_case import CASE
from tests.integration.approving.waiting import FAR, NOW, Waiting
from tests.integration.gates.approvals import SECRET, decide


def test_who_is_asked_hands_one_question_over(case: Waiting) -> None:
    given = case.hand_over("F1", "Peer 1")
    assert (given.kind, given.from_id, given.to_id, given.gate) == (DelegationKind.HANDED_OVER, "F1", "P1", "finance")
    assert case.kinds() == ["gate.handed_over"]
    assert case.untold() == ["gate.handed_over"]


def test_the_same_hand_over_again_is_the_one_that_is_there(case: Waiting) -> None:
    first = case.hand_over("F1", "P1")
    assert case.hand_over("F1", "P1").id == first.id
    assert case.kinds() == ["gate.handed_over"]


def test_another_hand_over_takes_the_place_of_the_first(case: Waiting) -> None:
    first, second = case.hand_over("F1", "P1"), case.hand_over("F1", "P2")
    with case.database.begin() as connection:
        assert [each.id for each in delegations.of_gate(connection, CASE, "finance", NOW)] == [second.id]
    assert first.id != second.id
    assert case.kinds() == ["gate.handed_over", "delegation.revoked", "gate.handed_over"]


def test_a_question_stays_where_it_must_not_go(case: Waiting) -> None:
    case.change("E1", status="leaving")
    for by, to, reason in (
        ("H1", "P1", "not_an_approver"),  # asked at another gate
        ("F1", "E1", "separation_of_duties"),  # the leaver
        ("F1", "H2", "separation_of_duties"),  # who started the case
        ("F1", "F1", "separation_of_duties"),
    ):
        with pytest.raises(DecisionRefused) as refused:
            case.hand_over(by, to)
        assert refused.value.detail["reason"] == reason
    assert case.delegations() == 0
    assert case.kinds() == []


def test_an_answered_a_late_and_an_unknown_question_cannot_be_handed_over(case: Waiting) -> None:
    decide(case.database, accepted_at=NOW)
    reasons = []
    for gate, now in (("finance", NOW), ("hr", FAR.replace(year=2191)), ("canteen", NOW)):
        with pytest.raises(DecisionRefused) as refused:
            case.hand_over("F1", "P1", gate, now)
        reasons.append(refused.value.detail["reason"])
    assert reasons == ["already_decided", "late", "not_open"]


def test_nobody_is_named_who_is_not_there_or_away(case: Waiting) -> None:
    with pytest.raises(UnknownEmployee):
        case.hand_over("F1", "nobody of that name")
    case.delegate("P1", None)
    with pytest.raises(CaseConflict):
        case.hand_over("F1", "P1")


def test_an_admin_gives_a_question_to_somebody_else(case: Waiting) -> None:
    moved = case.reassign("F1", "P1", by="H1")
    assert (moved.kind, moved.made_by) == (DelegationKind.REASSIGNED, "H1")
    assert case.kinds() == ["gate.reassigned"]


def test_who_may_not_reassign(case: Waiting) -> None:
    for by, from_id, to, gate in (
        ("P2", "F1", "P1", "finance"),  # neither HR nor IT
        ("H2", "F1", "P1", "finance"),  # started the case
        ("I1", "F1", "I1", "finance"),  # to themselves
        ("H1", "H1", "P1", "hr"),  # asked at this gate
    ):
        with pytest.raises(NotAllowed):
            case.reassign(from_id, to, by=by, gate=gate)
    case.change("I1", status="left")
    with pytest.raises(NotAllowed):
        case.reassign("F1", "P1", by="I1")
    assert case.delegations() == 0


def test_a_delegation_covers_a_time_and_is_told_to_every_case_that_asks(case: Waiting) -> None:
    given = case.delegate("F1", "P1")
    assert (given.kind, given.case_id) == (DelegationKind.DELEGATION, None)
    assert case.kinds() == ["delegation.made"]
    assert case.untold() == ["delegation.made"]
    case.delegate("P2", "P3")  # asked nowhere
    assert case.untold() == ["delegation.made"]


def test_hr_says_who_answers_for_somebody_who_is_away(case: Waiting) -> None:
    assert case.delegate("H1", None, from_id="F1").kind is DelegationKind.ABSENCE
    with pytest.raises(NotAllowed):
        case.delegate("P1", "P2", from_id="F1")
    with pytest.raises(NotAllowed):
        case.delegate("I1", "I1", from_id="M1")


def test_who_leaves_gives_nothing_on(case: Waiting) -> None:
    case.change("E1", status="leaving")
    with pytest.raises(NotAllowed):
        case.delegate("E1", "F1")


def test_a_delegation_that_is_over_already_is_none(case: Waiting) -> None:
    with pytest.raises(BadDates):
        case.delegate("F1", "P1", days=-1)
    assert case.delegations() == 0


def test_a_long_reason_is_refused_and_a_short_one_stays_in_our_database(case: Waiting) -> None:
    words = ("delegate", "E1", "finance", "--as", "F1", "--to", "P1", "--reason")
    assert "500 characters" in case.offboard(*words, "x" * 501, code=1)
    case.offboard(*words, "my daughter is ill")
    with case.database.begin() as connection:
        assert "daughter" not in "".join(str(each.body) for each in evidence.read(connection, CASE))


def test_who_gave_who_got_and_hr_end_a_hand_over_and_nobody_else(case: Waiting) -> None:
    for minutes, by in enumerate(("F1", "P1", "H1")):
        now = NOW + timedelta(minutes=minutes)
        given = case.hand_over("F1", "P1", now=now)
        for stranger in ("P2", "H2"):  # H2 started the case
            with pytest.raises(NotAllowed):
                case.revoke(given.id, stranger)
        assert case.revoke(given.id, by, now).revoked_by == by
        with pytest.raises(CaseConflict):
            case.revoke(given.id, by, now)
    assert case.kinds() == ["gate.handed_over", "delegation.revoked"] * 3


def test_a_reassignment_is_not_undone_by_who_lost_the_question(case: Waiting) -> None:
    moved = case.reassign("F1", "P1", by="H1")
    with pytest.raises(NotAllowed):
        case.revoke(moved.id, "F1")


def test_what_was_given_at_a_gate_is_over_with_its_case(case: Waiting) -> None:
    given = case.hand_over("F1", "P1")
    with case.database.begin() as connection:
        assert [each.id for each in delegations.of_person(connection, None, NOW)] == [given.id]
        row = cases.get(connection, CASE)
        cases.set_phase(connection, CASE, row.phase, ended_at=NOW)
        assert delegations.of_person(connection, "F1", NOW) == []


def test_a_row_that_the_hook_never_wrote_keeps_nobody_from_handing_over(case: Waiting) -> None:
    decide(case.database, accepted_at=NOW, key="another key")
    with pytest.raises(DecisionRefused):
        case.hand_over("F1", "P1")
    assert case.hand_over("F1", "P1", key=SECRET).to_id == "P1"
