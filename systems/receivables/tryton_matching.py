"""Which claims of a Tryton are settled by which money as of a day: by its own matches first, then the earliest due."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from models.amounts import ZERO
from systems.receivables.tryton_books import (
    Booking,
    Invoice,
    Line,
    foreign_matches,
    is_exchange,
    settled_matches,
)


@dataclass
class Claim:
    """What a client owes by one line; less than nothing once too much was paid. `instalment` is 0 of a single one."""

    line: Line
    invoice: Invoice | None
    instalment: int
    left: Decimal
    lowered: list[tuple[date, Decimal]] = field(default_factory=list)

    @property
    def due_on(self) -> date:
        """The due date; the day of the line where it has none."""
        return self.line.booking.due_on or self.line.on_day

    def lower(self, amount: Decimal, on_day: date) -> None:
        """Something came in."""
        self.left -= amount
        self.lowered.append((on_day, amount))


@dataclass
class Credit:
    """Money of a client, a credit note, or what was written off: what is `left` of it, positive, settles nothing yet.

    `invoice` is the credit note that it is.
    """

    line: Line
    invoice: Invoice | None
    left: Decimal

    def settle(self, claims: Iterable[Claim]) -> None:
        """Use it up for these, one after the other."""
        for claim in sorted(claims, key=lambda claim: (claim.due_on, claim.line.booking.id)):
            taken = min(self.left, max(claim.left, ZERO))
            if taken:
                claim.lower(taken, self.line.on_day)
                self.left -= taken


@dataclass
class Matched:
    """Claims and credits of some clients after everything was matched."""

    claims: list[Claim]
    credits: list[Credit]


def matched(lines: Sequence[Line], invoices: Iterable[Invoice], ledger: Iterable[Booking]) -> Matched:
    """Match lines of a day; `ledger` is every booking up to it, settled ones among them.

    A reconciliation all of whose lines are there settles all of them and nothing else. Other credits go to the invoice
    that they were entered for, to its matched instalments first, then to whatever they were matched with, the earliest
    due first. What is too much for an invoice makes its last instalment negative.
    """
    every = list(ledger)
    settled, foreign = settled_matches(every), foreign_matches(every)
    counted = [line for line in lines if not is_exchange(line.booking, foreign)]
    found = _sides(counted, {invoice.move: invoice for invoice in invoices})
    _settle_wholly(found, settled)
    open_ones = [claim for claim in found.claims if claim.line.booking.match not in settled]
    known = _Index(open_ones, found.claims)
    for credit in found.credits:
        if credit.line.booking.match not in settled:
            known.apply(credit)
    return found


def _sides(lines: Iterable[Line], by_move: Mapping[int, Invoice]) -> Matched:
    """Who owes and what was given, in order of their days; instalments of an invoice are numbered as they fall due."""
    found = Matched([], [])
    for line in sorted(lines, key=lambda line: (line.on_day, line.booking.id)):
        invoice, amount = by_move.get(line.move), line.booking.amount
        if amount > 0:
            found.claims.append(Claim(line, invoice, 0, amount))
        elif amount < 0:
            found.credits.append(Credit(line, invoice, -amount))
    instalments: dict[int, list[Claim]] = defaultdict(list)
    for claim in found.claims:
        if claim.invoice is not None:
            instalments[claim.invoice.id].append(claim)
    for claims in instalments.values():
        if len(claims) > 1:
            for number, claim in enumerate(sorted(claims, key=_by_due), 1):
                claim.instalment = number
    return found


def _settle_wholly(found: Matched, settled: frozenset[int]) -> None:
    """Reconciliations that are complete. Where currencies differ, the last day of one settles what is left in it."""
    claims: dict[int, list[Claim]] = defaultdict(list)
    last: dict[int, date] = {}
    for claim in found.claims:
        if (match := claim.line.booking.match) is not None and match in settled:
            claims[match].append(claim)
    for credit in found.credits:
        if (match := credit.line.booking.match) is not None and match in settled:
            same = [claim for claim in claims[match] if claim.line.booking.currency == credit.line.booking.currency]
            credit.settle([claim for claim in same if _is_for(credit, claim)])
            credit.settle(same)
            credit.left = ZERO
            last[match] = max(last.get(match, credit.line.on_day), credit.line.on_day)
    for match, among in claims.items():
        for claim in among:
            if claim.left:
                claim.lower(claim.left, last.get(match, claim.line.on_day))


class _Index:
    """Claims by what may settle them: the open ones of an invoice or of a match, and the last one of each invoice."""

    def __init__(self, open_ones: Iterable[Claim], every: Iterable[Claim]) -> None:
        self._of_invoice: dict[tuple[int, str], list[Claim]] = defaultdict(list)
        self._of_match: dict[tuple[int, str], list[Claim]] = defaultdict(list)
        self._last: dict[tuple[int, str], Claim] = {}
        for claim in open_ones:
            booking = claim.line.booking
            if claim.invoice is not None:
                self._of_invoice[claim.invoice.id, booking.currency].append(claim)
            if booking.match is not None:
                self._of_match[booking.match, booking.currency].append(claim)
        for claim in sorted(every, key=_by_due):
            if claim.invoice is not None:
                self._last[claim.invoice.id, claim.line.booking.currency] = claim

    def apply(self, credit: Credit) -> None:
        """Settle what a credit settles; what is left of it stays, or is too much for its invoice."""
        line, booking = credit.line, credit.line.booking
        target = line.pays or (line.origin if credit.invoice is None else None)
        entered_for = self._of_invoice.get((target or 0, booking.currency), [])
        matched_with = self._of_match.get((booking.match or 0, booking.currency), [])
        if line.pays is not None:
            credit.settle([claim for claim in entered_for if claim.line.booking.match == booking.match])
            credit.settle(entered_for)
            credit.settle(matched_with)
        else:
            credit.settle(matched_with)
            credit.settle(entered_for)
        last = self._last.get((target or 0, booking.currency))
        if credit.left and last is not None:
            last.lower(credit.left, line.on_day)
            credit.left = ZERO


def _is_for(credit: Credit, claim: Claim) -> bool:
    return claim.invoice is not None and claim.invoice.id == credit.line.pays


def _by_due(claim: Claim) -> tuple[date, int]:
    return claim.due_on, claim.line.booking.id
