"""Who answers in whose place: one question handed over, a time-boxed delegation, an absence, a re-assignment.

Each act is one transaction: the row, its evidence in every case that it touches, and a nudge for those cases. Then the
cases are told; what cannot be told now is told by the hook until it got through.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from sqlalchemy import Connection

from models.approvals import Refusal, Verdict
from models.errors import BadDates, CaseConflict, DecisionRefused, NotAllowed, Unavailable
from models.people import Employee, EmployeeStatus, Role
from services.nudging import Connect, nudge
from store import cases, decisions, delegations, gates, people, standing
from store.cases import CaseRow
from store.database import Database
from store.delegations import Delegation, DelegationKind
from store.gates import GateRow

ADMINS = (Role.IT_ADMIN, Role.HRBP)
LONGEST_REASON = 500  # characters


async def hand_over(  # noqa: PLR0913  (the fields of a hand-over)
    database: Database,
    client: Connect,
    *,
    case_id: str,
    gate: str,
    by: str,
    to: str,
    reason: str,
    now: datetime,
    key: str | None = None,
) -> Delegation:
    """The person asked gives one question to somebody else, an id or exact name, who then answers as "B for A".

    The same hand-over again is the one that is there; another one takes its place. With `key`, that of the hook, a
    decision that the hook never wrote is no answer. Raises DecisionRefused (the gate is not open, `by` is not asked or
    has answered, `to` may not decide here), CaseConflict and UnknownEmployee.
    """

    def act(connection: Connection) -> Delegation:
        case, row = _question(connection, case_id, gate, now)
        receiver = people.find(connection, to)
        return _move(connection, case, row, DelegationKind.HANDED_OVER, by, receiver, by, reason, now, key)

    return await _do(database, client, act)


async def reassign(  # noqa: PLR0913  (the fields of a re-assignment)
    database: Database,
    client: Connect,
    *,
    case_id: str,
    gate: str,
    from_id: str,
    to: str,
    by: str,
    reason: str,
    now: datetime,
    key: str | None = None,
) -> Delegation:
    """An admin takes the question from somebody who was asked and gives it to somebody else, never to themselves.

    Raises NotAllowed, and what `hand_over` raises.
    """

    def act(connection: Connection) -> Delegation:
        case, row = _question(connection, case_id, gate, now)
        admin, receiver = people.get(connection, by), people.find(connection, to)
        _check_admin(connection, admin, case, now)
        if admin.id in {receiver.id, *row.approvers}:
            raise NotAllowed(
                "whoever is asked, or would be, does not re-assign: another person of HR or IT has to. "
                "Nothing was changed."
            )
        return _move(connection, case, row, DelegationKind.REASSIGNED, from_id, receiver, by, reason, now, key)

    return await _do(database, client, act)


async def delegate(  # noqa: PLR0913  (the fields of a delegation)
    database: Database,
    client: Connect,
    *,
    by: str,
    from_id: str,
    to: str | None,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    now: datetime,
) -> Delegation:
    """Everything that waits for `from_id` and that comes until `ends_at` is answered by `to`; None is an absence.

    By the person themselves, or by an admin for somebody who is away. Raises NotAllowed, BadDates, CaseConflict,
    UnknownEmployee.
    """

    def act(connection: Connection) -> Delegation:
        giver, actor = people.get(connection, from_id), people.get(connection, by)
        receiver = people.find(connection, to) if to is not None else None
        _check_giver(giver, actor, receiver)
        if ends_at <= now:
            raise BadDates("the time is over already: nothing was changed. Give an end that lies ahead.")
        given = Delegation(
            kind=DelegationKind.DELEGATION if receiver else DelegationKind.ABSENCE,
            from_id=giver.id,
            to_id=receiver.id if receiver else None,
            starts_at=max(starts_at, now).astimezone(UTC),
            ends_at=ends_at.astimezone(UTC),
            reason=_said(reason),
            made_by=actor.id,
            made_at=now,
        )
        return delegations.make(connection, given)

    return await _do(database, client, act)


async def revoke(database: Database, client: Connect, *, delegation_id: str, by: str, now: datetime) -> Delegation:
    """End a delegation before its time: by who gave or got it, or by an admin; a re-assignment by an admin only.

    Raises NotAllowed, and CaseConflict when there is nothing to revoke.
    """

    def act(connection: Connection) -> Delegation:
        found, actor = delegations.get(connection, delegation_id), people.get(connection, by)
        if found is not None and not _is_theirs(found, actor):
            _check_admin(connection, actor, cases.get(connection, found.case_id) if found.case_id else None, now)
        return delegations.revoke(connection, delegation_id, by=actor.id, at=now)

    return await _do(database, client, act)


async def _do(database: Database, client: Connect, act: Callable[[Connection], Delegation]) -> Delegation:
    def in_one_transaction() -> Delegation:
        with database.begin() as connection:
            return act(connection)

    done = await asyncio.to_thread(in_one_transaction)
    with suppress(Unavailable):  # it is kept, and the hook tells the cases again
        await nudge(database, client)
    return done


def _question(connection: Connection, case_id: str, gate: str, now: datetime) -> tuple[CaseRow, GateRow]:
    """The case, which nobody else changes until the commit, and the open round of its gate."""
    case = cases.get(connection, case_id, lock=True)
    row = gates.current(connection, case_id, gate)
    if row is None or case.ended_at is not None:
        raise _refused(Refusal.NOT_OPEN)
    if row.closed_at is not None:
        over = row.verdict in {Verdict.TIMED_OUT, gates.SUPERSEDED}
        raise _refused(Refusal.NOT_OPEN if over else Refusal.ALREADY_DECIDED)
    if row.due_at < now:
        raise _refused(Refusal.LATE)
    return case, row


def _move(  # noqa: PLR0913, PLR0917  (the fields of what is moved)
    connection: Connection,
    case: CaseRow,
    row: GateRow,
    kind: DelegationKind,
    from_id: str,
    to: Employee,
    by: str,
    reason: str,
    now: datetime,
    key: str | None,
) -> Delegation:
    """Give the seat of one person to another. What was given before from that seat is taken back, never passed on."""
    if refusal := _keeps(connection, case, row, from_id, now, key):
        raise _refused(refusal)
    earlier = [one for one in delegations.of_gate(connection, case.id, row.gate, now) if one.from_id == from_id]
    for one in earlier:
        if (one.kind, one.to_id) == (kind, to.id):
            return one
    if refusal := standing.may_answer(connection, case, row.gate, to.id, at=now, key=key):
        raise _refused(refusal)
    for one in earlier:
        delegations.revoke(connection, one.id, by=by, at=now)
    moved = Delegation(
        kind=kind,
        from_id=from_id,
        to_id=to.id,
        case_id=case.id,
        gate=row.gate,
        starts_at=now,
        reason=_said(reason),
        made_by=by,
        made_at=now,
    )
    return delegations.make(connection, moved)


def _keeps(
    connection: Connection, case: CaseRow, row: GateRow, from_id: str, now: datetime, key: str | None
) -> Refusal | None:
    """Why a person has nothing to give at this gate: a delegate answers or leaves it, they do not pass it on."""
    if from_id not in {seat.principal for seat in row.seats}:
        return Refusal.NOT_AN_APPROVER
    if from_id in standing.barred(connection, case, now):
        return Refusal.SEPARATION_OF_DUTIES
    if any(vote.principal == from_id for vote in decisions.votes(connection, row, key=key)):
        return Refusal.ALREADY_DECIDED
    return None


def _check_giver(giver: Employee, actor: Employee, receiver: Employee | None) -> None:
    if actor.status is not EmployeeStatus.ACTIVE:
        raise NotAllowed("{employee} is not active and gives nothing on; nothing was changed", employee=actor.id)
    if actor.id == giver.id:
        return
    if not any(actor.holds(role) for role in ADMINS):
        raise NotAllowed("only the person themselves, HR or IT says who answers for {employee}", employee=giver.id)
    if receiver is not None and receiver.id == actor.id:
        raise NotAllowed("nobody gives themselves the questions of somebody else; nothing was changed")


def _check_admin(connection: Connection, actor: Employee, case: CaseRow | None, now: datetime) -> None:
    if actor.status is not EmployeeStatus.ACTIVE or not any(actor.holds(role) for role in ADMINS):
        raise NotAllowed("{employee} does not act for HR or IT; nothing was changed", employee=actor.id)
    if case is not None and actor.id in standing.barred(connection, case, now):
        raise NotAllowed("{employee} is a party of this case; another person of HR or IT has to", employee=actor.id)


def _is_theirs(delegation: Delegation, actor: Employee) -> bool:
    given = actor.id in {delegation.from_id, delegation.to_id}
    return given and delegation.kind is not DelegationKind.REASSIGNED and actor.status is EmployeeStatus.ACTIVE


def _refused(reason: Refusal) -> DecisionRefused:
    return DecisionRefused("the question stays where it is: {reason}", reason=reason)


def _said(reason: str) -> str:
    said = reason.strip()
    if len(said) > LONGEST_REASON:
        raise CaseConflict("a reason has {limit} characters at most; nothing was changed", limit=LONGEST_REASON)
    return said
