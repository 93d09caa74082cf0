"""Handover: who takes which client and which deal, and how each transfer ended."""

from decimal import Decimal
from enum import StrEnum

from models.base import CaseId, ClientId, EmployeeId, Message, Moment, Value
from models.people import Employee
from models.reasons import Reason


class TransferStatus(StrEnum):
    """State of one transfer (features: ClientTransfer). `waiting_manager` has no successor yet and is never dropped."""

    PENDING = "pending"
    WAITING_MANAGER = "waiting_manager"
    COMPLETED = "completed"


class Candidate(Value):
    """A possible successor with the load they carry now and what they know.

    `segments` and `tiers` count the clients they hold by that key; `earlier_contact` names the clients of the leaver
    that they have worked with.
    """

    employee: Employee
    load: int
    capacity: int
    segments: dict[str, int] = {}
    tiers: dict[int, int] = {}
    earlier_contact: frozenset[ClientId] = frozenset()

    @property
    def free(self) -> int:
        """Clients that still fit."""
        return max(0, self.capacity - self.load)


class Transfer(Value):
    """One client (or one deal) with the successor proposed for it. `score` is 0..1; None without a successor.

    Kind is `client` or `opportunity`; an opportunity of one of the leaver's clients follows the client.
    """

    kind: str
    id: str
    client_id: ClientId | None
    successor: EmployeeId | None
    runner_up: EmployeeId | None = None
    score: Decimal | None = None
    status: TransferStatus = TransferStatus.PENDING
    reasons: tuple[Reason, ...] = ()


class SuccessorPlan(Value):
    """The whole proposal. `interim_owner` holds what found no successor, with the manager's queue as the way on.

    `total_fit` is the mean score of the clients, weighted by their value; one without a successor counts as 0.
    """

    transfers: tuple[Transfer, ...]
    interim_owner: EmployeeId | None
    total_fit: Decimal


class SuccessorSummary(Message):
    """What history may know: counts and opaque ids.

    `successors` are all who may receive something, the next in line too, at most 400: they may not approve.
    """

    clients: int
    opportunities: int
    unassigned: int
    successors: tuple[EmployeeId, ...]
    digest: str


class HandoverRequest(Message):
    """Execute the proposal whose digest was approved; each transfer at most once.

    What clients owe is followed up from `at` on; None: from when it is done.
    """

    case_id: CaseId
    employee_id: EmployeeId
    plan_digest: str
    at: Moment | None = None


class UndoRequest(Message):
    """Walk back what a case has done to one branch (withdrawal): every before-state is restored, in reverse."""

    case_id: CaseId
    employee_id: EmployeeId


class UndoSummary(Message):
    """`restored` effects were put back; `left` could not be (changed by somebody since), and are named in evidence."""

    restored: int
    left: int


class HandoverSummary(Message):
    """Outcome counts of the execution. `plan_digest` names the stored proposal with every status filled in."""

    plan_digest: str
    completed: int
    waiting_manager: int
    collectors: int
