"""Receivables in Tryton, read over REST; docs/receivables-tryton.md says what its key must be able to read."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import NamedTuple

from models.open_items import LedgerKey, Portions, SettledItem, SourceNote
from models.reasons import Reason, because
from systems.receivables.answers import Misread
from systems.receivables.calls import Calls
from systems.receivables.failures import garbled, no_answer
from systems.receivables.http import PATIENCE, Patience
from systems.receivables.port import SourceCheck
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
    owed,
)
from systems.receivables.tryton_company import Company, check, clients_since, company_of
from systems.receivables.tryton_items import items_of, past_of
from systems.receivables.tryton_matching import matched
from systems.receivables.tryton_rest import SYSTEM, TrytonRest, parts_of
from systems.receivables.whole_snapshot import WholeSnapshot

TRIES = 3  # as often the books may change while they are read


class _Changed(Exception):
    """Somebody changed the books while they were read."""


class _Books(NamedTuple):
    """The books as they were at a moment; `again` are the same lines, read once more to be added up."""

    lines: list[Line]
    invoices: list[Invoice]
    again: list[Booking]
    at: datetime


class TrytonReceivables:
    """The receivables of one company in a Tryton at `address`. A client is a party, and the code of it his key.

    `company` names it where there are several. `disputes` is False for a Tryton without the module `account_dunning`.
    """

    system = SYSTEM

    def __init__(
        self,
        address: str,
        database: str,
        key: str,
        *,
        calls: Calls,
        patience: Patience = PATIENCE,
        company: str | None = None,
        disputes: bool = True,
    ) -> None:
        self._rest = TrytonRest(address, database, key, calls, patience)
        self._wanted, self._disputes = company, disputes
        self._company: Company | None = None

    def close(self) -> None:
        """Give every connection back."""
        self._rest.close()

    @contextmanager
    def snapshot(self, clients: Portions, as_of: date) -> Iterator[WholeSnapshot]:
        """Read until nothing changed while it was read."""
        ours = {portion.key: (client, portion) for client, portion in clients.items()}
        books = self._read(sorted(ours), as_of)
        found = matched(books.lines, books.invoices)
        ledger = {LedgerKey(ours[code][0], currency): sum_ for (code, currency), sum_ in owed(books.again).items()}
        note = SourceNote(system=SYSTEM, read_at=books.at, cannot=self._cannot())
        yield WholeSnapshot(note, as_of, items_of(found, ours), ledger)

    def history(self, as_of: date, since: date, clients: Portions | None = None) -> Iterator[SettledItem]:
        """Invoices issued since a day, some clients at a time; of all clients by the codes that Tryton has."""
        ours = None if clients is None else {portion.key: client for client, portion in clients.items()}
        codes = self._clients_since(since, as_of) if ours is None else sorted(ours)
        for part in parts_of(codes):
            books = self._read(part, as_of)
            for item in past_of(matched(books.lines, books.invoices), since):
                yield item if ours is None else item.model_copy(update={"client_id": ours[item.client_id]})

    def check(self) -> SourceCheck:
        """Ask for a row of everything that an audit needs."""
        try:
            found = check(self._rest, self._wanted, disputes=self._disputes)
        except Misread as misread:
            raise garbled(SYSTEM, misread) from None
        return found._replace(cannot=self._cannot())

    def _read(self, codes: Sequence[str], as_of: date) -> _Books:
        for _ in range(TRIES):
            try:
                return self._read_once(codes, as_of)
            except _Changed:
                continue
            except Misread as misread:
                raise garbled(SYSTEM, misread) from None
        raise no_answer(SYSTEM, "its books change faster than they can be read")

    def _read_once(self, codes: Sequence[str], as_of: date) -> _Books:
        """Everything, and then the lines once more.

        A line that is the same both times was so all the time between; when all of them are, they are the books of one
        moment: the one between the two readings, whatever was entered before and after it.
        """
        scopes = [self._scope(part, as_of) for part in parts_of(codes)]
        lines, invoices = [], []
        for scope in scopes:
            asked = lines_asked(scope, disputes=self._disputes)
            lines += [line_of(row, scope) for row in self._rest.rows(asked, scope.company)]
            invoices += [invoice_of(row, scope) for row in self._rest.rows(invoices_asked(scope), scope.company)]
        moment = datetime.now(UTC)
        again = [
            booking_of(row, scope) for scope in scopes for row in self._rest.rows(bookings_asked(scope), scope.company)
        ]
        if _by_id(line.booking for line in lines) != _by_id(again):
            raise _Changed
        return _Books(lines, invoices, again, moment)

    def _clients_since(self, since: date, as_of: date) -> list[str]:
        try:
            return clients_since(self._rest, self._the_company().id, since, as_of)
        except Misread as misread:
            raise garbled(SYSTEM, misread) from None

    def _scope(self, codes: Sequence[str], as_of: date) -> Scope:
        company = self._the_company()
        return Scope(company.id, company.currency, codes, as_of)

    def _the_company(self) -> Company:
        if self._company is None:
            self._company = company_of(self._rest, self._wanted)
        return self._company

    def _cannot(self) -> tuple[Reason, ...]:
        if not self._disputes:
            return (because("which invoices are disputed"),)
        return because("since when an invoice is disputed"), because("how much of an invoice is disputed")


def _by_id(bookings: Iterable[Booking]) -> dict[int, Booking]:
    return {booking.id: booking for booking in bookings}
