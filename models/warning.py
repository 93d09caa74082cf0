"""Early warning by observed behaviour: what an indicator found, and the alert that people triage.

Predictions live in `models/scan.py` and lead to nothing but a notice. What is here rests on events that happened.
"""

from datetime import date
from enum import StrEnum

from models.approvals import Ladder
from models.base import AlertId, EmployeeId, Label, Message, Moment, Value
from models.reasons import Reason


class RuleId(StrEnum):
    """Every indicator by its id; the words for people are in the catalogue, the thresholds in the policy."""

    MASS_EXPORT = "mass_export"
    OWN_BASELINE = "own_baseline"  # robust z against the person's own past
    NOVELTY = "novelty"  # beyond the largest day of the person's own past
    PEER_GROUP = "peer_group"
    CUMULATIVE = "cumulative"
    SEQUENCE = "sequence"
    DESTINATION = "destination"
    AFTER_HOURS = "after_hours"
    CONTACTS_MOVED = "contacts_moved"
    CLAIM_DUPLICATE = "claim_duplicate"
    CLAIM_SPLIT = "claim_split"
    CLAIM_UNDER_LIMIT = "claim_under_limit"
    CLAIM_WEEKEND = "claim_weekend"
    CLAIM_ROUND = "claim_round"
    CLAIM_SPIKE = "claim_spike"


class Severity(StrEnum):
    """Of a finding, and of an alert by the points of its findings."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for low to 3 for critical."""
        return list(Severity).index(self)


# Points from which an alert is of a severity: 1-3 low, 4-6 medium, 7-8 high, 9 and more critical (features 4.5).
BANDS = ((9, Severity.CRITICAL), (7, Severity.HIGH), (4, Severity.MEDIUM))


def severity_of(points: int) -> Severity:
    """Severity of an alert with so many points."""
    return next((severity for least, severity in BANDS if points >= least), Severity.LOW)


class TriggerKind(StrEnum):
    """What opens a window in which supporting findings count (features B2). A prediction is none of them."""

    NOTICE = "notice"  # a case was opened
    WATCHLIST = "watchlist"  # a named person asked for it, with a reason and an end
    BEHAVIOUR = "behaviour"  # a finding of a rule that opens a window by itself


class Trigger(Value):
    """A window opens on a day for a person."""

    employee_id: EmployeeId
    kind: TriggerKind
    day: date


class Finding(Value):
    """What one rule found about one person.

    `key` is the same whenever the same facts are looked at again, so nothing is found twice; `first` and `day` bound
    what was counted, `day` being the last one; `events` counts it, and `event_ids` names up to 50 of them. `points` are
    those of the policy; `supporting` findings count only inside a window that something else opened.
    """

    key: str
    rule: RuleId
    employee_id: EmployeeId
    first: date
    day: date
    severity: Severity
    points: int
    supporting: bool = False
    events: int = 0
    event_ids: tuple[str, ...] = ()
    reason: Reason


class AlertState(StrEnum):
    """`needs_review` to `confirmed` or `dismissed`; `confirmed` to `resolved`. Nothing leads back."""

    NEEDS_REVIEW = "needs_review"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"
    RESOLVED = "resolved"


ENDED = (AlertState.DISMISSED, AlertState.RESOLVED)

MOVES: dict[AlertState, frozenset[AlertState]] = {
    AlertState.NEEDS_REVIEW: frozenset({AlertState.CONFIRMED, AlertState.DISMISSED}),
    AlertState.CONFIRMED: frozenset({AlertState.RESOLVED}),
    AlertState.DISMISSED: frozenset(),
    AlertState.RESOLVED: frozenset(),
}


class ProtectionMode(StrEnum):
    """`would_have` writes down what would have been done and does nothing; it is the default."""

    WOULD_HAVE = "would_have"
    ENFORCE = "enforce"


