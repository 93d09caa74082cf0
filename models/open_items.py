"""Open items as accountants see them, whose they are, and how they are added up. One currency an item."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from pydantic import Field

from models.amounts import ONE, ZERO
from models.base import ClientId, Moment, Value
from models.reasons import Reason, because


class ItemKind(StrEnum):
    """What an open item is. A credit note and unapplied cash (a prepayment, a payment on account) are negative."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    UNAPPLIED_CASH = "unapplied_cash"


class OpenItem(Value):
    """One claim with one due date as of a day, in its own currency; an instalment is an item of its own.

    `whole` = invoiced - credited - paid - written off, never zero; of an invoice that was paid too much it is negative
    (an overpayment). `outstanding` and `disputed` are the part of one salesperson: of a shared account less than
    `whole`, and zero where the part of a cent is none. Credit notes and unapplied cash age from their own date:
    `due_on` is `issued_on`. What is negative is never disputed.
    """

    document: str
    instalment: int = 0
    kind: ItemKind = ItemKind.INVOICE
    client_id: ClientId
    issued_on: date
    due_on: date
    amount: Decimal
    outstanding: Decimal
    whole: Decimal
    currency: str
    disputed: Decimal = ZERO


class SettledItem(Value):
    """One invoice of the past as a forecast may know it: `settled_on` is None while something is open."""

    client_id: ClientId
    document: str
    issued_on: date
    due_on: date
    settled_on: date | None
    amount: Decimal
    currency: str


class Portion(Value):
    """Which part of a client is one salesperson's: from `low` to `high` of the whole, 0..1 (all of it by default).

    Holders of a shared account stand end to end, so that rounded parts always add up to the whole: the part of an
    amount is round(amount x high) - round(amount x low) to cents, halves away from zero; at the ends (0 and 1) nothing
    is rounded (models/exposure.py). `key` is the client in the system asked.
    """

    key: str
    low: Decimal = Field(default=ZERO, ge=0, le=1)
    high: Decimal = Field(default=ONE, ge=0, le=1)


class LedgerKey(NamedTuple):
    """One account of a ledger: a client in a currency."""

    client: ClientId
    currency: str


class ExposureLine(NamedTuple):
    """Open items of one client that share currency and buckets, added up.

    `bucket` is by the basis of the policy, `also` by the other one (empty when the policy has no such limits);
    `oldest_days` is the most days past due of an item with a positive `whole`, 0 when none is. `outstanding`, `overdue`
    and `disputed` are the salesperson's part, `whole` is before shares are taken. `items` counts all of them,
    `disputed_items` those with something disputed. Not a model: an audit of a whole company reads many of these.
    """

    client: ClientId
    currency: str
    bucket: str
    also: str
    items: int
    outstanding: Decimal
    whole: Decimal
    overdue: Decimal
    disputed: Decimal
    disputed_items: int
    oldest_days: int


class SourceNote(Value):
    """Where figures were read and when; `cannot` says what that system does not tell, for readers.

    `asked` is the number of clients asked for, `known` how many of them the system knows, whether they owe or not.
    """

    system: str
    read_at: Moment
    cannot: tuple[Reason, ...] = ()
    asked: int = 0
    known: int = 0

    @property
    def knows_nobody(self) -> bool:
        """Nothing was told then: that strangers owe nothing is no figure."""
        return self.asked > 0 and self.known == 0


# For `SourceNote.cannot` of a system whose `ledger` adds up the very rows that its items come from.
OWN_SUMS_ONLY = because("No balance of an independent ledger was given: the items were compared with their own sums.")
# For `SourceNote.cannot` of a read of which some clients are unknown to the system; a sentence of its own for readers.
SOME_UNKNOWN = "{system} does not know {unknown} of {asked} clients; they owe nothing there as far as it says."

Portions = Mapping[ClientId, Portion]
Ledger = Mapping[LedgerKey, Decimal]
