"""Runs in Tryton's own environment: payments, other money and what they settle.

Part of `tryton_program.py`; see there why this may import Tryton.
"""

from datetime import date
from decimal import Decimal
from typing import Any

from tryton_books import Books, Row
from trytond.transaction import Transaction

Payments = list[tuple[Row, Any]]  # what the document says, and the invoice
Closing = tuple[date, list[Any], bool]  # the day, the lines that settle each other, whether the rest is written off


class Settling:
    """Enters money into the books, and matches it as Tryton's own forms do, only many payments at a time."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._company = books.company
        self._journal = books.model("account.journal").search([("code", "=", "CASH")])[0].id
        (self._cash,) = books.model("account.account").search([("code", "=", "1.1.1")])

    def pay(self, payments: Payments) -> None:
        """At most one payment of each invoice. What a payment settles is decided as Tryton's form "Pay" does it."""
        invoice_model, move_model = self._books.model("account.invoice"), self._books.model("account.move")
        settled = [self._settled(row, invoice) for row, invoice in payments]
        moving = [(row, invoice) for row, invoice in payments if Decimal(row["amount"])]
        moves = move_model.create([self._payment(row, invoice) for row, invoice in moving])
        move_model.post(moves)
        paid = {
            invoice.id: min((line for line in move.lines if line.account == invoice.account), key=int)
            for (_, invoice), move in zip(moving, moves, strict=True)
        }
        invoice_model.add_payment_lines({invoice: [paid[invoice.id]] for _, invoice in moving})
        self._reconcile([
            (_day(row), [*lines, *([paid[invoice.id]] if invoice.id in paid else [])], row["rest"] == "written_off")
            for (row, invoice), lines in zip(payments, settled, strict=True) if lines
        ])  # fmt: skip
        invoice_model.process(invoice_model.browse([invoice.id for _, invoice in payments]))

    def receive(self, row: Row, settles: list[Any]) -> None:
        """Money that names no invoice. What it settles, if anything, is told by the match of their lines alone."""
        move_model = self._books.model("account.move")
        (party,) = self._books.model("party.party").search([("code", "=", row["party"])])
        currency = self._books.currency(row["currency"])
        (move,) = move_model.create([self._received(_day(row), party, currency, [Decimal(row["amount"])])])
        move_model.post([move])
        if settles:
            lines = [line for line in move.lines if line.account == self._books.receivable]
            lines.extend(line for invoice in settles for line in _unsettled(invoice))
            self._reconcile([(_day(row), lines, False)])
            self._books.model("account.invoice").process(settles)

    def apply(self, invoice: Any, note: Any) -> None:
        """Count a credit note as a payment of the invoice, and close both when nothing is left."""
        invoice_model = self._books.model("account.invoice")
        invoice_model.add_payment_lines({invoice: list(note.lines_to_pay)})
        invoice = invoice_model(invoice.id)
        if not invoice.amount_to_pay:
            self._reconcile([(note.invoice_date, _unsettled(invoice), False)])
            invoice_model.process(invoice_model.browse([invoice.id, note.id]))

    def _settled(self, row: Row, invoice: Any) -> list[Any]:
        """The lines that this payment closes: all with a write-off or an overpayment, none with a part payment."""
        amount = Decimal(row["amount"])
        if row["rest"] == "written_off" or amount > invoice.amount_to_pay:
            return _unsettled(invoice)
        lines, remainder = invoice.get_reconcile_lines_for_amount(amount, invoice.currency)
        return [] if remainder else list(lines)

    def _payment(self, row: Row, invoice: Any) -> Row:
        """A move from the bank to the client's account. What is too much is a line of its own, bound to nothing."""
        amount = Decimal(row["amount"])
        over = max(amount - invoice.amount_to_pay, Decimal(0))
        shares = [amount - over, over] if over else [amount]
        return self._received(_day(row), invoice.party, invoice.currency, shares) | {
            "origin": f"account.invoice,{invoice.id}",
        }

    def _received(self, on: date, party: Any, currency: Any, shares: list[Decimal]) -> Row:
        """Money from a party, as one line a share on the receivable account."""
        currency_model, period_model = self._books.model("currency.currency"), self._books.model("account.period")
        with Transaction().set_context(date=on):
            worth = [currency_model.compute(currency, share, self._company.currency) for share in shares]

        def line(account: Any, side: str, value: Decimal, amount: Decimal, owner: Any) -> Row:
            other = "debit" if side == "credit" else "credit"
            second = {
                "second_currency": currency.id, "amount_second_currency": amount if side == "debit" else -amount,
            } if currency != self._company.currency else {}  # fmt: skip
            return {"account": account.id, side: value, other: Decimal(0), "party": owner and owner.id, **second}

        lines = [
            line(self._books.receivable, "credit", value, share, party)
            for value, share in zip(worth, shares, strict=True)
        ]
        lines.append(line(self._cash, "debit", sum(worth, Decimal(0)), sum(shares, Decimal(0)), None))
        return {
            "journal": self._journal, "period": period_model.find(self._company, date=on).id, "date": on,
            "company": self._company.id, "lines": [("create", lines)],
        }  # fmt: skip

    def _reconcile(self, closing: list[Closing]) -> None:
        """Lines that settle each other. A difference of exchange and a write-off bear the date of the payment."""
        line_model = self._books.model("account.move.line")
        (lost,) = self._books.model("account.move.reconcile.write_off").search([])
        plain = [lines for _, lines, written_off in closing if not written_off and not lines[0].second_currency]
        line_model.reconcile(*plain)
        for on, lines, written_off in closing:
            if written_off or lines[0].second_currency:
                line_model.reconcile(lines, date=on, writeoff=lost if written_off else None)


def _unsettled(invoice: Any) -> list[Any]:
    return [line for line in (*invoice.lines_to_pay, *invoice.payment_lines) if not line.reconciliation]


def _day(row: Row) -> date:
    return date.fromisoformat(row["on"])
