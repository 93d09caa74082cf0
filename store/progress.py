"""Where a case stands as our books know it, for when no worker and no server answers."""

from sqlalchemy import Connection

from models.case import CaseProgress, GateView
from store import cases, gates


def last_known(connection: Connection, case_id: str) -> CaseProgress:
    """The case with the newest round of every gate, and without what only the workflow knows. Raises UnknownCase."""
    case = cases.get(connection, case_id)
    rounds = gates.all_of(connection, case_id)
    newest = {row.gate: row for row in sorted(rounds, key=lambda row: row.round)}
    return CaseProgress(
        case_id=case.id,
        employee_id=case.employee_id,
        phase=case.phase,
        last_working_day=case.plan.dates.last_working_day,
        gates=tuple(
            GateView(
                gate=row.gate,
                round=row.round,
                due_at=row.due_at,
                waiting_on=() if row.closed_at else tuple(row.approvers),
            )
            for row in newest.values()
        ),
        waiting_on=() if case.ended_at else ("worker does not answer",),
    )
