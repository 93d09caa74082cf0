"""Receivables in Tryton, read over REST; docs/receivables-tryton.md says what its key must be able to read."""

from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from datetime import date

from models.open_items import LedgerKey, Portions, SettledItem, SourceNote
from models.reasons import Reason, because
from systems.receivables.answers import Misread
from systems.receivables.calls import Calls
from systems.receivables.failures import garbled, no_answer
from systems.receivables.http import PATIENCE, Patience
from systems.receivables.port import SourceCheck
from systems.receivables.tryton_books import Scope, owed
from systems.receivables.tryton_company import Company, check, clients_since, company_of, parties_of
from systems.receivables.tryton_items import items_of, past_of
from systems.receivables.tryton_matching import matched
from systems.receivables.tryton_reading import Books, read_books
from systems.receivables.tryton_rest import SYSTEM, TrytonRest, parts_of
from systems.receivables.whole_snapshot import WholeSnapshot

TRIES = 3  # as often the books may change while they are read


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
        found = matched(books.lines, books.invoices, books.ledger)
        ledger = {LedgerKey(ours[code][0], currency): sum_ for (code, currency), sum_ in owed(books.ledger).items()}
        note = SourceNote(
            system=SYSTEM,
            read_at=books.at,
            cannot=self._cannot(),
            asked=len(ours),
            known=self._known(ours.keys(), {booking.client for booking in books.ledger}),
        )
        yield WholeSnapshot(note, as_of, items_of(found, ours), ledger)

    def history(self, as_of: date, since: date, clients: Portions | None = None) -> Iterator[SettledItem]:
        """Invoices issued since a day, some clients at a time; of all clients by the codes that Tryton has."""
        ours = None if clients is None else {portion.key: client for client, portion in clients.items()}
        codes = self._clients_since(since, as_of) if ours is None else sorted(ours)
        for part in parts_of(codes):
            books = self._read(part, as_of, settled=True)
            for item in past_of(matched(books.lines, books.invoices, books.ledger), since):
                yield item if ours is None else item.model_copy(update={"client_id": ours[item.client_id]})

    def check(self) -> SourceCheck:
        """Ask for a row of everything that an audit needs."""
        try:
            found = check(self._rest, self._wanted, disputes=self._disputes)
        except Misread as misread:
            raise garbled(SYSTEM, misread) from None
        return found._replace(cannot=self._cannot())

    def _read(self, codes: Sequence[str], as_of: date, *, settled: bool = False) -> Books:
        for _ in range(TRIES):
            try:
                company = self._the_company()
                scopes = [Scope(company.id, company.currency, part, as_of) for part in parts_of(codes)]
                books = read_books(self._rest, scopes, disputes=self._disputes, settled=settled)
            except Misread as misread:
                raise garbled(SYSTEM, misread) from None
            if books is not None:
                return books
        raise no_answer(SYSTEM, "its books change faster than they can be read")

    def _known(self, codes: Set[str], booked: Set[str]) -> int:
        """How many of the clients Tryton has: only those without anything in the books are asked for once more."""
        try:
            return len(booked) + sum(
                len(parties_of(self._rest, self._the_company().id, part)) for part in parts_of(sorted(codes - booked))
            )
        except Misread as misread:
            raise garbled(SYSTEM, misread) from None

    def _clients_since(self, since: date, as_of: date) -> list[str]:
        try:
            return clients_since(self._rest, self._the_company().id, since, as_of)
        except Misread as misread:
            raise garbled(SYSTEM, misread) from None

    def _the_company(self) -> Company:
        if self._company is None:
            self._company = company_of(self._rest, self._wanted)
        return self._company

    def _cannot(self) -> tuple[Reason, ...]:
        if not self._disputes:
            return (because("which invoices are disputed"),)
        return because("since when an invoice is disputed"), because("how much of an invoice is disputed")
