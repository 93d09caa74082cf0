"""What the page of a person shows beside what waits for them: what they decided, and what they are to answer."""

from sqlalchemy import Connection, select

from models.approvals import Refusal, Verdict
from models.base import CaseId, EmployeeId, Moment, Value
from models.people import Employee, Role
from store.decisions import DecisionState
from store.questions import Question
from store.tables import cases, decisions, employees, questions


class Decided(Value):
    """A decision of a person, with the name of who leaves. `for_id` is whose place they took."""

    case_id: CaseId
    gate: str
    leaver: str
    verdict: Verdict
    for_id: EmployeeId | None
    accepted_at: Moment
    state: DecisionState
    refusal: Refusal | None


class ToAnswer(Value):
    """A question without an answer, with the names of who leaves and who asks."""

    question: Question
    leaver: str
    asker: str


def decided_by(connection: Connection, person: str, limit: int = 5) -> list[Decided]:
    """What a person decided, the newest first."""
    wanted = (
        select(decisions, employees.c.name.label("leaver"))
        .join(cases, cases.c.id == decisions.c.case_id)
        .join(employees, employees.c.id == cases.c.employee_id)
        .where(decisions.c.by_id == person, decisions.c.state != DecisionState.FORGED)
        .order_by(decisions.c.accepted_at.desc(), decisions.c.id)
        .limit(limit)
    )
    rows = connection.execute(wanted).mappings()
    return [Decided.model_validate({name: row[name] for name in Decided.model_fields}) for row in rows]


def to_answer(connection: Connection, person: Employee) -> list[ToAnswer]:
    """Questions about running cases that the person started; for HR also about those that nobody started."""
    theirs = cases.c.requested_by == person.id
    if person.holds(Role.HRBP):
        theirs |= cases.c.requested_by.is_(None)
    leaver, asker = employees.alias(), employees.alias()
    wanted = (
        select(questions, leaver.c.name.label("leaver"), asker.c.name.label("asker"))
        .join(cases, cases.c.id == questions.c.case_id)
        .join(leaver, leaver.c.id == cases.c.employee_id)
        .join(asker, asker.c.id == questions.c.asked_by)
        .where(theirs, questions.c.answer.is_(None), cases.c.ended_at.is_(None))
        .where(cases.c.employee_id != person.id, questions.c.asked_by != person.id)
        .order_by(questions.c.asked_at, questions.c.id)
    )
    return [
        ToAnswer(
            question=Question.model_validate({name: row[name] for name in Question.model_fields}),
            leaver=row["leaver"],
            asker=row["asker"],
        )
        for row in connection.execute(wanted).mappings()
    ]
