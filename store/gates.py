"""Gates as rows: one row a round, the newest round of a gate is the one that counts."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, any_, literal, select, update
from sqlalchemy.dialects.postgresql import insert

from models.approvals import GateOutcome, GateRound, Ladder, Seat, Verdict
from models.base import CaseId, EmployeeId, Moment, Value
from store.among import among
from store.tables import cases, gates

SUPERSEDED: Literal["superseded"] = "superseded"


class GateRow(Value):
    """One round of one gate. `closed_at` is None while it is open. `approvers` are all who may answer, by `seats`.

    A round ends with a verdict, or as `superseded` when a changed report or other people made a new one necessary.
    """

    case_id: CaseId
    gate: str
    round: int
    approvers: tuple[EmployeeId, ...]
    seats: tuple[Seat, ...]
    ladder: Ladder
    due_at: Moment
    report_version: int
    report_digest: str
    opened_at: Moment
    closed_at: Moment | None = None
    verdict: Verdict | Literal["superseded"] | None = None
    decided_by: EmployeeId | None = None

    @property
    def ended(self) -> GateOutcome | None:
        """How the gate ended in this round, as far as our database knows; None while it is asked, here or later."""
        if self.closed_at is None or not isinstance(self.verdict, Verdict):
            return None
        return GateOutcome(
            gate=self.gate,
            verdict=self.verdict,
            by=self.decided_by,
            at=self.closed_at,
            late=self.closed_at > self.due_at,
            round=self.round,
            report_version=self.report_version,
            report_digest=self.report_digest,
        )

    def round_message(self, reminders_at: Sequence[datetime] = ()) -> GateRound:
        """The round as the workflow knows it."""
        fields = {name: getattr(self, name) for name in GateRound.model_fields if name in GateRow.model_fields}
        return GateRound(reminders_at=tuple(reminders_at), **fields)


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
    return of_cases(connection, [case_id])[case_id]


def of_cases(connection: Connection, case_ids: Collection[str]) -> dict[str, list[GateRow]]:
    """Every round of every gate of several cases, each in the order of opening."""
    found: dict[str, list[GateRow]] = {case_id: [] for case_id in case_ids}
    wanted = select(gates).where(among(gates.c.case_id, case_ids))
    for row in connection.execute(wanted.order_by(gates.c.opened_at, gates.c.gate, gates.c.round)).mappings():
        found[row["case_id"]].append(GateRow.model_validate(dict(row)))
    return found


def rounds_of(connection: Connection, case_id: str, gate: str) -> list[GateRow]:
    """Every round of one gate, from the first."""
    wanted = select(gates).where(gates.c.case_id == case_id, gates.c.gate == gate).order_by(gates.c.round)
    return [GateRow.model_validate(dict(row)) for row in connection.execute(wanted).mappings()]


def newest_of(connection: Connection, case_id: str) -> list[GateRow]:
    """The newest round of every gate of a case, by name of the gate."""
    return newest_among(all_of(connection, case_id))


def newest_among(rounds: Collection[GateRow]) -> list[GateRow]:
    """The newest round of every gate among the rounds of one case, by name of the gate."""
    newest = {row.gate: row for row in sorted(rounds, key=lambda row: row.round)}
    return [newest[gate] for gate in sorted(newest)]


def waiting(connection: Connection, person: str | None = None) -> list[GateRow]:
    """The open rounds of running cases, all of them or those that a person is asked in, the nearest deadline first."""
    wanted = select(gates).join(cases).where(gates.c.closed_at.is_(None), cases.c.ended_at.is_(None))
    if person is not None:
        wanted = wanted.where(literal(person) == any_(gates.c.approvers))
    rows = connection.execute(wanted.order_by(gates.c.due_at, gates.c.case_id, gates.c.gate)).mappings()
    return [GateRow.model_validate(dict(row)) for row in rows]


def open_round(connection: Connection, row: GateRow) -> None:
    """Write a new round. The same round twice is written once."""
    values = row.model_dump() | {"seats": [seat.model_dump() for seat in row.seats]}
    connection.execute(insert(gates).values(values).on_conflict_do_nothing())


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
