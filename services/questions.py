"""What an approver asks without deciding, and the answer: kept, written into the evidence, and told by a message."""

from datetime import datetime

from sqlalchemy import Connection

from models.approvals import Refusal
from models.errors import DecisionRefused, NotAllowed
from models.people import Employee, EmployeeStatus, Role
from store import cases, gates, outbox, people, questions, standing
from store.cases import CaseRow
from store.database import Database
from store.outbox import MessageKind, Tidings
from store.questions import Question

MOST_ASKED = 3  # people of HR, where nobody is known to have started the case


def ask(database: Database, *, case_id: str, gate: str, by: str, text: str, now: datetime) -> Question:
    """Somebody who is asked at an open gate asks back; the deadline goes on.

    Raises DecisionRefused (nothing is open, or `by` is not asked there), CaseConflict (no words, or too many).
    """
    with database.begin() as connection:
        case = cases.get(connection, case_id)
        row = gates.current(connection, case_id, gate)
        if row is None or row.closed_at is not None or case.ended_at is not None:
            raise _refused(Refusal.NOT_OPEN)
        if by not in row.approvers:
            raise _refused(Refusal.NOT_AN_APPROVER)
        if by in standing.barred(connection, case, now):
            raise _refused(Refusal.SEPARATION_OF_DUTIES)
        asked = questions.ask(connection, case_id=case_id, gate=gate, round=row.round, by=by, text=text, at=now)
        for person in who_answers(connection, case, by):
            _put(connection, asked, person, MessageKind.QUESTION, by, now)
    return asked


def answer(database: Database, *, question_id: str, by: str, text: str, now: datetime) -> Question:
    """The starter of the case, or an HR business partner who is not the leaver, answers; once, and not themselves.

    Raises UnknownCase (no such question), NotAllowed, CaseConflict (answered already, no words).
    """
    with database.begin() as connection:
        asked = questions.get(connection, question_id)
        case, person = cases.get(connection, asked.case_id), people.get(connection, by)
        if not _may_answer(person, case) or person.id == asked.asked_by:
            raise NotAllowed("only who started the case, or HR, answers a question about it; nothing was sent")
        answered = questions.answer(connection, question_id, by=person.id, text=text, at=now)
        _put(connection, answered, answered.asked_by, MessageKind.ANSWER, person.id, now)
    return answered


def who_answers(connection: Connection, case: CaseRow, asker: str) -> list[str]:
    """Who is told of a question: the starter of the case, or some of HR, those of the leaver's region first."""
    if case.requested_by and case.requested_by != asker:
        starter = people.get(connection, case.requested_by)
        if _may_answer(starter, case):
            return [starter.id]
    region = people.get(connection, case.employee_id).region
    partners = [one for one in people.with_role(connection, Role.HRBP) if one.id not in {asker, case.employee_id}]
    nearest = sorted(partners, key=lambda one: (one.region != region, one.id))
    return [one.id for one in nearest[:MOST_ASKED]]


def _may_answer(person: Employee, case: CaseRow) -> bool:
    if person.status is not EmployeeStatus.ACTIVE or person.id == case.employee_id:
        return False
    return person.id == case.requested_by or person.holds(Role.HRBP)


def _put(connection: Connection, asked: Question, to: str, kind: MessageKind, by: str, at: datetime) -> None:
    tidings = Tidings(gate=asked.gate, round=asked.round, by=by, at=at, question_id=asked.id)
    outbox.put(connection, asked.case_id, to, kind, tidings, key=asked.id, at=at)


def _refused(reason: Refusal) -> DecisionRefused:
    return DecisionRefused("the question was not sent: {reason}", reason=reason)
