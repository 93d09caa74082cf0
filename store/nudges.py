"""Cases whose open gates must be looked at again because people changed. The hook tells them until it has."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, any_, delete, func, literal, select, union, update
from sqlalchemy.dialects.postgresql import insert

from models.base import CaseId, Moment, Value
from models.people import EmployeeStatus
from store.tables import cases, employees, gates, nudges, vacancies


class Nudge(Value):
    """One row: a case that has not been told yet."""

    id: int
    case_id: CaseId
    why: str
    made_at: Moment


def put(connection: Connection, case_ids: Collection[str], why: str, at: datetime) -> None:
    """Remember that these cases must look again, in the transaction of what changed.

    One that waits already is no reason to leave this one out: it may just be on its way, and would be too early.
    """
    rows = [{"case_id": case_id, "why": why, "made_at": at} for case_id in sorted(set(case_ids))]
    if rows:
        connection.execute(nudges.insert(), rows)


def cases_asking(connection: Connection, person: str) -> list[str]:
    """Running cases that a change about this person concerns: they hold a seat in an open round, or it is their own.

    Their delegates may not decide about them, hence the second.
    """
    holds = select(gates.c.case_id).where(gates.c.closed_at.is_(None), literal(person) == any_(gates.c.approvers))
    own = select(cases.c.id).where(cases.c.employee_id == person)
    asking = union(holds, own).subquery()
    running = select(cases.c.id).where(cases.c.ended_at.is_(None), cases.c.id.in_(select(asking)))
    return list(connection.execute(running.order_by(cases.c.id)).scalars())


def put_where_somebody_left(connection: Connection, at: datetime) -> None:
    """Nudge every running case that asks somebody who is no longer active: an import knows no cases."""
    gone = select(employees.c.id).where(employees.c.status != EmployeeStatus.ACTIVE)
    asked = select(gates.c.case_id, func.unnest(gates.c.approvers).label("person")).where(gates.c.closed_at.is_(None))
    asking = asked.subquery()
    wanted = select(asking.c.case_id).distinct().join(cases, cases.c.id == asking.c.case_id)
    wanted = wanted.where(asking.c.person.in_(gone), cases.c.ended_at.is_(None))
    put(connection, list(connection.execute(wanted).scalars()), "import", at)


def put_where_nobody_is_asked(connection: Connection, why: str, at: datetime) -> None:
    """Nudge every running case with a gate for which too few people may be asked: there may be somebody now."""
    wanted = select(vacancies.c.case_id).distinct().join(cases, cases.c.id == vacancies.c.case_id)
    put(connection, list(connection.execute(wanted.where(cases.c.ended_at.is_(None))).scalars()), why, at)


def note_vacancy(connection: Connection, case_id: str, gate: str, at: datetime) -> None:
    """Too few people may be asked for this gate; the same word twice is one."""
    row = {"case_id": case_id, "gate": gate, "noted_at": at}
    connection.execute(insert(vacancies).values(row).on_conflict_do_nothing())


def forget_vacancies(connection: Connection, case_id: str, which: Collection[str]) -> None:
    """People are asked for these gates."""
    connection.execute(delete(vacancies).where(vacancies.c.case_id == case_id, vacancies.c.gate.in_(which)))


def untold(connection: Connection, limit: int = 100) -> list[Nudge]:
    """What waits to be told, the oldest first."""
    waiting = select(nudges).where(nudges.c.told_at.is_(None)).order_by(nudges.c.made_at, nudges.c.id).limit(limit)
    found = connection.execute(waiting).mappings()
    return [Nudge.model_validate({name: row[name] for name in Nudge.model_fields}) for row in found]


def mark_told(connection: Connection, ids: Collection[int], at: datetime) -> None:
    """The cases have been told; they are not told again for the same reason."""
    connection.execute(update(nudges).where(nudges.c.id.in_(ids), nudges.c.told_at.is_(None)).values(told_at=at))
