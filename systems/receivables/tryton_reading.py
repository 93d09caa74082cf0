"""Reading the books of a Tryton so that everything is from one moment, though it takes many questions."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from systems.receivables.tryton_books import (
    Booking,
    Invoice,
    Line,
    Scope,
    booking_of,
    bookings_asked,
    invoice_of,
    invoices_asked,
    line_of,
    lines_asked,
    matched_asked,
    parts_of_ids,
    settled_matches,
)
from systems.receivables.tryton_rest import TrytonRest


class Books(NamedTuple):
    """The books as they were at a moment: lines with what they belong to, and the whole ledger, settled lines too."""

    lines: list[Line]
    invoices: list[Invoice]
    ledger: list[Booking]
    at: datetime


def read_books(rest: TrytonRest, scopes: Sequence[Scope], *, disputes: bool, settled: bool) -> Books | None:
    """Open lines and their invoices, then the whole ledger. None when somebody changed the books meanwhile.

    A line that is the same in both readings was so all the time between. When all are, and what only the second one
    has is settled, they are the books of one moment: the one between the readings, whatever came before and after it.
    With `settled`, the first reading has every line.
    """
    lines: list[Line] = []
    invoices: list[Invoice] = []
    for scope in scopes:
        first = _lines(rest, scope, disputes=disputes, settled=settled)
        of_scope = _invoices(rest, scope, first)
        if not settled:
            first += _settled_parts(rest, scope, of_scope, disputes=disputes)
        lines += first
        invoices += of_scope
    moment = datetime.now(UTC)
    ledger = [booking_of(row, scope) for scope in scopes for row in rest.rows(bookings_asked(scope), scope.company)]
    if not _unchanged([line.booking for line in lines], ledger):
        return None
    return Books(list({line.booking.id: line for line in lines}.values()), invoices, ledger, moment)


def _lines(rest: TrytonRest, scope: Scope, *, disputes: bool, settled: bool) -> list[Line]:
    question = lines_asked(scope, disputes=disputes, settled=settled)
    return [line_of(row, scope) for row in rest.rows(question, scope.company)]


def _invoices(rest: TrytonRest, scope: Scope, lines: Iterable[Line]) -> list[Invoice]:
    """The invoices that lines come from or pay."""
    wanted = {number for line in lines for number in (line.origin, line.pays) if number is not None}
    return [
        invoice_of(row, part)
        for part in parts_of_ids(wanted)
        for row in rest.rows(invoices_asked(scope, part), scope.company)
    ]


def _settled_parts(rest: TrytonRest, scope: Scope, invoices: Iterable[Invoice], *, disputes: bool) -> list[Line]:
    """Lines of these invoices that are settled already: instalments are counted with them, and one may be overpaid."""
    return [
        line_of(row, scope)
        for part in parts_of_ids(invoice.move for invoice in invoices)
        for row in rest.rows(matched_asked(scope, part, disputes=disputes), scope.company)
    ]


def _unchanged(first: Iterable[Booking], ledger: Sequence[Booking]) -> bool:
    before, later, settled = set(first), set(ledger), settled_matches(ledger)
    return before <= later and all(booking.match in settled for booking in later - before)
