"""Decisions that other programs send: what they must say, and who and what in our database they mean."""

from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from sqlalchemy import Connection, func, select

from models.approvals import Verdict
from models.base import CaseId, Label, Value
from models.errors import UnknownCase
from store import cases, webhook_receipts
from store.tables import employees
from store.webhook_receipts import Receipt
from web.door.hearing import Hearing, hear
from web.gate.showing import NOTE_LIMIT
from web.hook import Hook
from web.problems import Problem

Person = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,254}$")]
Said = Literal[Verdict.APPROVED, Verdict.DECLINED, Verdict.SENT_BACK, Verdict.TAKEN_BACK]


class DecisionCall(Value):
    """Body of POST /api/webhooks/decisions.

    `by` decides, `for` is whose seat it is under a delegation: each the id or the mail address of an employee.
    `report_digest` or `report_version` says which report they saw. `occurred_at` changes nothing: what counts is when
    we heard of it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=False)

    case: CaseId
    gate: Label
    verdict: Said
    by: Person
    for_: Person | None = Field(default=None, alias="for")
    note: str = Field(default="", max_length=NOTE_LIMIT, pattern=r"^[^\x00]*$")
    report_digest: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    report_version: int | None = Field(default=None, ge=1, le=1_000_000)
    occurred_at: AwareDatetime | None = None

    @model_validator(mode="after")
    def _names_a_report(self) -> Self:
        if self.report_digest is None and self.report_version is None:
            raise ValueError("give report_digest or report_version: a decision counts for the report that was seen")
        return self


@dataclass(frozen=True)
class Taken:
    """A call that is kept, the ids of the people in it, and the digest of the report that they saw.

    `problem` is what keeps it from the door. Nothing but the receipt is read again where that says all.
    """

    receipt: Receipt
    by: str
    for_id: str | None
    digest: str
    problem: Problem | None


def read_call(body: bytes) -> DecisionCall | list[dict[str, str]]:
    """The decision in a body, or what is wrong with it: where (a JSON pointer) and why."""
    try:
        return DecisionCall.model_validate_json(body)
    except ValidationError as wrong:
        found = wrong.errors(include_url=False, include_context=False, include_input=False)
        return [{"pointer": "".join(f"/{part}" for part in each["loc"]), "detail": each["msg"]} for each in found]


def take(hook: Hook, call_id: str, body: bytes, call: DecisionCall) -> Taken:
    """Keep a call under its id, or find the one that came first. Raises Unavailable."""
    now = hook.clock()
    with hook.database.begin() as connection:
        known = webhook_receipts.get(connection, call_id)
        if known is not None and (known.status is not None or not known.is_about(body)):
            return Taken(known, "", None, "", None)
        by, for_id = _person(connection, call.by), _person(connection, call.for_)
        heard = hear(connection, call.case, call.gate, by, now=now, key=hook.link_secret) if by else None
        turn = (heard.asked.round, heard.number) if heard else (0, 0)
        receipt = webhook_receipts.take(connection, call_id, body, turn, at=now)
        problem = _problem(connection, call, heard, known=bool(by) and (for_id is not None or call.for_ is None))
    digest = _digest(call, heard)
    if problem is None and digest is None:
        problem = Problem.REPORT_CHANGED
    return Taken(receipt, by or "", for_id, digest or "", problem)


def _problem(connection: Connection, call: DecisionCall, heard: Hearing | None, *, known: bool) -> Problem | None:
    try:
        case = cases.get(connection, call.case)
    except UnknownCase:
        return Problem.UNKNOWN_CASE
    if all(plan.gate != call.gate for plan in case.plan.gates):
        return Problem.UNKNOWN_CASE
    if not known:
        return Problem.NOT_AN_APPROVER
    return None if heard else Problem.NOT_OPEN


def _digest(call: DecisionCall, heard: Hearing | None) -> str | None:
    """The digest of the report that was seen; None for a version that nobody is asked about."""
    if call.report_digest or heard is None:
        return call.report_digest
    return heard.asked.report_digest if heard.asked.report_version == call.report_version else None


def _person(connection: Connection, key: str | None) -> str | None:
    """The id of the employee with that id or mail address; None when nobody has it, or more than one."""
    if key is None:
        return None
    wanted = (employees.c.id == key) | (func.lower(employees.c.email) == key.lower())
    found = connection.execute(select(employees.c.id).where(wanted).limit(3)).scalars().all()
    return key if key in found else found[0] if len(found) == 1 else None
