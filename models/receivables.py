"""What a receivable audit finds, currency by currency. Decimal throughout; currencies are never added silently."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum

from pydantic import Field

from models.ageing import AgeingBasis
from models.amounts import ONE, ZERO
from models.base import ClientId, Message, Value
from models.open_items import SourceNote
from models.payment_forecast import PaymentForecast
from models.reasons import Reason


class Standing(StrEnum):
    """Why a debtor is assessed singly and leaves the matrix."""

    BANKRUPT = "bankrupt"
    IN_LITIGATION = "in_litigation"
    IN_DEFAULT = "in_default"
    OTHER = "other"


class SingleAssessment(Value):
    """A debtor assessed singly: everything that they owe has this loss rate instead of the matrix (never both)."""

    client: ClientId
    standing: Standing
    loss_rate: Decimal = Field(ge=0, le=1)
    assessed_on: date
    note: str = ""


class ObservedRate(Value):
    """Loss rate of a bucket out of the company's own history, by amount: never paid / reached the bucket.

    `used` is what shrinking makes of it: (items x observed + k x policy) / (items + k), where k is the policy's
    `observations`. `segment` is empty for all clients together.
    """

    segment: str
    bucket: str
    items: int
    reached: Decimal
    lost: Decimal
    observed: Decimal | None
    policy: Decimal
    used: Decimal


class RateTable(Value):
    """Rates from history beside those of the policy. `until` is the last day of history that was looked at."""

    currency: str
    until: date
    rates: tuple[ObservedRate, ...]


class ClientReceivables(Value):
    """What one client owes in one currency. `singly` when the matrix is not used for it."""

    client: ClientId
    total: Decimal
    overdue: Decimal
    open_items: int
    disputed_items: int
    oldest_days_past_due: int
    expected_credit_loss: Decimal
    portion: Decimal = ONE
    singly: Standing | None = None


class BucketLoss(Value):
    """Where the expected loss comes from: `balance` (debts, after each client's credits) x `rate`, over all clients."""

    bucket: str
    balance: Decimal
    expected_credit_loss: Decimal


class CollectionFigures(Value):
    """How well is collected (features 4.4), over the days up to `as_of`.

    DSO = receivables / credit sales x days. CEI = (opening + sales - closing total) / (opening + sales - closing not
    due) x 100. None where nothing was sold or nothing could be collected.
    """

    as_of: date
    days: int
    receivables: Decimal
    credit_sales: Decimal
    days_sales_outstanding: Decimal | None
    collection_effectiveness_index: Decimal | None
    overdue_share: Decimal
    largest_client_share: Decimal


class CurrencyAudit(Value):
    """The whole audit in one currency. `buckets` keeps the order of the policy and holds every label.

    `also` is the ageing on the other basis. `unreconciled` names clients whose open items differ from the ledger.
    `bad_debt_coefficient` is the expected loss by what it is made from: the balances of `bucket_losses` and `singly`;
    `drivers` say what makes it, in parts that add up to it. Shares are shown beside it and never mixed in.
    """

    currency: str
    total: Decimal
    overdue: Decimal
    buckets: dict[str, Decimal]
    bucket_items: dict[str, int]
    also: dict[str, Decimal] = {}
    open_items: int
    disputed_items: int
    disputed: Decimal
    expected_credit_loss: Decimal
    bucket_losses: tuple[BucketLoss, ...] = ()
    singly: Decimal = ZERO
    singly_loss: Decimal = ZERO
    bad_debt_coefficient: Decimal
    drivers: tuple[Reason, ...] = ()
    largest_client_share: Decimal
    reconciled: bool
    ledger_balance: Decimal
    unreconciled: tuple[ClientId, ...] = ()
    figures: tuple[CollectionFigures, ...] = ()
    clients: tuple[ClientReceivables, ...]


class RateUsed(Value):
    """One exchange rate: one unit of `currency` is worth `rate` of the reporting currency, as published on a day."""

    currency: str
    rate: Decimal
    on_day: date


class InReportingCurrency(Value):
    """Everything in one currency, by dated rates; `missing` names currencies without a rate that is recent enough.

    While something is missing there is no total: None is not zero.
    """

    currency: str
    total: Decimal | None
    overdue: Decimal | None
    expected_credit_loss: Decimal | None
    rates: tuple[RateUsed, ...] = ()
    missing: tuple[str, ...] = ()


class HeldCommission(Value):
    """Commission on an invoice that the client has not paid. `paid_on` is None when it is still to be paid."""

    commission: str
    document: str
    client: ClientId
    amount: Decimal
    currency: str
    paid_on: date | None


class CommissionExposure(Value):
    """Commission on unpaid invoices: `hold` is not paid out yet, `clawback` was paid within the window.

    `may_hold` and `may_claw_back` are what the policy, the jurisdiction and a signed agreement allow; `reasons` say
    why not. Nothing is deducted by Offboard: these are amounts for people to decide about.
    """

    hold: tuple[HeldCommission, ...] = ()
    clawback: tuple[HeldCommission, ...] = ()
    may_hold: bool = False
    may_claw_back: bool = False
    window_days: int = 0
    reasons: tuple[Reason, ...] = ()


class ReceivableAudit(Value):
    """Audit of everything that a salesperson's clients owe. Currencies are never added up silently.

    `main` is the currency with most open items (ties: alphabetical); None when nothing is open.
    """

    as_of: date
    basis: AgeingBasis
    main: CurrencyAudit | None
    others: tuple[CurrencyAudit, ...] = ()
    reporting: InReportingCurrency | None = None
    observed_rates: tuple[RateTable, ...] = ()
    forecast: PaymentForecast | None = None
    commission: CommissionExposure | None = None
    source: SourceNote | None = None

    @property
    def currencies(self) -> tuple[CurrencyAudit, ...]:
        """Every currency, the main one first."""
        return (self.main, *self.others) if self.main else ()


class ReceivableSummary(Message):
    """What history may know: totals as strings of Decimal, no client. `digest` names the full result in the store."""

    currency: str | None
    total: Decimal
    overdue: Decimal
    expected_credit_loss: Decimal
    open_items: int
    reconciled: bool
    digest: str


Debtors = Mapping[ClientId, SingleAssessment]
Segments = Mapping[ClientId, str]
