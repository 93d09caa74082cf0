"""Access: rights in grades, and what was seen when each was taken."""

from enum import IntEnum, StrEnum

from models.base import CaseId, EmployeeId, Message, Moment, Value


class Grade(IntEnum):
    """The order of the lockdown (D13): data leaves first by export, so export goes first; the account goes last."""

    EXPORT = 1  # export, bulk view, bulk delete, API
    SESSION = 2  # sessions and tokens
    WRITE = 3
    CLIENT_CONTACT = 4
    ACCOUNT = 5


class AccessState(StrEnum):
    """State of one right in its system of record."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


class ResultClass(StrEnum):
    """How sure we are (D15): `observed` was read back, `acknowledged` was only answered, `failed` is still open."""

    OBSERVED = "observed"
    ACKNOWLEDGED = "acknowledged"
    FAILED = "failed"


class Entitlement(Value):
    """One right of one person in one system."""

    id: str
    employee_id: EmployeeId
    system: str
    right: str
    grade: Grade
    state: AccessState = AccessState.ACTIVE


class AccessStep(Value):
    """One step of the lockdown with its outcome. `before` is what an undo gives back."""

    grade: Grade
    target: str
    entitlement_id: str
    before: AccessState
    after: AccessState
    result: ResultClass
    at: Moment


class AccessRecord(Value):
    """Everything a case did to one person's rights: all steps in order, rights still active, rights on record."""

    steps: tuple[AccessStep, ...] = ()
    remaining: int
    total: int


class LockRequest(Message):
    """Take every right of the person whose grade is within `grades`, in order."""

    case_id: CaseId
    employee_id: EmployeeId
    grades: tuple[Grade, ...]


class LockSummary(Message):
    """What history may know of a lockdown: counts, no rights and no names."""

    requested: int
    locked: int
    unfinished: int
    grades: tuple[Grade, ...] = ()
    digest: str


class CutoffRequest(Message):
    """End the access of a person whose case was declined, at the moment that its plan had fixed."""

    case_id: CaseId
    employee_id: EmployeeId
    access_cutoff: Moment


class CutoffCheck(Message):
    """Does a cut-off still apply?"""

    case_id: CaseId
    employee_id: EmployeeId


class CutoffVerdict(Message):
    """`applies` is false when the person stays, or another open case takes care of their access."""

    applies: bool
