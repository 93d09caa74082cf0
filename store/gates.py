"""Gates as rows: one row a round, the newest round of a gate is the one that counts."""

from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert

from models.approvals import GateOutcome, Verdict
from models.base import CaseId, EmployeeId, Moment, Value
from store.tables import gates

SUPERSEDED: Literal["superseded"] = "superseded"


class GateRow(Value):
    """One round of one gate. `closed_at` is None while it is open.

    A round ends with a verdict, or as `superseded` when a changed report made a new round necessary.
    """

    case_id: CaseId
    gate: str
    round: int
    approvers: tuple[EmployeeId, ...]
    due_at: Moment
    report_version: int
    report_digest: str
    opened_at: Moment
    closed_at: Moment | None = None
    verdict: Verdict | Literal["superseded"] | None = None
    decided_by: EmployeeId | None = None


def current(connection: Connection, case_id: str, gate: str) -> GateRow | None:
    """The newest round of a gate, open or closed; None when the gate was never opened."""
    newest = select(gates).where(gates.c.case_id == case_id, gates.c.gate == gate).order_by(gates.c.round.desc())
    row = connection.execute(newest.limit(1)).mappings().one_or_none()
    return GateRow.model_validate(dict(row)) if row else None


def of_round(connection: Connection, case_id: str, gate: str, number: int) -> GateRow | None:
    """One round of a gate, counted from 1; None when it was never opened."""
    wanted = select(gates).where(gates.c.case_id == case_id, gates.c.gate == gate, gates.c.round == number)
    row = connection.execute(wanted).mappings().one_or_none()
    return GateRow.model_validate(dict(row)) if row else None


def all_of(connection: Connection, case_id: str) -> list[GateRow]:
    """Every round of every gate of a case, in the order of opening."""
    wanted = select(gates).where(gates.c.case_id == case_id).order_by(gates.c.opened_at, gates.c.gate, gates.c.round)
    return [GateRow.model_validate(dict(row)) for row in connection.execute(wanted).mappings()]


def newest_of(connection: Connection, case_id: str) -> list[GateRow]:
    """The newest round of every gate of a case, by name of the gate."""
    newest = {row.gate: row for row in sorted(all_of(connection, case_id), key=lambda row: row.round)}
    return [newest[gate] for gate in sorted(newest)]


def open_round(connection: Connection, row: GateRow) -> None:
    """Write a new round. The same round twice is written once."""
    connection.execute(insert(gates).values(row.model_dump()).on_conflict_do_nothing())


def end_earlier_rounds(
    connection: Connection, opened: GateRow, verdict: Verdict | Literal["superseded"], *, at: datetime
) -> list[int]:
    """Close every open round of the gate before `opened`; returns their numbers."""
    closing = (
        update(gates)
        .where(
            gates.c.case_id == opened.case_id,
            gates.c.gate == opened.gate,
            gates.c.round < opened.round,
            gates.c.closed_at.is_(None),
        )
        .values(closed_at=at, verdict=verdict)
        .returning(gates.c.round)
    )
    return sorted(row.round for row in connection.execute(closing))


def close(connection: Connection, case_id: str, outcome: GateOutcome) -> bool:
    """Write the outcome of a round; False when it had one.

    A round that a newer report superseded before its decision was written down still gets its decision; so does one
    that had timed out when somebody else was asked, before a decision made in time was heard. What was opened later
    for the same report ends with it.
    """
    asked_on = gates.c.verdict == SUPERSEDED
    if outcome.verdict is not Verdict.TIMED_OUT:
        asked_on |= gates.c.verdict == Verdict.TIMED_OUT
    ended = {"closed_at": outcome.at, "verdict": outcome.verdict, "decided_by": outcome.by}
    closing = (
        update(gates)
        .where(
            gates.c.case_id == case_id,
            gates.c.gate == outcome.gate,
            gates.c.round == outcome.round,
            gates.c.closed_at.is_(None) | asked_on,
        )
        .values(ended)
    )
    if connection.execute(closing).rowcount == 0:
        return False
    later = update(gates).where(
        gates.c.case_id == case_id,
        gates.c.gate == outcome.gate,
        gates.c.round > outcome.round,
        gates.c.report_digest == outcome.report_digest,
        gates.c.closed_at.is_(None),
    )
    connection.execute(later.values(ended))
    return True
