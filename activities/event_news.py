"""What other programs are told about a case and its gates, in the transaction that writes it down."""

from datetime import datetime

from sqlalchemy import Connection

from models.approvals import GateOutcome, Ladder
from models.base import EmployeeId
from models.case import CasePlan, CaseRequest, Phase
from models.events import CaseEnded, CaseStarted, EventType, GateAsked, GateDecided
from store import events
from store.cases import CaseRow
from store.gates import GateRow


def tell_started(connection: Connection, request: CaseRequest, plan: CasePlan, at: datetime) -> None:
    """A departure has begun."""
    told = CaseStarted(
        case=request.case_id,
        employee=request.employee_id,
        kind=request.kind,
        started_by=request.requested_by,
        policy=plan.policy_name,
        policy_version=plan.policy_version,
    )
    events.put(connection, request.case_id, EventType.CASE_STARTED, told, at=at)


def tell_ended(connection: Connection, case: CaseRow, phase: Phase, at: datetime) -> None:
    """A case is over."""
    told = CaseEnded(case=case.id, employee=case.employee_id, phase=phase)
    events.put(connection, case.id, EventType.CASE_ENDED, told, at=at)


def tell_opened(connection: Connection, row: GateRow) -> None:
    """People are asked; `gate.escalated` where they are asked in place of others who were silent."""
    kind = EventType.GATE_OPENED if row.ladder is Ladder.APPROVER else EventType.GATE_ESCALATED
    _tell_asked(connection, kind, row, row.approvers, f"{row.gate}/{row.round}", row.opened_at)


def tell_reminded(connection: Connection, row: GateRow, people: list[EmployeeId], number: int, at: datetime) -> None:
    """People are reminded, for the `number`-th time in the round."""
    key = f"{row.gate}/{row.round}/{number}"
    _tell_asked(connection, EventType.GATE_REMINDED, row, tuple(people), key, at)


def tell_decided(connection: Connection, case_id: str, outcome: GateOutcome, at: datetime) -> None:
    """A gate has ended."""
    told = GateDecided(
        case=case_id,
        gate=outcome.gate,
        round=outcome.round,
        verdict=outcome.verdict,
        by=outcome.by,
        report_version=outcome.report_version,
    )
    events.put(
        connection,
        case_id,
        EventType.GATE_DECIDED,
        told,
        key=f"{outcome.gate}/{outcome.round}/{outcome.verdict.value}",
        at=at,
    )


def _tell_asked(
    connection: Connection, kind: EventType, row: GateRow, people: tuple[EmployeeId, ...], key: str, at: datetime
) -> None:
    told = GateAsked(
        case=row.case_id,
        gate=row.gate,
        round=row.round,
        ladder=row.ladder,
        approvers=people,
        due_at=row.due_at,
        report_version=row.report_version,
        report_digest=row.report_digest,
    )
    events.put(connection, row.case_id, kind, told, key=key, at=at)
