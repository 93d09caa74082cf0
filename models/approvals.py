"""Gates, the people who are asked, and what they say: the words of every approval. models/judging.py has the rules."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from models.base import CaseId, EmployeeId, Label, Message, Moment
from models.people import Role
from models.risk_level import Level


class Verdict(StrEnum):
    """What a person says at a gate, and how the gate ends.

    `timed_out` is only ever an end: nobody answered, which is neither an approval nor a completion. `taken_back` is
    only ever said: the own vote is withdrawn while the gate still waits for others. `sent_back` asks for a new plan.
    """

    APPROVED = "approved"
    DECLINED = "declined"
    SENT_BACK = "sent_back"
    TAKEN_BACK = "taken_back"
    TIMED_OUT = "timed_out"


class OnSilence(StrEnum):
    """What the policy names for a gate that nobody answers. There is no `approve`.

    `escalate` asks the next rung of the ladder, and the last one again and again; `hold` asks the same people again;
    `decline` walks the ladder, too, and declines when its last rung was silent.
    """

    ESCALATE = "escalate"
    HOLD = "hold"
    DECLINE = "decline"


class OnDecline(StrEnum):
    """When declines end a gate that asks several people: `one` is enough, or only when the `quorum` is out of reach."""

    ONE = "one"
    QUORUM = "quorum"


class Refusal(StrEnum):
    """Why a decision does not count. `sign_in_needed` comes from the hook alone: a link is not enough at this level."""

    LATE = "late"
    ALREADY_DECIDED = "already_decided"
    NOT_OPEN = "not_open"
    NOT_AN_APPROVER = "not_an_approver"
    SEPARATION_OF_DUTIES = "separation_of_duties"
    REPORT_CHANGED = "report_changed"
    PLAN_SENT_BACK = "plan_sent_back"
    REASON_MISSING = "reason_missing"
    NO_VOTE = "no_vote"
    SIGN_IN_NEEDED = "sign_in_needed"
    MALFORMED = "malformed"


class Ladder(StrEnum):
    """Who is asked: the approver, then the manager of who was silent, then the fallback role."""

    APPROVER = "approver"
    ESCALATION = "escalation"
    FALLBACK = "fallback"


LADDER = (Ladder.APPROVER, Ladder.ESCALATION, Ladder.FALLBACK)
People = Annotated[int, Field(ge=1, le=20)]


class GatePlan(Message):
    """One approval as the pinned plan fixes it. Deadlines are absolute; reminders fall before `due_at`.

    `people` are asked and `needed` of them must approve. `after` names gates that must be approved before this one is
    asked. `escalation_due_at` is the deadline of the second round. The gate opens only when the assessed level is
    `from_level` or above.
    """

    gate: str
    role: Role
    people: People = 1
    needed: People = 1
    on_decline: OnDecline = OnDecline.ONE
    after: tuple[str, ...] = ()
    due_at: Moment
    reminders_at: tuple[Moment, ...] = ()
    escalation_due_at: Moment
    ladder: tuple[Ladder, ...] = LADDER
    on_silence: OnSilence = OnSilence.ESCALATE
    from_level: Level = Level.LOW


class Seat(Message):
    """One vote of a gate: whose it is (`principal`), and who may cast it as well for the time being (`delegate`)."""

    principal: EmployeeId
    delegate: EmployeeId | None = None

    def holders(self) -> tuple[EmployeeId, ...]:
        """Who may cast the vote."""
        return (self.principal, self.delegate) if self.delegate else (self.principal,)


class Via(StrEnum):
    """The way a decision came: by a link alone, by somebody signed in, by the command, by a signed web hook."""

    LINK = "link"
    SESSION = "session"
    COMMAND = "command"
    WEBHOOK = "webhook"


class Decision(Message):
    """A decision as the hook accepted it. The note stays in our database: history holds no free text.

    `accepted_at` is stamped by the hook; the deadline is judged by it, never by the order of handlers. `round` is the
    one that the person was asked in; 0 where it is not known. `for_id` is whose seat it is when `by` is a delegate
    ("B for A"); None: the own seat.
    """

    decision_id: Label
    gate: Label
    verdict: Verdict
    by: EmployeeId
    for_id: EmployeeId | None = None
    accepted_at: Moment
    report_digest: str
    round: int = 0
    has_note: bool = False


class Vote(Message):
    """A decision that counts, in the seat of `principal`."""

    decision_id: str
    principal: EmployeeId
    by: EmployeeId
    verdict: Verdict
    at: Moment
    round: int


class DecisionReceipt(Message):
    """What the person is told: counted, or refused with a reason.

    `verdict` and `decided_by` are the end of the gate, None while it waits for more votes: it has `votes` approvals of
    the `needed`.
    """

    decision_id: str
    gate: str
    counted: bool
    refusal: Refusal | None = None
    verdict: Verdict | None = None
    decided_by: EmployeeId | None = None
    votes: int = 0
    needed: int = 1


class GateRound(Message):
    """Who is asked now and until when. Every new ask (escalation, delegation, changed report) is a new round, from 1.

    `seats` are all seats of the gate, also those that have voted for this report before.
    """

    gate: str
    round: int
    ladder: Ladder
    seats: tuple[Seat, ...]
    due_at: Moment
    report_version: int
    report_digest: str
    reminders_at: tuple[Moment, ...] = ()

    @property
    def approvers(self) -> tuple[EmployeeId, ...]:
        """Everybody who may answer, each once."""
        return tuple(dict.fromkeys(person for seat in self.seats for person in seat.holders()))


class GateOutcome(Message):
    """The recorded end of a gate. `by` cast the vote that ended it, None when nobody answered; `votes` are all."""

    gate: str
    verdict: Verdict
    by: EmployeeId | None = None
    at: Moment
    late: bool = False
    round: int = 1
    report_version: int = 0
    report_digest: str = ""
    votes: tuple[Vote, ...] = ()


class Ask(Message):
    """One gate to open, or to open again. Without `due_at` the deadline is counted in working days from the asking.

    `people` seats are to be filled; those in `kept` have voted and keep their seats. `same_people` asks who was asked
    in the round before once more.
    """

    gate: str
    role: Role
    round: int
    ladder: Ladder
    people: People = 1
    kept: tuple[Seat, ...] = ()
    same_people: bool = False
    due_at: Moment | None = None


class OpenGates(Message):
    """Ask people: find the approvers, make their links, send their messages, once per (case, gate, round).

    `barred` are people who must not be asked, `decided` those whose vote counts at another gate of the case, by gate.
    `at` is the workflow's time.
    """

    case_id: CaseId
    employee_id: EmployeeId
    asks: tuple[Ask, ...]
    report_version: int
    report_digest: str
    barred: tuple[EmployeeId, ...]
    decided: dict[str, tuple[EmployeeId, ...]] = {}
    at: Moment


class OpenedGates(Message):
    """The rounds that are open now, in the order of the asks. `barred` are the delegates of the leaver."""

    rounds: tuple[GateRound, ...]
    barred: tuple[EmployeeId, ...] = ()


class OpenSeat(Message):
    """A gate that waits: its open round, and the seats that have voted."""

    gate: str
    role: Role
    round: int
    ladder: Ladder
    people: People = 1
    voted: tuple[Seat, ...] = ()


class Reseat(Message):
    """People changed (a delegation, an absence, a re-assignment, somebody left): who is asked at the open gates now?"""

    case_id: CaseId
    employee_id: EmployeeId
    open: tuple[OpenSeat, ...]
    barred: tuple[EmployeeId, ...]
    decided: dict[str, tuple[EmployeeId, ...]] = {}
    at: Moment


class Reseated(Message):
    """New rounds, of those gates only where other people are asked now. `missing` are gates that nobody may answer."""

    rounds: tuple[GateRound, ...] = ()
    barred: tuple[EmployeeId, ...] = ()
    missing: tuple[str, ...] = ()


class Remind(Message):
    """Send one reminder of an open round; `number` counts them, so that a retry sends none twice.

    `voted` need no reminder.
    """

    case_id: CaseId
    gate: str
    round: int
    number: int
    voted: tuple[EmployeeId, ...] = ()
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
    """Write down what became of decisions and gates: rows, evidence, and word to whom it concerns.

    `votes` are those that the counted receipts stand for: each is compared with what the hook stored.
    """

    case_id: CaseId
    receipts: tuple[DecisionReceipt, ...] = ()
    votes: tuple[Vote, ...] = ()
    outcomes: tuple[GateOutcome, ...] = ()
    at: Moment


class CarryOver(Message):
    """The report changed, but not materially: what was decided for an older version stands, with a note."""

    case_id: CaseId
    gates: tuple[str, ...]
    report_version: int
    report_digest: str
    at: Moment
