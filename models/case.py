"""A case: what HR asks for, the pinned plan, and the progress that everybody sees."""

from datetime import date
from enum import StrEnum

from models.access import Grade
from models.approvals import GateOutcome, GatePlan
from models.base import CaseId, EmployeeId, Message, Moment
from models.policy import Separation
from models.risk_level import Level


class SeparationKind(StrEnum):
    """Kinds of separation; a dismissal locks fully before anybody is told (D4)."""

    RESIGNATION = "resignation"
    DISMISSAL = "dismissal"
    MUTUAL_AGREEMENT = "mutual_agreement"
    CONTRACT_END = "contract_end"
    RETIREMENT = "retirement"
    DEATH = "death"


class Phase(StrEnum):
    """Phases of a case, in order; the last three are ends."""

    PLANNING = "planning"
    ASSESSING = "assessing"
    APPROVING = "approving"
    HANDING_OVER = "handing_over"
    CLOSING = "closing"
    CLOSED = "closed"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


ENDED = (Phase.CLOSED, Phase.DECLINED, Phase.WITHDRAWN)


class Branch(StrEnum):
    """The parallel branches of an assessment."""

    ACCESS = "access"
    RECEIVABLES = "receivables"
    CLIENTS = "clients"
    SUCCESSORS = "successors"
    INVENTORY = "inventory"


class CaseDates(Message):
    """The four dates of a departure (D2), in order: notice, last working day, access cut-off, separation."""

    notice_date: date
    last_working_day: date
    access_cutoff: Moment
    separation_date: date


class CaseRequest(Message):
    """What HR asks for. `access_cutoff` defaults to the end of the last working day, `as_of` to today."""

    case_id: CaseId
    employee_id: EmployeeId
    kind: SeparationKind
    last_working_day: date
    access_cutoff: Moment | None = None
    requested_by: EmployeeId | None = None
    as_of: date | None = None
    policy: str


class PlanRequest(Message):
    """Ask for the plan of a case; `at` is the workflow's time of asking."""

    request: CaseRequest
    at: Moment


class CasePlan(Message):
    """The pinned plan (D3): a policy edit never touches a running case. Ids and times only.

    `provisional_years` are years with a deadline whose make-up working days are not published yet.
    """

    case_id: CaseId
    employee_id: EmployeeId
    region: str
    department: str
    dates: CaseDates
    as_of: date
    policy_name: str
    policy_version: str
    branch_budget_seconds: int
    first_grades: tuple[Grade, ...]
    gates: tuple[GatePlan, ...]
    barred: tuple[EmployeeId, ...]
    separation: Separation = Separation.CASE
    time_zone: str
    provisional_years: tuple[int, ...] = ()


class BranchRequest(Message):
    """Input of every branch. Everything else is read from the store. `exclude` are no successors in this case.

    `renewed`: a new plan is made because somebody asked for it, `requested_by` as far as that is known.
    """

    case_id: CaseId
    employee_id: EmployeeId
    as_of: date
    exclude: tuple[EmployeeId, ...] = ()
    renewed: bool = False
    requested_by: EmployeeId | None = None


class GateView(Message):
    """One gate as progress shows it. `waiting_on` have not answered; `votes` approvals of the `needed` are there.

    `after` are gates that it still waits for.
    """

    gate: str
    waiting_on: tuple[EmployeeId, ...] = ()
    due_at: Moment | None = None
    round: int = 0
    outcome: GateOutcome | None = None
    votes: int = 0
    needed: int = 1
    after: tuple[str, ...] = ()


class RejectedMessage(Message):
    """A signal or decision that could not count, kept so that nobody wonders where it went."""

    at: Moment
    reason: str
    decision_id: str | None = None


class CaseProgress(Message):
    """Answer of the query `progress`: the same in the CLI, the page and the Web UI."""

    case_id: CaseId
    employee_id: EmployeeId
    phase: Phase
    last_working_day: date
    report_version: int = 0
    report_digest: str = ""
    score: str | None = None
    level: Level | None = None
    provisional: bool = False
    unknowns: tuple[str, ...] = ()
    gates: tuple[GateView, ...] = ()
    waiting_on: tuple[str, ...] = ()
    next_deadline: Moment | None = None
    rejected: tuple[RejectedMessage, ...] = ()
    doing: str | None = None


class ReplanRequest(Message):
    """Make the plan again for another last working day; `at` is the workflow's time."""

    case_id: CaseId
    last_working_day: date
    requested_by: EmployeeId | None = None
    at: Moment


class CloseRequest(Message):
    """End a case as `closed`, `declined` or `withdrawn`; closing is refused while something has no owner.

    `requested_by` asked for a withdrawal, as far as that is known.
    """

    case_id: CaseId
    employee_id: EmployeeId
    phase: Phase
    requested_by: EmployeeId | None = None
    at: Moment


class CloseSummary(Message):
    """`obstacles` counts what still forbids closing, by kind; empty means that the case is ended."""

    obstacles: dict[str, int] = {}


class CaseResult(Message):
    """What a finished case returns."""

    case_id: CaseId
    phase: Phase
    report_version: int
    report_digest: str
    outcomes: tuple[GateOutcome, ...] = ()


class Withdrawal(Message):
    """The leaver stays: walk every effect back."""

    requested_by: EmployeeId | None = None
    accepted_at: Moment


class Reschedule(Message):
    """A new last working day; every pending timer follows."""

    last_working_day: date
    requested_by: EmployeeId | None = None


class NewPlan(Message):
    """Propose the handover anew, without `exclude`: the answer to a plan that was sent back."""

    exclude: tuple[EmployeeId, ...] = ()
    requested_by: EmployeeId | None = None
