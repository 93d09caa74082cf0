"""Gates, decisions and the rules that judge them. Pure: the workflow supplies every time."""

from datetime import datetime
from enum import StrEnum

from models.base import CaseId, EmployeeId, Label, Message, Moment
from models.people import Role
from models.risk_level import Level


class Verdict(StrEnum):
    """How a gate ended. `timed_out` is neither an approval nor a completion."""

    APPROVED = "approved"
    DECLINED = "declined"
    TIMED_OUT = "timed_out"


class OnSilence(StrEnum):
    """What the policy names for a gate that nobody answered, even after escalation. There is no `approve`."""

    HOLD = "hold"
    DECLINE = "decline"


class Refusal(StrEnum):
    """Why a decision does not count."""

    LATE = "late"
    ALREADY_DECIDED = "already_decided"
    NOT_OPEN = "not_open"
    NOT_AN_APPROVER = "not_an_approver"
    SEPARATION_OF_DUTIES = "separation_of_duties"
    REPORT_CHANGED = "report_changed"
    REASON_MISSING = "reason_missing"
    MALFORMED = "malformed"


class GatePlan(Message):
    """One approval as the pinned plan fixes it. Deadlines are absolute; reminders fall before `due_at`.

    `escalation_due_at` is the deadline of the second round (the approver's manager, or the fallback). The gate opens
    only when the assessed level is `from_level` or above.
    """

    gate: str
    role: Role
    due_at: Moment
    reminders_at: tuple[Moment, ...] = ()
    escalation_due_at: Moment
    on_silence: OnSilence = OnSilence.HOLD
    from_level: Level = Level.LOW


class Decision(Message):
    """A decision as the hook accepted it. The note stays in our database: history holds no free text.

    `accepted_at` is stamped by the hook; the deadline is judged by it, never by the order of handlers. `round` is the
    one that the person was asked in; 0 where it is not known (decisions in old histories).
    """

    decision_id: Label
    gate: Label
    verdict: Verdict
    by: EmployeeId
    accepted_at: Moment
    report_digest: str
    round: int = 0
    has_note: bool = False


class DecisionReceipt(Message):
    """What the person is told: counted, or refused with a reason."""

    decision_id: str
    gate: str
    counted: bool
    refusal: Refusal | None = None
    verdict: Verdict | None = None
    decided_by: EmployeeId | None = None


class Ladder(StrEnum):
    """Who is asked: the approver, then the approver's manager, then the fallback role."""

    APPROVER = "approver"
    ESCALATION = "escalation"
    FALLBACK = "fallback"


class GateRound(Message):
    """Who is asked now and until when. Every new ask (escalation, changed report) is a new round, counted from 1.

    `reminders_at` is None only in old histories.
    """

    gate: str
    round: int
    ladder: Ladder
    approvers: tuple[EmployeeId, ...]
    due_at: Moment
    report_version: int
    report_digest: str
    reminders_at: tuple[Moment, ...] | None = None


class GateOutcome(Message):
    """The recorded end of a gate. `by` is None when nobody answered."""

    gate: str
    verdict: Verdict
    by: EmployeeId | None = None
    at: Moment
    late: bool = False
    round: int = 1
    report_version: int = 0
    report_digest: str = ""


class Ask(Message):
    """One gate to open, or to open again. Without `due_at` the deadline is counted in working days from the asking."""

    gate: str
    role: Role
    round: int
    ladder: Ladder
    due_at: Moment | None = None


class OpenGates(Message):
    """Ask people: find the approvers, make their links, send their messages, once per (case, gate, round).

    `barred` are people who must not be asked. `at` is the workflow's time.
    """

    case_id: CaseId
    employee_id: EmployeeId
    asks: tuple[Ask, ...]
    report_version: int
    report_digest: str
    barred: tuple[EmployeeId, ...]
    at: Moment


class OpenedGates(Message):
    """The rounds that are open now, in the order of the asks."""

    rounds: tuple[GateRound, ...]


class Remind(Message):
    """Send one reminder of an open round; `number` counts them, so that a retry sends none twice."""

    case_id: CaseId
    gate: str
    round: int
    number: int
    at: Moment


class CollectDecisions(Message):
    """Which decisions did the hook accept for this round that the workflow has not heard of?"""

    case_id: CaseId
    gate: str
    round: int


class CollectedDecisions(Message):
    """Decisions in the order of their acceptance."""

    decisions: tuple[Decision, ...]


class RecordedDecisions(Message):
    """Decisions that nobody made through the hook (a raw signal, an update past it): written down, and not counted."""

    forged: tuple[str, ...] = ()


class RecordDecisions(Message):
    """Write down what became of decisions and gates: rows, evidence, and word to whom it concerns."""

    case_id: CaseId
    receipts: tuple[DecisionReceipt, ...] = ()
    outcomes: tuple[GateOutcome, ...] = ()
    at: Moment


def judge(  # noqa: PLR0911  (one line a rule, in the order in which people are told)
    decision: Decision,
    current: GateRound | None,
    outcome: GateOutcome | None,
    barred: frozenset[str],
) -> Refusal | None:
    """Decide whether a decision counts; None means yes.

    `current` is the round that the decision answers, or None when nothing is open; `barred` are the leaver, the starter
    and the chosen successors, who may not decide whatever the page showed them. A decision accepted exactly at the
    deadline is in time.
    """
    if outcome is not None:
        return Refusal.ALREADY_DECIDED
    if current is None:
        return Refusal.NOT_OPEN
    if decision.verdict is Verdict.TIMED_OUT:
        return Refusal.MALFORMED
    if decision.by in barred:
        return Refusal.SEPARATION_OF_DUTIES
    if decision.by not in current.approvers:
        return Refusal.NOT_AN_APPROVER
    if decision.accepted_at > current.due_at:
        return Refusal.LATE
    if decision.report_digest != current.report_digest:
        return Refusal.REPORT_CHANGED
    if decision.verdict is Verdict.DECLINED and not decision.has_note:
        return Refusal.REASON_MISSING
    return None


def remaining_reminders(plan: GatePlan, current: GateRound, opened_at: datetime, after: datetime) -> list[datetime]:
    """Reminder times of a round that lie ahead of `after`, in order.

    Rounds of old histories bring none: there the first reminds as planned, a later one once, at half time.
    """
    moments = current.reminders_at
    if moments is None:
        half = opened_at + (current.due_at - opened_at) / 2
        moments = plan.reminders_at if current.ladder is Ladder.APPROVER and current.round == 1 else (half,)
    return sorted(moment for moment in moments if after < moment < current.due_at)
