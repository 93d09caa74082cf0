"""Receivables: open items, ageing, expected credit loss. Decimal throughout, one currency per sum."""

from datetime import date
from decimal import Decimal
from enum import StrEnum

from pydantic import Field

from models.base import ClientId, Message, Value


class AgeingBasis(StrEnum):
    """What an age is counted from: the due date (IFRS) or the invoice date (Chinese disclosure)."""

    DUE_DATE = "due_date"
    INVOICE_DATE = "invoice_date"


class Bucket(Value):
    """One row of a provision matrix. `upto` is the inclusive upper bound in days; None is open-ended.

    On the `due_date` basis the first bucket is `current` with `upto = 0`: not yet due, or due today.
    """

    label: str
    upto: int | None = None
    loss_rate: Decimal = Field(ge=0, le=1)


class AgeingPolicy(Value):
    """Limits, basis and rates; the last bucket is open-ended and limits rise."""

    basis: AgeingBasis
    buckets: tuple[Bucket, ...]
    forward_looking_factor: Decimal = Field(default=Decimal("1"), ge=0)


class OpenItem(Value):
    """One unpaid invoice as of a date: `outstanding` = invoiced - paid, in its own currency, never zero.

    A negative `outstanding` is an overpayment (unapplied cash).
    """

    invoice_id: str
    client_id: ClientId
    issued_on: date
    due_on: date
    amount: Decimal
    outstanding: Decimal
    currency: str
    disputed: bool = False


class ClientReceivables(Value):
    """What one client owes in one currency."""

    client: ClientId
    total: Decimal
    overdue: Decimal
    open_items: int
    disputed_items: int
    oldest_days_past_due: int
    expected_credit_loss: Decimal


class CurrencyAudit(Value):
    """The whole audit in one currency. `buckets` keeps the order of the policy and holds every label."""

    currency: str
    total: Decimal
    overdue: Decimal
    buckets: dict[str, Decimal]
    bucket_items: dict[str, int]
    open_items: int
    disputed_items: int
    disputed: Decimal
    expected_credit_loss: Decimal
    bad_debt_coefficient: Decimal
    largest_client_share: Decimal
    reconciled: bool
    ledger_balance: Decimal
    clients: tuple[ClientReceivables, ...]


class ReceivableAudit(Value):
    """Audit of everything that a salesperson's clients owe. Currencies are never added up.

    `main` is the currency with most open items (ties: alphabetical); None when nothing is open.
    """

    as_of: date
    basis: AgeingBasis
    main: CurrencyAudit | None
    others: tuple[CurrencyAudit, ...] = ()


class ReceivableSummary(Message):
    """What history may know: totals as strings of Decimal, no client. `digest` names the full result in the store."""

    currency: str | None
    total: Decimal
    overdue: Decimal
    expected_credit_loss: Decimal
    open_items: int
    reconciled: bool
    digest: str
