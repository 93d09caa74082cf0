"""A business of the conformance suite in a real Tryton, with the adapter before it."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from decimal import Decimal
from typing import Any

from systems.receivables.calls import Calls
from systems.receivables.http import PATIENCE, Patience
from systems.receivables.tryton import TrytonReceivables
from tests.integration.receivables_port.business import Business, Invoice, Money
from tests.servers.tryton import Tryton
from tests.servers.tryton_fill import Ledger, Share

PLACES = Decimal("0.0000000001")
RATES = {date(2000, 1, 1): "7.10"}


class TrytonSystem:
    """A Tryton for each business that is asked about, started once. Documents have Tryton's numbers there."""

    blind = frozenset({"dispute_dates", "disputed_amounts"})

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._known: dict[str, tuple[TrytonReceivables, dict[str, str]]] = {}
        self._ours: dict[str, str] = {}

    def filled(self, business: Business, as_of: date) -> TrytonReceivables:
        """The adapter; Tryton has all of the business, and is asked as of the day."""
        if repr(business) not in self._known:
            server = self._stack.enter_context(Tryton(ledger_of(business).document()))
            ours = {row["number"]: reference for reference, row in server.invoices.items()}
            ours |= _numbers_of_money(server, business)
            self._known[repr(business)] = self._stack.enter_context(adapter(server)), ours
        source, self._ours = self._known[repr(business)]
        return source

    def number(self, document: str) -> str:
        """Our number of a document of the Tryton that was asked for last."""
        return self._ours[document]

    def close(self) -> None:
        """Stop everything."""
        self._stack.close()


@contextmanager
def adapter(server: Tryton, key: str = "", patience: Patience = PATIENCE, **more: Any) -> Iterator[TrytonReceivables]:
    """The adapter before a Tryton, for the length of a block."""
    source = TrytonReceivables(
        server.url, server.database, key or server.key, calls=Calls(4), patience=patience, **more
    )
    yield source
    source.close()


def ledger_of(business: Business) -> Ledger:
    """What happened, as Tryton's books are filled."""
    ledger = Ledger("USD").client(*business.clients).rates("CNY", RATES)
    for invoice in business.invoices.values():
        ledger.invoice(
            invoice.number, invoice.client, invoice.amount, invoice.on, due=_due(invoice), currency=invoice.currency
        )
        if invoice.disputed_on:
            ledger.disputed(invoice.number)
    for note in business.credits:
        if note.invoice:
            ledger.credited(note.invoice, note.number, note.on, note.amount, how="applied")
        else:
            ledger.invoice(note.number, note.client, f"-{note.amount}", note.on, due=0, currency=note.currency)
    for cash in business.money:
        if cash.invoice is None:
            ledger.received(cash.client, cash.amount, cash.on, currency=cash.currency)
        elif cash.written_off:
            ledger.paid(cash.invoice, "0", cash.on, rest="written_off")
        else:
            ledger.paid(cash.invoice, cash.amount, cash.on)
    return ledger


def _due(invoice: Invoice) -> int | tuple[Share, ...]:
    if not invoice.instalments:
        return (invoice.due - invoice.on).days
    shares = [(Decimal(amount) / Decimal(invoice.amount)).quantize(PLACES) for _, amount in invoice.instalments]
    return tuple(
        ((day - invoice.on).days, str(share)) for (day, _), share in zip(invoice.instalments, shares, strict=True)
    )


def _numbers_of_money(server: Tryton, business: Business) -> dict[str, str]:
    """Money on account has no number but that of its move: told apart by client, day and amount."""
    fields = ["move.number", "party.code", "date", "debit", "credit", "amount_second_currency"]
    with server.rest(server.admin) as admin:
        rows = admin.get("/model/account.move.line", params={"f": fields}).raise_for_status().json()
    moves = {}
    for row in rows:
        if row["party"]:
            amount = row["amount_second_currency"] or row["credit"]
            on = date(row["date"]["year"], row["date"]["month"], row["date"]["day"])
            moves[row["party"]["code"], on, abs(Decimal(amount["decimal"]))] = row["move"]["number"]
    return {moves[_key(cash)]: cash.number for cash in _on_account(business.money)}


def _on_account(money: Iterable[Money]) -> list[Money]:
    return [cash for cash in money if cash.invoice is None]


def _key(cash: Money) -> tuple[str, date, Decimal]:
    return cash.client, cash.on, Decimal(cash.amount)
