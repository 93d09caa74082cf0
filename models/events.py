"""What other programs are told about a case, in ids and figures: never a name, a client or a note."""

from decimal import Decimal
from enum import StrEnum

from models.approvals import Ladder, Verdict
from models.base import CaseId, EmployeeId, Moment, Value
from models.case import Phase, SeparationKind
from models.risk_level import Level


class EventType(StrEnum):
    """What happened; the names are those of the Standard Webhooks kind: a thing, a full stop, what became of it."""

    CASE_STARTED = "case.started"
    REPORT_READY = "report.ready"
    GATE_OPENED = "gate.opened"
    GATE_REMINDED = "gate.reminded"
    GATE_ESCALATED = "gate.escalated"
    GATE_DECIDED = "gate.decided"
    CASE_ENDED = "case.ended"


class CaseStarted(Value):
    """A departure has begun: who leaves, how, and who started it."""

    case: CaseId
    employee: EmployeeId
    kind: SeparationKind
    started_by: EmployeeId | None
    policy: str
    policy_version: str


class ReportReady(Value):
    """A version of the report is made. Decisions name it by its digest."""

    case: CaseId
    version: int
    digest: str
    score: Decimal
    level: Level
    provisional: bool


class GateAsked(Value):
    """People are asked, asked in place of somebody who was silent (`gate.escalated`), or reminded."""

    case: CaseId
    gate: str
    round: int
    ladder: Ladder
    approvers: tuple[EmployeeId, ...]
    due_at: Moment
    report_version: int
    report_digest: str


class GateDecided(Value):
    """A gate has ended. `by` cast the vote that ended it; None when nobody answered in time."""

    case: CaseId
    gate: str
    round: int
    verdict: Verdict
    by: EmployeeId | None
    report_version: int


class CaseEnded(Value):
    """A case is over: closed, declined or withdrawn."""

    case: CaseId
    employee: EmployeeId
    phase: Phase


EventData = CaseStarted | ReportReady | GateAsked | GateDecided | CaseEnded

DATA_OF: dict[EventType, type[EventData]] = {
    EventType.CASE_STARTED: CaseStarted,
    EventType.REPORT_READY: ReportReady,
    EventType.GATE_OPENED: GateAsked,
    EventType.GATE_REMINDED: GateAsked,
    EventType.GATE_ESCALATED: GateAsked,
    EventType.GATE_DECIDED: GateDecided,
    EventType.CASE_ENDED: CaseEnded,
}
