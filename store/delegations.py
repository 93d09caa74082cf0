"""Who answers in whose place, as rows. What touches a case is in its evidence, and the case is nudged."""

import uuid
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import Field
from sqlalchemy import ColumnElement, Connection, RowMapping, and_, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from models.base import CaseId, EmployeeId, Moment, Value
from models.errors import CaseConflict, NotAllowed
from models.evidence import digest
from models.people import EmployeeStatus
from store import evidence, nudges, people
from store.among import among
from store.tables import cases, delegations

LONGEST = timedelta(days=180)


class DelegationKind(StrEnum):
    """`delegation` and `absence` cover all that a person is asked from one moment to another; the rest one gate.

    `handed_over` was given on by the person asked, who may still answer; `reassigned` was taken from them by an admin.
    """

    DELEGATION = "delegation"
    ABSENCE = "absence"
    HANDED_OVER = "handed_over"
    REASSIGNED = "reassigned"


MADE = {
    DelegationKind.DELEGATION: "delegation.made",
    DelegationKind.ABSENCE: "absence.made",
    DelegationKind.HANDED_OVER: "gate.handed_over",
    DelegationKind.REASSIGNED: "gate.reassigned",
}
REVOKED = "delegation.revoked"
LASTING = (DelegationKind.DELEGATION, DelegationKind.ABSENCE)


class Delegation(Value):
    """One row. `to_id` is None for an absence alone; `case_id` and `gate` are set for one gate alone."""

    id: str = Field(default_factory=lambda: uuid.uuid4().hex)
    kind: DelegationKind
    from_id: EmployeeId
    to_id: EmployeeId | None = None
    case_id: CaseId | None = None
    gate: str | None = None
    starts_at: Moment
    ends_at: Moment | None = None
    reason: str = ""
    made_by: EmployeeId
    made_at: Moment
    revoked_by: EmployeeId | None = None
    revoked_at: Moment | None = None


def make(connection: Connection, delegation: Delegation) -> Delegation:
    """Keep a delegation, with evidence and a nudge in every case that it touches; the same id twice is kept once.

    Raises NotAllowed (to oneself), UnknownEmployee, and CaseConflict: somebody who is not active, a time that ends
    before it starts or lasts over 180 days, a second one for the same time, somebody who is away then themselves.
    Who may make it is judged elsewhere.
    """
    _check(connection, delegation)
    told = delegation.made_at if delegation.starts_at <= delegation.made_at else None
    row = insert(delegations).values(delegation.model_dump() | {"begun_told_at": told})
    if connection.execute(row.on_conflict_do_nothing(index_elements=["id"])).rowcount:
        _tell(connection, delegation, MADE[delegation.kind], delegation.made_by, delegation.made_at)
    return delegation


def revoke(connection: Connection, delegation_id: str, *, by: str, at: datetime) -> Delegation:
    """End a delegation now. Raises CaseConflict when there is none with that id, or it has ended already."""
    ending = (
        update(delegations)
        .where(delegations.c.id == delegation_id, delegations.c.revoked_at.is_(None))
        .where(delegations.c.ends_at.is_(None) | (delegations.c.ends_at > at))
        .values(revoked_by=by, revoked_at=at, ended_told_at=at)
        .returning(delegations)
    )
    row = connection.execute(ending).mappings().one_or_none()
    if row is None:
        raise CaseConflict(
            "there is no delegation {delegation!r} that could be revoked; nothing was changed", delegation=delegation_id
        )
    revoked = _delegation_of(row)
    _tell(connection, revoked, REVOKED, by, at)
    nudges.put_where_nobody_is_asked(connection, REVOKED, at)
    return revoked


def get(connection: Connection, delegation_id: str) -> Delegation | None:
    """The delegation with that id, or None."""
    return next(iter(_read(connection, delegations.c.id == delegation_id)), None)


def active(connection: Connection, wanted: Collection[str], at: datetime) -> dict[str, Delegation]:
    """Who of the people has a delegate, or is absent, at a moment: at most one a person."""
    found = _read(connection, among(delegations.c.from_id, wanted), delegations.c.kind.in_(LASTING), _in_force(at))
    return {each.from_id: each for each in found}


def of_gate(connection: Connection, case_id: str, gate: str, at: datetime) -> list[Delegation]:
    """What was handed over or re-assigned at one gate and still holds, in the order of its making."""
    return _read(connection, delegations.c.case_id == case_id, delegations.c.gate == gate, _in_force(at))


def of_person(connection: Connection, person: str | None, at: datetime) -> list[Delegation]:
    """What a person, or anybody (None), has given or been given that is not over at `at`, also what begins later.

    What was given at a gate is over with its case.
    """
    running = select(cases.c.id).where(cases.c.ended_at.is_(None))
    wanted = [_not_over(at), delegations.c.case_id.is_(None) | delegations.c.case_id.in_(running)]
    if person is not None:
        wanted.append(or_(delegations.c.from_id == person, delegations.c.to_id == person))
    return _read(connection, *wanted)


def delegates_of(connection: Connection, person: str, at: datetime) -> tuple[str, ...]:
    """Who acts for a person now, and who acts for those: nobody near a leaver decides in their place."""
    return delegates_of_each(connection, [person], at)[person]


