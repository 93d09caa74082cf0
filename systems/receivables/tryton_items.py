"""Open items and the past of invoices, out of matched books of a Tryton."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from itertools import accumulate
from operator import itemgetter

from models.amounts import ZERO
from models.base import ClientId
from models.exposure import part_of
from models.open_items import ItemKind, OpenItem, Portion, SettledItem
from systems.receivables.tryton_books import Invoice
from systems.receivables.tryton_matching import Claim, Credit, Matched


def items_of(books: Matched, ours: Mapping[str, tuple[ClientId, Portion]]) -> Iterator[OpenItem]:
    """Everything that is open. `ours` says by code which client it is, and which part of him is asked for."""
    for claim in books.claims:
        if claim.left:
            yield _of_claim(claim, *ours[claim.line.booking.client])
    for credit in books.credits:
        if credit.left:
            yield _of_credit(credit, *ours[credit.line.booking.client])


def past_of(books: Matched, since: date) -> Iterator[SettledItem]:
    """Invoices since a day with the day on which they were settled. The client is the code that Tryton has."""
    invoices: dict[Invoice, list[Claim]] = defaultdict(list)
    for claim in books.claims:
        if claim.invoice is not None and claim.invoice.on_day >= since:
            invoices[claim.invoice].append(claim)
    for invoice, claims in invoices.items():
        first = claims[0].line.booking
        amount = sum((claim.line.booking.amount for claim in claims), ZERO)
        yield SettledItem(
            client_id=first.client,
            document=invoice.number,
            issued_on=invoice.on_day,
            due_on=max(claim.due_on for claim in claims),
            settled_on=_settled_on(claims, amount),
            amount=amount,
            currency=first.currency,
        )


def _settled_on(claims: list[Claim], amount: Decimal) -> date | None:
    lowered = sorted((each for claim in claims for each in claim.lowered), key=itemgetter(0))
    sums = accumulate(taken for _, taken in lowered)
    return next((on_day for (on_day, _), sum_ in zip(lowered, sums, strict=True) if sum_ >= amount), None)


def _of_claim(claim: Claim, client: ClientId, portion: Portion) -> OpenItem:
    line, left = claim.line, claim.left
    return OpenItem(
        document=claim.invoice.number if claim.invoice else line.number,
        instalment=claim.instalment,
        client_id=client,
        issued_on=claim.invoice.on_day if claim.invoice else line.on_day,
        due_on=claim.due_on,
        amount=line.booking.amount,
        outstanding=part_of(left, portion),
        whole=left,
        currency=line.booking.currency,
        disputed=part_of(left, portion) if line.disputed and left > 0 else ZERO,
    )


def _of_credit(credit: Credit, client: ClientId, portion: Portion) -> OpenItem:
    line, invoice = credit.line, credit.invoice
    issued_on = invoice.on_day if invoice else line.on_day
    return OpenItem(
        document=invoice.number if invoice else line.number,
        kind=ItemKind.CREDIT_NOTE if invoice else ItemKind.UNAPPLIED_CASH,
        client_id=client,
        issued_on=issued_on,
        due_on=issued_on,
        amount=line.booking.amount,
        outstanding=part_of(-credit.left, portion),
        whole=-credit.left,
        currency=line.booking.currency,
    )
