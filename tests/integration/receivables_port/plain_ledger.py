"""What is open, worked out in plain Python that shares nothing with the product: the answer that adapters owe."""

from collections import defaultdict
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from tests.integration.receivables_port.business import Business, Invoice

CENT = Decimal("0.01")


class Open(NamedTuple):
    """One open item as the whole company sees it, in the order in which items are read."""

    client: str
    due: date
    document: str
    instalment: int
    kind: str
    issued: date
    amount: Decimal
    left: Decimal
    disputed: Decimal
    currency: str


def open_items(business: Business, as_of: date) -> list[Open]:
    """Everything that is open at the end of a day."""
    found = [item for invoice in business.invoices.values() for item in _of_invoice(business, invoice, as_of)]
    found += [
        Open(note.client, note.on, note.number, 0, "credit_note", note.on, -Decimal(note.amount), -Decimal(note.amount),
             Decimal(0), note.currency)
        for note in business.credits if note.on <= as_of and note.invoice is None
    ]  # fmt: skip
    found += [
        Open(cash.client, cash.on, cash.number, 0, "unapplied_cash", cash.on, -Decimal(cash.amount),
             -Decimal(cash.amount), Decimal(0), cash.currency)
        for cash in business.money if cash.on <= as_of and cash.invoice is None
    ]  # fmt: skip
    return sorted(found)


def balances(business: Business, as_of: date) -> dict[tuple[str, str], Decimal]:
    """What each client owes in each currency, without a look at single items; accounts at zero are left out."""
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for invoice in business.invoices.values():
        sums[invoice.client, invoice.currency] += Decimal(invoice.amount) if invoice.on <= as_of else 0
    for note in business.credits:
        sums[note.client, note.currency] -= Decimal(note.amount) if note.on <= as_of else 0
    for cash in business.money:
        sums[cash.client, cash.currency] -= Decimal(cash.amount) if cash.on <= as_of else 0
    return {key: balance for key, balance in sorted(sums.items()) if balance}


def every_balance(business: Business, as_of: date) -> dict[tuple[str, str], Decimal]:
    """The same with every client that a system has, also those that owe nothing."""
    owed = balances(business, as_of)
    return owed | {(client, "USD"): Decimal(0) for client in business.clients if client not in {key[0] for key in owed}}


def settled_on(business: Business, number: str, as_of: date) -> date | None:
    """The day on which nothing was left of an invoice."""
    invoice = business.invoices[number]
    days = sorted({cash.on for cash in business.money} | {note.on for note in business.credits})
    if Decimal(invoice.amount) > _lowered(business, invoice, as_of):
        return None
    return next(day for day in days if _lowered(business, invoice, day) >= Decimal(invoice.amount))


def part(amount: Decimal, low: str, high: str) -> Decimal:
    """What lies between two shares of an amount, by rounding what lies below each of them."""
    below = [(amount * Decimal(share)).quantize(CENT, ROUND_HALF_UP) for share in (low, high)]
    return below[1] - below[0]


def _lowered(business: Business, invoice: Invoice, as_of: date) -> Decimal:
    lowering = [cash.amount for cash in business.money if cash.invoice == invoice.number and cash.on <= as_of]
    lowering += [note.amount for note in business.credits if note.invoice == invoice.number and note.on <= as_of]
    return sum((Decimal(amount) for amount in lowering), Decimal(0))


def _of_invoice(business: Business, invoice: Invoice, as_of: date) -> list[Open]:
    if invoice.on > as_of:
        return []
    lowered = _lowered(business, invoice, as_of)
    doubted = _doubted(invoice, Decimal(invoice.amount) - lowered, as_of)
    parts = invoice.instalments or ((invoice.due, invoice.amount),)
    found = []
    for place, (due, text) in enumerate(parts, 1):
        amount = Decimal(text)
        taken = lowered if place == len(parts) else min(lowered, amount)
        lowered -= taken
        left = amount - taken
        here = max(Decimal(0), min(doubted, left))
        doubted -= here
        number = place if invoice.instalments else 0
        found.append(
            Open(
                invoice.client, due, invoice.number, number, "invoice", invoice.on, amount, left, here, invoice.currency
            )
        )
    return [item for item in found if item.left]


def _doubted(invoice: Invoice, left: Decimal, as_of: date) -> Decimal:
    if invoice.disputed_on is None or invoice.disputed_on > as_of:
        return Decimal(0)
    wanted = left if invoice.disputed_amount is None else Decimal(invoice.disputed_amount)
    return max(Decimal(0), min(wanted, left))
