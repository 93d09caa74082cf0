"""What happens to the money after a departure: who collects, by when how much, and what clients confirm to owe."""

from datetime import date
from decimal import Decimal
from enum import StrEnum

from models.amounts import ZERO, share_of
from models.base import CaseId, ClientId, EmployeeId, Message, Moment, Value
from models.receivables import CollectionFigures


class MilestoneState(StrEnum):
    """`met` and `missed` are judged by what the books say when it is due; `void` ended with the case or the debt."""

    OPEN = "open"
    MET = "met"
    MISSED = "missed"
    VOID = "void"


class Milestone(Value):
    """One date of a clearing plan: by then no more than `at_most` of what was audited is still open.

    `open_then` is what was open when it was judged; None before.
    """

    client: ClientId
    currency: str
    number: int
    due_at: Moment
    at_most: Decimal
    state: MilestoneState = MilestoneState.OPEN
    open_then: Decimal | None = None


class ClearingPlan(Value):
    """Who collects what a client owes in one currency, and by when. `audited` is what was open at the hand-over.

    `open_now` is what was still open of it when the books were read last, at `read_at`; None before. A plan without
    dates is about credits: nothing is to be collected, and somebody answers for it. `ended_at`: nothing is left to do.
    """

    case_id: CaseId
    client: ClientId
    currency: str
    collector: EmployeeId
    audited: Decimal
    milestones: tuple[Milestone, ...]
    open_now: Decimal | None = None
    read_at: Moment | None = None
    ended_at: Moment | None = None


class ConfirmationState(StrEnum):
    """State of a balance confirmation. `due`: the letter is made and was not sent yet; `silent`: no answer in time."""

    DUE = "due"
    SENT = "sent"
    CONFIRMED = "confirmed"
    DISPUTED = "disputed"
    SILENT = "silent"


class BalanceConfirmation(Value):
    """One letter that asks a client whether they owe `amount` as of a day. `answered_amount` is what they say.

    `amount` is all that the client owes in this currency, whoever's client it is. `due_at` is until when an answer is
    expected; None before the letter is sent.
    """

    case_id: CaseId
    client: ClientId
    currency: str
    as_of: date
    amount: Decimal
    state: ConfirmationState
    due_at: Moment | None = None
    answered_amount: Decimal | None = None
    note: str = ""

    @property
    def disputed(self) -> Decimal:
        """How much of the amount the client does not admit; never negative."""
        if self.state is not ConfirmationState.DISPUTED:
            return ZERO
        return max(ZERO, self.amount - (self.answered_amount or ZERO))


class CommissionHold(Value):
    """Commission that is held back until the client has paid `document`; `released_at` is when that was seen."""

    commission: str
    document: str
    client: ClientId
    amount: Decimal
    currency: str
    held_at: Moment
    released_at: Moment | None = None


class FollowUp(Value):
    """Everything that follows an audit in one case: plans with their dates, letters to clients, commission held."""

    plans: tuple[ClearingPlan, ...] = ()
    confirmations: tuple[BalanceConfirmation, ...] = ()
    holds: tuple[CommissionHold, ...] = ()

    @property
    def confirmed(self) -> int:
        """How many letters were answered that the amount is right."""
        return sum(each.state is ConfirmationState.CONFIRMED for each in self.confirmations)

    @property
    def rate(self) -> Decimal | None:
        """The completion rate, 0..1: letters confirmed / all letters; None where no client was asked."""
        return share_of(Decimal(self.confirmed), Decimal(len(self.confirmations))) if self.confirmations else None


class BucketRecovery(Value):
    """What was open in an ageing bucket when it was audited, and how much of it is settled now."""

    currency: str
    bucket: str
    audited: Decimal
    recovered: Decimal


class CurrencyFigures(Value):
    """How well was collected in one currency: `before` at the audit, `after` at the newest follow-up audit."""

    currency: str
    before: tuple[CollectionFigures, ...] = ()
    after: tuple[CollectionFigures, ...] = ()
    expected_credit_loss_before: Decimal | None = None
    expected_credit_loss_after: Decimal | None = None


class CollectionOutcome(Value):
    """What the follow-up brought, as of a day."""

    as_of: date
    buckets: tuple[BucketRecovery, ...] = ()
    figures: tuple[CurrencyFigures, ...] = ()


class CollectionRequest(Message):
    """Follow the money of a case from the hand-over on. Ids only."""

    case_id: CaseId
    employee_id: EmployeeId


class CollectionLook(Message):
    """One look at what is due at a moment."""

    case_id: CaseId
    employee_id: EmployeeId
    at: Moment


class CollectionRound(Message):
    """What one look did: counts, the next moment at which something is due (None: everything has ended).

    `summary` holds totals such as `72,000 of 100,000 CNY open`, empty when nothing could be read yet. `unread` is the
    system that did not answer. `waiting_on` are the collectors of what is open.
    """

    next_at: Moment | None
    met: int = 0
    missed: int = 0
    reminded: int = 0
    silent: int = 0
    released: int = 0
    open_plans: int = 0
    due_at: Moment | None = None
    summary: str = ""
    unread: str | None = None
    waiting_on: tuple[EmployeeId, ...] = ()
