"""What a program is told about a decision that was taken: the same by a link and by a signed call."""

from typing import Any, Literal

from models.approvals import Verdict
from models.base import CaseId, EmployeeId, Moment, Value
from web.door.answers import DoorResult


class Receipt(Value):
    """`counted` by the case, or `stored` and not yet confirmed.

    `verdict` and `accepted_at` are what is on record for `by`. `decided_by` ended the gate; until then it has `votes`
    approvals of the `needed`.
    """

    state: Literal["counted", "stored"]
    decision_id: str | None
    case_id: CaseId
    gate: str
    verdict: Verdict | None
    by: EmployeeId
    for_id: EmployeeId | None
    accepted_at: Moment | None
    decided_by: EmployeeId | None
    votes: int
    needed: int


def receipt_of(result: DoorResult) -> dict[str, Any]:
    """The receipt of a decision that was not refused, as JSON."""
    facts = result.model_dump(exclude={"refusal", "standing"})
    return Receipt.model_validate(facts | {"state": result.standing.value}).model_dump(mode="json")
