"""What comes in through the door and what goes out."""

from enum import StrEnum

from models.approvals import Refusal, Verdict
from models.base import CaseId, EmployeeId, Moment, Value


class Standing(StrEnum):
    """How sure we are: `counted` by the case, `stored` by us and not yet confirmed, `refused` with a reason."""

    COUNTED = "counted"
    STORED = "stored"
    REFUSED = "refused"


class Answer(Value):
    """What a person says at a gate. `report_digest` is that of the report they saw; None stands for the current one."""

    case_id: CaseId
    gate: str
    verdict: Verdict
    by: EmployeeId
    note: str
    report_digest: str | None
    now: Moment


class DoorResult(Value):
    """What became of a decision.

    `verdict` and `accepted_at` are what is on record for this person and round, which a second, different answer does
    not change (`refusal` is then `already_decided`). `decision_id` is None when nothing was recorded.
    `decided_by` names whose decision counts.
    """

    case_id: CaseId
    gate: str
    by: EmployeeId
    standing: Standing
    refusal: Refusal | None = None
    decision_id: str | None = None
    verdict: Verdict | None = None
    accepted_at: Moment | None = None
    decided_by: EmployeeId | None = None
