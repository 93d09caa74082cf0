"""Whoever administers the database or the engine cannot decide: a hundred tries, none counted, all of them named."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from activities.approvals import ApprovalActivities
from models.approvals import CollectDecisions, Decision, DecisionReceipt, Refusal, Verdict, Via
from store import decisions
from store.database import Database
from store.decisions import DecisionState
from store.tables import decisions as table
from tests.approval_case import CASE, opening, report
from tests.integration.gates.approvals import LATER, SECRET, chain, decide, outcome, recorded, row, vote

TRIES = 33
COLLECT = CollectDecisions(case_id=CASE, gate="finance", round=1)


def forged_row(database: Database, number: int) -> str:
    """A row that looks as the hook's, with everything but its key: the evidence is made up, too."""
    made = decide(database, number=number, key="a guess", accepted_at=LATER + timedelta(seconds=number))
    return made.id


def edited_row(database: Database, number: int) -> str:
    """A decline that was honestly made, turned into an approval by hand."""
    said = decide(database, number=number, verdict=Verdict.DECLINED, note="no", accepted_at=LATER)
    with database.begin() as connection:
        connection.execute(update(table).where(table.c.id == said.id).values(verdict="approved", note=""))
    return said.id


def raw_signal(number: int) -> Decision:
    """What somebody sends to the engine past the hook."""
    return Decision(
        decision_id=f"raw-{number}",
        gate="finance",
        verdict=Verdict.APPROVED,
        by="F1",
        accepted_at=LATER,
        report_digest=report(1).digest,
        round=1,
    )


def test_a_hundred_forged_decisions_count_for_nothing_and_are_all_named(
    desk: ApprovalActivities, database: Database
) -> None:
    desk.open_gates(opening("finance"))
    rows = {forged_row(database, number) for number in range(1, TRIES + 1)}
    rows |= {edited_row(database, number) for number in range(TRIES + 1, 2 * TRIES + 1)}
    with database.begin() as connection:
        assert decisions.votes(connection, row(database, "finance"), key=SECRET) == ()
    assert desk.collect_decisions(COLLECT).decisions == ()
    signals = [raw_signal(number) for number in range(2 * TRIES, 100)]
    answer = desk.record_decisions(recorded(*signals, outcomes=(outcome(),)))
    assert set(answer.forged) == {signal.decision_id for signal in signals}
    named = {body["decision"] for body in chain(database, "decision.forged")}
    assert named == rows | set(answer.forged)
    assert len(named) == 100
    assert row(database, "finance").verdict is None
    assert chain(database, "decision.counted") == chain(database, "gate.closed") == []


def test_the_person_may_still_decide_after_somebody_forged_in_their_name(
    desk: ApprovalActivities, database: Database
) -> None:
    desk.open_gates(opening("finance"))
    forged = forged_row(database, 1)
    desk.collect_decisions(COLLECT)
    desk.collect_decisions(COLLECT)
    with database.begin() as connection:
        assert decisions.said_by(connection, CASE, "finance", 1, "F1") == []
    said = decide(database)
    assert (said.created, said.id) == (True, forged)
    assert [each.decision_id for each in desk.collect_decisions(COLLECT).decisions] == [said.id]
    assert desk.record_decisions(recorded(said.message(), outcomes=(outcome(),))).forged == ()
    assert row(database, "finance").verdict is Verdict.APPROVED


@pytest.mark.parametrize(
    "change",
    [
        {"verdict": Verdict.APPROVED},
        {"by": "I1"},
        {"at": LATER + timedelta(seconds=1)},
        {"round": 2},
        {"round": 0},
        {"principal": "P1"},
    ],
    ids=str,
)
def test_a_genuine_decision_counted_as_something_else_is_forged(
    desk: ApprovalActivities, database: Database, change: dict[str, object]
) -> None:
    desk.open_gates(opening("finance"))
    said = decide(database, verdict=Verdict.DECLINED, note="no", for_id="F1").message()
    counted_as = recorded(said).model_copy(update={"votes": (vote(said).model_copy(update=change),)})
    assert desk.record_decisions(counted_as).forged == (said.decision_id,)
    with database.begin() as connection:
        [kept] = decisions.of_gate(connection, CASE, "finance")
    assert kept.state is DecisionState.STORED, "the person did say something: it waits to be heard"
    assert desk.record_decisions(recorded(said)).forged == ()


def test_a_refused_decision_that_is_sent_to_the_engine_again_is_forged(
    desk: ApprovalActivities, database: Database
) -> None:
    desk.open_gates(opening("finance"))
    said = decide(database)
    refused = DecisionReceipt(decision_id=said.id, gate="finance", counted=False, refusal=Refusal.REPORT_CHANGED)
    with database.begin() as connection:
        decisions.settle(connection, said.id, refused)
    answer = desk.record_decisions(recorded(said.message(), outcomes=(outcome(),)))
    assert answer.forged == (said.id,)
    assert row(database, "finance").verdict is None


def test_a_reason_or_a_report_that_the_hook_never_saw_does_not_count(
    desk: ApprovalActivities, database: Database
) -> None:
    desk.open_gates(opening("finance"))
    without_reason = decide(database, verdict=Verdict.DECLINED, note=" ").message()
    about_another = decide(database, number=2, report_digest=report(2).digest).message()
    found = desk.record_decisions(recorded(without_reason, about_another)).forged
    assert set(found) == {without_reason.decision_id, about_another.decision_id}


def test_a_vote_without_its_evidence_is_forged(desk: ApprovalActivities, database: Database) -> None:
    desk.open_gates(opening("finance"))
    said = decide(database)
    other = said.model_copy(update={"id": "copied", "mac": "copied"})
    assert not decisions.genuine(other, SECRET)
    assert decisions.genuine(said, SECRET)
    for field, value in (("note", "?"), ("number", 9), ("via", Via.LINK), ("for_id", "P1"), ("case_id", f"{CASE}-2")):
        assert not decisions.genuine(said.model_copy(update={field: value}), SECRET), field
    with database.begin() as connection:
        assert decisions.forged_among(connection, SECRET, f"{CASE}-2", [said]) == {said.id}, "evidence of another case"


def test_a_vote_is_taken_back_and_cast_again(desk: ApprovalActivities, database: Database) -> None:
    desk.open_gates(opening("finance"))
    first = decide(database)
    second = decide(database, number=2, verdict=Verdict.TAKEN_BACK, accepted_at=LATER + timedelta(seconds=1))
    with database.begin() as connection:
        assert decisions.votes(connection, row(database, "finance"), key=SECRET) == ()
    third = decide(database, number=3, accepted_at=LATER + timedelta(seconds=2))
    messages = [each.message() for each in (first, second, third)]
    assert desk.record_decisions(recorded(*messages)).forged == ()
    assert len(chain(database, "vote.taken_back")) == 1
    with database.begin() as connection:
        assert [each.number for each in decisions.said_by(connection, CASE, "finance", 1, "F1")] == [1, 2, 3]
        [standing] = decisions.votes(connection, row(database, "finance"))
    assert (standing.decision_id, standing.principal) == (third.id, "F1")
