"""What our database knows of a gate when a decision comes, what a report says of it, and who hears of other people."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from activities.approvals import ApprovalActivities
from activities.cases import CaseActivities
from activities.report_approvals import approvals_part, carried_over
from models.approvals import CarryOver, Refusal, Verdict
from models.case import Branch, CaseRequest, PlanRequest, SeparationKind
from models.handover import SuccessorPlan, Transfer
from models.judging import Standing
from models.report import ReportApproval
from models.risk_level import Level
from store import branches, cases, decisions, gates, nudges, questions, standing
from store.cases import CaseRow
from store.database import Database
from store.tables import employees
from systems.intake.load import import_folder
from tests.approval_case import CASE, OPENED, opening, report
from tests.integration.gates.approvals import LATER, SECRET, chain, decide, outcome, recorded, row


def case_of(database: Database) -> CaseRow:
    with database.begin() as connection:
        return cases.get(connection, CASE)


def stands(database: Database, gate: str) -> Standing:
    with database.begin() as connection:
        case = cases.get(connection, CASE)
        return standing.standing_of(connection, case, gate, row(database, gate), at=LATER)


def told(database: Database) -> dict[str, ReportApproval]:
    with database.begin() as connection:
        part = approvals_part(connection, cases.get(connection, CASE), (), Level.LOW)
    return {each.gate: each for each in part}


def propose(database: Database, *successors: str, minutes: int = 0) -> None:
    transfers = tuple(
        Transfer(kind="client", id=f"C{number}", client_id=f"C{number}", successor=person, runner_up="P3")
        for number, person in enumerate(successors)
    )
    plan = SuccessorPlan(transfers=transfers, interim_owner="M1", total_fit=1)  # type: ignore[arg-type]
    with database.begin() as connection:
        branches.save(connection, CASE, Branch.SUCCESSORS, plan, at=OPENED + timedelta(minutes=minutes))


def test_the_parties_of_a_case_are_barred_by_the_newest_plan(desk: ApprovalActivities, database: Database) -> None:
    desk.open_gates(opening("finance"))
    assert stands(database, "finance").barred == {"E1", "H2"}
    propose(database, "P1")
    propose(database, "P2", minutes=1)
    assert stands(database, "finance").barred == {"E1", "H2", "P2", "P3"}
    propose(database, "P1", minutes=2)  # the first plan again: it is the newest now
    assert stands(database, "finance").barred == {"E1", "H2", "P1", "P3"}


def test_who_voted_at_one_gate_is_named_at_the_others(desk: ApprovalActivities, database: Database) -> None:
    desk.open_gates(opening("finance", "hr"))
    said = decide(database)
    assert (stands(database, "finance").elsewhere, stands(database, "hr").elsewhere) == (frozenset(), {"F1"})
    assert [vote.by for vote in stands(database, "finance").votes] == ["F1"]
    desk.record_decisions(recorded(said.message(), outcomes=(outcome(report_digest=report(1).digest),)))
    ended = stands(database, "finance").outcome
    assert ended is not None
    assert (ended.verdict, ended.by, ended.late) == (Verdict.APPROVED, "F1", False)
    assert stands(database, "hr").elsewhere == {"F1"}


def test_the_votes_at_all_gates_are_those_of_each_gate(desk: ApprovalActivities, database: Database) -> None:
    desk.open_gates(opening("finance", "hr", "legal"))
    decide(database)
    decide(database, "hr", by="H1", key="another key")  # not of the hook
    decide(database, "legal", by="L1")
    decide(database, "legal", by="L1", verdict=Verdict.TAKEN_BACK, number=2, accepted_at=LATER + timedelta(minutes=1))
    with database.begin() as connection:
        newest = gates.newest_of(connection, CASE)
        together = decisions.votes_at(connection, CASE, newest, key=SECRET)
        assert together == {each.gate: decisions.votes(connection, each, key=SECRET) for each in newest}
        assert {gate: [vote.by for vote in some] for gate, some in together.items()} == {
            "finance": ["F1"],
            "hr": [],
            "legal": [],
        }
        assert [vote.by for vote in decisions.votes_at(connection, CASE, newest)["hr"]] == ["H1"]
        assert decisions.votes_at(connection, CASE, newest[:1], key=SECRET).keys() == {newest[0].gate}
        assert decisions.votes_at(connection, CASE, []) == {}


def test_who_may_be_given_a_seat(desk: ApprovalActivities, database: Database) -> None:
    desk.open_gates(opening("finance", "hr"))
    propose(database, "P2")
    decide(database, "hr", by="H1")
    with database.begin() as connection:
        connection.execute(update(employees).where(employees.c.id == "L1").values(status="left"))
    case, expected = (
        case_of(database),
        dict.fromkeys(("F1", "E1", "H2", "P2", "P3", "H1"), Refusal.SEPARATION_OF_DUTIES),
    )
    with database.begin() as connection:
        for person, refusal in {**expected, "P1": None, "L1": Refusal.NOT_AN_APPROVER}.items():
            assert standing.may_answer(connection, case, "finance", person, at=LATER) is refusal, person


def test_nobody_answers_at_a_gate_of_a_case_that_is_over(desk: ApprovalActivities, database: Database) -> None:
    desk.open_gates(opening("finance"))
    with database.begin() as connection:
        cases.set_phase(connection, CASE, case_of(database).phase, ended_at=LATER)
    assert stands(database, "finance").current is None


def test_a_carried_over_decision_is_noted_once_a_version(desk: ApprovalActivities, database: Database) -> None:
    desk.open_gates(opening("finance", "hr"))
    carry = CarryOver(case_id=CASE, gates=("finance", "legal"), report_version=2, report_digest="d", at=LATER)
    for asked in (carry, carry.model_copy(update={"at": LATER + timedelta(minutes=1)})):
        desk.note_carry_over(asked)
    [body] = chain(database, "gate.carried_over")
    assert (body["gate"], body["decided_version"], body["report_version"]) == ("finance", 1, 2)


def test_a_report_shows_each_vote_and_what_was_carried_over(desk: ApprovalActivities, database: Database) -> None:
    desk.open_gates(opening("finance", "hr"))
    said = decide(database, by="F1", note="fine")
    open_part = told(database)["finance"]
    assert (open_part.verdict, open_part.waiting_on, len(open_part.votes)) == (None, (), 1)
    desk.record_decisions(recorded(said.message(), outcomes=(outcome(report_digest=report(1).digest),)))
    ended = told(database)["finance"]
    assert (ended.verdict, ended.note) == ("approved", "fine")
    [vote] = ended.votes
    assert (vote.by, vote.principal, vote.verdict, vote.version) == ("F1", "F1", "approved", 1)
    parts = tuple(told(database).values())
    kept = {each.gate: each.carried_over_from for each in carried_over(parts, 2, material=False)}
    assert (kept["finance"], kept["hr"]) == (1, None)
    assert carried_over(parts, 2, material=True) == parts
    assert [each.carried_over_from for each in carried_over(parts, 1, material=False)] == [None] * len(parts)


def test_another_departure_of_an_approver_nudges_the_case_that_asks_them(
    desk: ApprovalActivities, database: Database
) -> None:
    desk.open_gates(opening("finance"))
    theirs = CaseRequest(
        case_id="offboarding-F1",
        employee_id="F1",
        kind=SeparationKind.RESIGNATION,
        last_working_day=OPENED.date() + timedelta(days=30),
        requested_by="H1",
        policy="ifrs",
    )
    CaseActivities(database).plan_case(PlanRequest(request=theirs, at=LATER))
    with database.begin() as connection:
        assert [(each.case_id, each.why) for each in nudges.untold(connection)] == [(CASE, "case.started")]


@pytest.mark.parametrize(("status", "expected"), [("active", []), ("left", [CASE])])
def test_an_import_nudges_the_cases_whose_approvers_are_gone(
    desk: ApprovalActivities, database: Database, tmp_path: Path, status: str, expected: list[str]
) -> None:
    desk.open_gates(opening("finance"))
    rows = f"employee_id,name,role,status\nF1,Office F1,finance_reviewer,{status}\n"
    (tmp_path / "employees.csv").write_text(rows, encoding="utf-8")
    import_folder(database, tmp_path)
    with database.begin() as connection:
        assert [each.case_id for each in nudges.untold(connection)] == expected


def test_a_question_is_asked_and_answered_once_and_its_words_stay_out_of_the_evidence(
    desk: ApprovalActivities, database: Database
) -> None:
    desk.open_gates(opening("finance"))
    with database.begin() as connection:
        asked = questions.ask(connection, case_id=CASE, gate="finance", round=1, by="F1", text=" who pays? ", at=LATER)
        answered = questions.answer(connection, asked.id, by="H2", text="the north", at=LATER)
    assert (asked.text, answered.answer, answered.answered_by) == ("who pays?", "the north", "H2")
    with database.begin() as connection:
        with pytest.raises(questions.CaseConflict, match="answered already"):
            questions.answer(connection, asked.id, by="H1", text="again", at=LATER)
        for text, sentence in ((" ", "write something"), ("x" * 2001, "longer than 2000")):
            with pytest.raises(questions.CaseConflict, match=sentence):
                questions.ask(connection, case_id=CASE, gate="finance", round=1, by="F1", text=text, at=LATER)
        with pytest.raises(questions.UnknownCase):
            questions.get(connection, "none")
        assert questions.of_case(connection, CASE) == questions.of_case(connection, CASE, "finance") == [answered]
        assert questions.of_case(connection, CASE, "hr") == []
    bodies = str(chain(database, "question.asked") + chain(database, "question.answered"))
    assert "pays" not in bodies
    assert "north" not in bodies
