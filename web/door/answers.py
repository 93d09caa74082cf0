"""What comes in through the door and what goes out."""

from enum import StrEnum

from models.approvals import Refusal, Verdict, Via
from models.base import CaseId, EmployeeId, Moment, Value


class Standing(StrEnum):
    """How sure we are: `counted` by the case, `stored` by us and not yet confirmed, `refused` with a reason."""

    COUNTED = "counted"
    STORED = "stored"
    REFUSED = "refused"


class Answer(Value):
    """What a person says at a gate. `report_digest` is that of the report they saw; None stands for the current one.

    `for_id` is whose seat they answer in when it is not their own. `round` and `number` name the form that was pressed:
    the same form again is the same answer. None for programs: they repeat themselves until they took an answer back.
    """

    case_id: CaseId
    gate: str
    verdict: Verdict
    by: EmployeeId
    for_id: EmployeeId | None = None
    via: Via
    note: str
    report_digest: str | None
    round: int | None = None
    number: int | None = None
    now: Moment


class DoorResult(Value):
    """What became of a decision.

    `verdict` and `accepted_at` are what is on record for this person and round, which a second, different answer does
    not change (`refusal` is then `already_decided`). `decision_id` is None when nothing was recorded.
    `decided_by` names whose decision ended the gate, None while it waits: it has `votes` approvals of the `needed`.
    """

    case_id: CaseId
    gate: str
    by: EmployeeId
    for_id: EmployeeId | None = None
    standing: Standing
    refusal: Refusal | None = None
    decision_id: str | None = None
    verdict: Verdict | None = None
    accepted_at: Moment | None = None
    decided_by: EmployeeId | None = None
    votes: int = 0
    needed: int = 1
