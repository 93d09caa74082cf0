"""The gates at which running cases wait, with their votes: what a list of cases shows."""

from collections.abc import Collection

from sqlalchemy import Connection

from models.approvals import Verdict
from models.base import CaseId, Value
from store import decisions, gates
from store.cases import CaseRow
from store.gates import GateRow


class OpenGate(Value):
    """One gate that is asked: so many have approved of those who must."""

    gate: str
    votes: int
    needed: int


def open_gates(connection: Connection, found: Collection[CaseRow]) -> dict[CaseId, tuple[OpenGate, ...]]:
    """The open gates of these cases; a case that waits at none is left out."""
    known = {case.id: case for case in found}
    rows: dict[CaseId, list[GateRow]] = {}
    for row in gates.waiting(connection):
        if row.case_id in known:
            rows.setdefault(row.case_id, []).append(row)
    return {case_id: tuple(_views(connection, known[case_id], some)) for case_id, some in rows.items()}


def _views(connection: Connection, case: CaseRow, rows: Collection[GateRow]) -> list[OpenGate]:
    votes = decisions.votes_at(connection, case.id, rows)
    needed = {plan.gate: plan.needed for plan in case.plan.gates}
    return [
        OpenGate(
            gate=row.gate,
            votes=sum(vote.verdict is Verdict.APPROVED for vote in votes[row.gate]),
            needed=needed.get(row.gate, 1),
        )
        for row in sorted(rows, key=lambda row: row.gate)
    ]