class ProtectionState(StrEnum):
    """How the export rights of a person stand because of an alert."""

    NONE = "none"
    WOULD_HAVE = "would_have"
    SUSPENDED = "suspended"
    GIVEN_BACK = "given_back"
    LEFT_TO_CASE = "left_to_case"  # a case of the person has taken them over
    LEFT_TO_ALERT = "left_to_alert"  # another alert of the person still holds them, and gives them back


class Alert(Value):
    """One alert as people see it. `alias` stands for the person until somebody with a right reveals the name.

    `waiting_on` was asked to triage it. `joined_case` says that it belongs to a case; whose case that is, its id would
    tell, so that is only said when the name is revealed.
    """

    id: AlertId
    alias: str
    state: AlertState
    severity: Severity
    points: int
    opened_at: Moment
    due_at: Moment
    first: date
    last: date
    events: int
    findings: tuple[Finding, ...] = ()
    protection: ProtectionState = ProtectionState.NONE
    protected_until: Moment | None = None
    decided_by: EmployeeId | None = None
    decided_at: Moment | None = None
    note: str = ""
    waiting_on: tuple[EmployeeId, ...] = ()
    joined_case: bool = False


class RuleEffect(Value):
    """How often people agreed with a rule: confirmed / (confirmed + dismissed); None before the first decision."""

    rule: RuleId
    alerts: int
    confirmed: int
    dismissed: int
    effectiveness: float | None


# ---- through the workflow: ids and counts, no person and no name ----


class AlertRequest(Message):
    """Watch over one alert until it is decided and its protection is over.

    The rest is what a run hands to the next one when its history has grown long: the round of the triage to go on with,
    whether protection was ever asked for, and how many messages were rejected.
    """

    alert_id: AlertId
    round: int = 1
    protect: bool = False
    rejected: int = 0


class MoreFindings(Message):
    """New findings joined the alert, whose severity may have risen, or a decision about it waits to be heard."""

    alert_id: AlertId


class TriageDecision(Message):
    """What a person decided. `to` is the state asked for; `decision_id` makes a repeat harmless."""

    decision_id: Label
    alert_id: AlertId
    to: AlertState
    by: EmployeeId
    at: Moment


class AlertView(Message):
    """An alert as its workflow reads it from our books. `stored` are decisions that nobody has heard yet.

    `given_back`: its protection is over, as somebody else (a withdrawn case) may have given the rights back.
    """

    state: AlertState
    severity: Severity
    to_protect: bool = False
    given_back: bool = False
    stored: tuple[TriageDecision, ...] = ()


class AskTriage(Message):
    """Ask somebody about the alert; `round` counts from 1."""

    alert_id: AlertId
    round: int
    ladder: Ladder
    at: Moment


class RemindTriage(Message):
    """Send the numbered reminder of a round."""

    alert_id: AlertId
    round: int
    number: int
    at: Moment


class AskedTriage(Message):
    """Who was asked, until when, and when they are reminded."""

    approvers: tuple[EmployeeId, ...]
    due_at: Moment
    reminders_at: tuple[Moment, ...] = ()


class DecidedTriage(Message):
    """What became of a decision: the state of the alert after it; `forged` when nobody ever gave it to us."""

    counted: bool
    state: AlertState
    forged: bool = False


class ProtectRequest(Message):
    """Suspend the export rights of the person behind the alert, provisionally; or give them back."""

    alert_id: AlertId
    at: Moment


class Protected(Message):
    """How the rights stand, as counts: `rights` are held (or would be), `open` resist still."""

    state: ProtectionState
    until: Moment | None = None
    rights: int = 0
    open: int = 0


class AlertProgress(Message):
    """The answer of the query `progress`: `waiting_on` holds who was asked and what goes wrong."""

    state: AlertState
    severity: Severity
    waiting_on: tuple[str, ...] = ()
    due_at: Moment | None = None
    protection: ProtectionState = ProtectionState.NONE
    protected_until: Moment | None = None
    rejected: int = 0