def delegates_of_each(connection: Connection, wanted: Collection[str], at: datetime) -> dict[str, tuple[str, ...]]:
    """`delegates_of` for several people: a query for each step of the longest chain, however many people they are."""
    given: dict[str, str | None] = {}
    level = set(wanted)
    while level:
        found = active(connection, level, at)
        given |= {person: found[person].to_id if person in found else None for person in level}
        level = {person for person in given.values() if person} - given.keys()
    return {person: _chain(given, person) for person in wanted}


def nudge_what_is_due(connection: Connection, at: datetime) -> None:
    """Nudge the cases where a delegation or an absence has begun or ended by the clock: nobody did anything then."""
    lasting = (delegations.c.kind.in_(LASTING), delegations.c.revoked_at.is_(None))
    for why, moment, told in (
        ("a delegation begins", delegations.c.starts_at, delegations.c.begun_told_at),
        ("a delegation ends", delegations.c.ends_at, delegations.c.ended_told_at),
    ):
        due = update(delegations).where(*lasting, moment <= at, told.is_(None)).values({told: at})
        givers = set(connection.execute(due.returning(delegations.c.from_id)).scalars())
        for giver in sorted(givers):
            nudges.put(connection, nudges.cases_asking(connection, giver), why, at)
        if givers:
            nudges.put_where_nobody_is_asked(connection, why, at)


def _check(connection: Connection, new: Delegation) -> None:
    people.get(connection, new.from_id)
    if new.to_id == new.from_id:
        raise NotAllowed("nobody delegates to themselves; nothing was changed")
    if (new.to_id is None) is not (new.kind is DelegationKind.ABSENCE):
        raise CaseConflict("a delegation needs a person, and an absence has none; nothing was changed")
    if new.kind in LASTING:
        _check_time(new)
        if other := _at_that_time(connection, new, new.from_id):
            raise CaseConflict(
                "{employee} has a delegation or an absence for that time already, {delegation}; nothing was changed",
                employee=new.from_id,
                delegation=other.id,
            )
    if new.to_id:
        _check_delegate(connection, new, new.to_id)


def _check_delegate(connection: Connection, new: Delegation, delegate: str) -> None:
    if people.get(connection, delegate).status is not EmployeeStatus.ACTIVE:
        raise CaseConflict("{employee} is not active and cannot answer; nothing was changed", employee=delegate)
    # One level only: whoever is away themselves would have to pass it on.
    if other := _at_that_time(connection, new, delegate):
        raise CaseConflict(
            "{employee} has given their own questions away then, or is absent, {delegation}; nothing was changed",
            employee=delegate,
            delegation=other.id,
        )


def _check_time(new: Delegation) -> None:
    if new.ends_at is None or new.ends_at <= new.starts_at:
        raise CaseConflict("a delegation ends after it starts; nothing was changed")
    if new.ends_at - new.starts_at > LONGEST:
        raise CaseConflict("a delegation lasts {days} days at most; nothing was changed", days=LONGEST.days)


def _at_that_time(connection: Connection, new: Delegation, person: str) -> Delegation | None:
    """What a person has given away while `new` would hold, however short a part of it."""
    until = new.ends_at or new.starts_at
    overlapping = and_(
        delegations.c.starts_at <= until if new.ends_at is None else delegations.c.starts_at < until,
        delegations.c.ends_at > new.starts_at,
        delegations.c.revoked_at.is_(None),
        delegations.c.id != new.id,
    )
    theirs = (delegations.c.from_id == person, delegations.c.kind.in_(LASTING), overlapping)
    return next(iter(_read(connection, *theirs)), None)


def _chain(given: Mapping[str, str | None], person: str) -> tuple[str, ...]:
    found: list[str] = []
    following = given[person]
    while following and following not in {person, *found}:
        found.append(following)
        following = given[following]
    return tuple(found)


def _tell(connection: Connection, delegation: Delegation, kind: str, by: str, at: datetime) -> None:
    touched = [delegation.case_id] if delegation.case_id else nudges.cases_asking(connection, delegation.from_id)
    body: dict[str, object] = {
        "delegation": delegation.id,
        "person": delegation.from_id,
        "delegate": delegation.to_id,
        "gate": delegation.gate,
        "since": delegation.starts_at.isoformat(),
        "until": delegation.ends_at.isoformat() if delegation.ends_at else None,
        # Why somebody is away can be a matter of health: the chain binds the words and does not tell them.
        "reason_digest": digest([delegation.id, delegation.reason]) if delegation.reason else None,
    }
    for case_id in sorted(touched):  # in one order, so that two of these never wait for one another
        evidence.append(connection, case_id, kind, body, at=at, actor=by)
    nudges.put(connection, touched, kind, at)


def _read(connection: Connection, *which: ColumnElement[bool]) -> list[Delegation]:
    rows = connection.execute(
        select(delegations).where(*which).order_by(delegations.c.made_at, delegations.c.id)
    ).mappings()
    return [_delegation_of(row) for row in rows]


def _delegation_of(row: RowMapping) -> Delegation:
    return Delegation.model_validate({name: row[name] for name in Delegation.model_fields})


def _not_over(at: datetime) -> ColumnElement[bool]:
    revoked = delegations.c.revoked_at.is_(None) | (delegations.c.revoked_at > at)
    return and_(revoked, delegations.c.ends_at.is_(None) | (delegations.c.ends_at > at))


def _in_force(at: datetime) -> ColumnElement[bool]:
    return and_(_not_over(at), delegations.c.starts_at <= at)
