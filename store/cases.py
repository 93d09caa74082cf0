"""Cases as rows: who leaves, under which pinned policy and plan, and how far it is."""

import re
from collections.abc import Collection
from datetime import date, datetime

from sqlalchemy import Connection, RowMapping, Select, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from models.base import CaseId, EmployeeId, Moment, Value
from models.case import CasePlan, CaseRequest, Phase, SeparationKind
from models.errors import UnknownCase
from models.people import EmployeeStatus
from models.policy import Policy
from store import people
from store.among import among
from store.tables import case_reasons, cases, employees

PREFIX = "offboarding-"
# Room for `-<number>` within the 64 characters of a case id; blanks and slashes would break addresses.
LONGEST_STEM = 58
UNSAFE = re.compile(r"[\s/]")


class CaseRow(Value):
    """One case. `ended_at` is None while it runs; `policy` and `plan` are the pinned ones."""

    id: CaseId
    employee_id: EmployeeId
    kind: SeparationKind
    requested_by: EmployeeId | None
    reason: str | None
    policy: Policy
    plan: CasePlan
    phase: Phase
    started_at: Moment
    ended_at: Moment | None


def get(connection: Connection, case_id: str, *, lock: bool = False) -> CaseRow:
    """The case with that id; UnknownCase otherwise. `lock` keeps others from changing it until the commit.

    Rows that only refer to it are still written meanwhile: whoever writes evidence first and then such a row would
    otherwise wait for a step of the case that waits for the evidence.
    """
    query = select(cases).where(cases.c.id == case_id)
    row = connection.execute(query.with_for_update(key_share=True) if lock else query).mappings().one_or_none()
    if row is None:
        raise UnknownCase("there is no case {case!r}: `offboard list` shows all of them", case=case_id)
    return _case_of(row)


def of_ids(connection: Connection, case_ids: Collection[str]) -> dict[str, CaseRow]:
    """Several cases by id; who is unknown is left out."""
    rows = connection.execute(select(cases).where(among(cases.c.id, case_ids))).mappings()
    return {row["id"]: _case_of(row) for row in rows}


def create(connection: Connection, request: CaseRequest, policy: Policy, plan: CasePlan, *, at: datetime) -> None:
    """Write a new case in its first phase, `assessing`; it takes over the reason that was kept for it."""
    kept = select(case_reasons.c.reason).where(case_reasons.c.case_id == request.case_id).scalar_subquery()
    connection.execute(
        cases.insert().values(
            id=request.case_id,
            employee_id=request.employee_id,
            kind=request.kind,
            requested_by=request.requested_by,
            reason=kept,
            policy_name=policy.name,
            policy=policy.model_dump(mode="json"),
            plan=plan.model_dump(mode="json"),
            phase=Phase.ASSESSING,
            started_at=at,
        )
    )
    keep_reason(connection, request.case_id, None, at=at)


def keep_reason(connection: Connection, case_id: str, reason: str | None, *, at: datetime) -> None:
    """Keep the words of the starter until the case is planned, or forget them (None).

    They stay in our database and never travel.
    """
    if reason is None:
        connection.execute(delete(case_reasons).where(case_reasons.c.case_id == case_id))
        return
    values = {"reason": reason, "at": at}
    row = insert(case_reasons).values(case_id=case_id, **values)
    connection.execute(row.on_conflict_do_update(index_elements=["case_id"], set_=values))


def set_plan(connection: Connection, plan: CasePlan) -> None:
    """Replace the pinned plan of a case (a new last working day)."""
    connection.execute(update(cases).where(cases.c.id == plan.case_id).values(plan=plan.model_dump(mode="json")))


def set_phase(connection: Connection, case_id: str, phase: Phase, *, ended_at: datetime | None = None) -> None:
    """Move a case to a phase; `ended_at` ends it."""
    values = {"phase": phase, "ended_at": ended_at} if ended_at else {"phase": phase}
    connection.execute(update(cases).where(cases.c.id == case_id).values(values))


def open_case_of(connection: Connection, employee_id: str) -> str | None:
    """Id of the person's running case, if there is one: at most one can be open."""
    query = select(cases.c.id).where(cases.c.employee_id == employee_id, cases.c.ended_at.is_(None))
    return connection.execute(query).scalar_one_or_none()


def holds_access_of(connection: Connection, employee_id: str, since: datetime) -> str | None:
    """Id of the case that decides about a person's access: an open one, or one that ended after `since`.

    A withdrawn case decides nothing any more; after any other end access stays as the case left it.
    """
    lasting = (cases.c.ended_at >= since) & (cases.c.phase != Phase.WITHDRAWN)
    query = select(cases.c.id).where(cases.c.employee_id == employee_id, cases.c.ended_at.is_(None) | lasting)
    return connection.execute(query.order_by(cases.c.started_at.desc()).limit(1)).scalar_one_or_none()


def next_case_id(connection: Connection, employee_id: str) -> str:
    """The id to start a case under: the open one's, so that a second start meets it, or the next free one."""
    if running := open_case_of(connection, employee_id):
        return running
    stem = PREFIX + UNSAFE.sub("_", employee_id)[:LONGEST_STEM]
    taken = set(connection.execute(select(cases.c.id).where(cases.c.id.startswith(stem, autoescape=True))).scalars())
    number, name = 1, stem
    while name in taken:
        number += 1
        name = f"{stem}-{number}"
    return name


def list_cases(connection: Connection, *, open_only: bool = False, limit: int = 100) -> list[CaseRow]:
    """Cases: open ones first, then the newest."""
    query = _newest_first().limit(limit)
    if open_only:
        query = query.where(cases.c.ended_at.is_(None))
    return [_case_of(row) for row in connection.execute(query).mappings()]


def count_cases(connection: Connection, *, open_only: bool = False) -> int:
    """How many cases there are."""
    query = select(func.count()).select_from(cases)
    return connection.execute(query.where(cases.c.ended_at.is_(None)) if open_only else query).scalar_one()


def resolve(connection: Connection, key: str) -> str:
    """The case id for a case id, an employee id or an exact name: the person's open case, else their newest one.

    Raises UnknownCase, or UnknownEmployee when nobody or several people are called that.
    """
    if connection.execute(select(cases.c.id).where(cases.c.id == key)).scalar_one_or_none():
        return key
    if key.startswith(PREFIX):
        raise UnknownCase("there is no case {case!r}: `offboard list` shows all of them", case=key)
    person = people.find(connection, key)
    newest = connection.execute(_newest_first().where(cases.c.employee_id == person.id).limit(1)).mappings().first()
    if newest is None:
        raise UnknownCase("{employee} has no case: start one with `offboard start {employee}`", employee=person.id)
    return str(newest["id"])


def set_status_of(
    connection: Connection, employee_id: str, status: EmployeeStatus, *, left_on: date | None = None
) -> None:
    """Write where a person stands; `left_on` is the day that they left on, None while they have not."""
    changed = update(employees).where(employees.c.id == employee_id).values(status=status, left_on=left_on)
    connection.execute(changed)


def _newest_first() -> Select[tuple[object, ...]]:
    return select(cases).order_by(cases.c.ended_at.is_not(None), cases.c.started_at.desc(), cases.c.id.desc())


def _case_of(row: RowMapping) -> CaseRow:
    return CaseRow.model_validate({name: row[name] for name in CaseRow.model_fields})
