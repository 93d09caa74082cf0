"""Runs in Tryton's own environment: the business of a document, entered into the books in bulk.

Part of `tryton_program.py`; see there why this may import Tryton.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any

from tryton_books import Books, Row
from tryton_settling import Settling

AT_ONCE = 100  # SQLite takes no longer conditions


class Entries:
    """Enters the business of a document into the books that `Books.start` has opened."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._company = books.company
        self._journals = {journal.code: journal.id for journal in books.model("account.journal").search([])}
        self._settling = Settling(books)
        self._taxes: dict[str, int] = {}

    def enter(self, document: Row) -> dict[str, Row]:
        """Everything. Returns id and number by reference."""
        numbered = sorted([*document["invoices"], *document["credit_notes"]], key=_on)  # numbers follow the dates
        for is_note, together in groupby(numbered, key=lambda row: "credits" in row):
            if is_note:
                self._credit_notes(list(together))
            else:
                for rows in _parts(list(together)):
                    self._invoices(rows)
        for rows in _rounds(document["payments"]):
            self._settling.pay(list(zip(rows, self._billed(row["invoice"] for row in rows), strict=True)))
        for row in document["cash"]:
            self._settling.receive(row, self._billed(row["settles"]))
        self._block(document["disputes"])
        queue_model = self._books.model("ir.queue")  # printing is left undone, the rest is done above
        queue_model.delete(queue_model.search([]))
        invoice_model = self._books.model("account.invoice")
        return {
            row.reference: {"id": row.id, "number": row.number}
            for row in invoice_model.search([("reference", "!=", None)])
        }

    def _billed(self, references: Iterable[str]) -> list[Any]:
        """The invoices of these references, read together."""
        wanted = list(references)
        found = self._books.model("account.invoice").search([("reference", "in", wanted)])
        known = {invoice.reference: invoice for invoice in found}
        return [known[reference] for reference in wanted]

    def _invoices(self, rows: list[Row]) -> None:
        invoice_model = self._books.model("account.invoice")
        made = invoice_model.create(list(self._new(rows)))
        invoice_model.update_taxes([invoice for invoice in made if any(line.taxes for line in invoice.lines)])
        invoice_model.post(made)

    def _new(self, rows: list[Row]) -> Iterator[Row]:
        books = self._books
        parties = {party.code: party for party in books.model("party.party").search([])}
        agents = {agent.party.code: agent.id for agent in books.model("commission.agent").search([])}
        terms = {term.name: term.id for term in books.model("account.invoice.payment_term").search([])}
        currencies = {currency.code: currency.id for currency in books.model("currency.currency").search([])}
        for row in rows:
            party, currency = parties[row["party"]], currencies[row["currency"]]
            lines = [self._line(line, currency) for line in row["lines"]]
            yield {
                "type": "out", "company": self._company.id, "journal": self._journals["REV"], "party": party.id,
                "account": books.receivable.id, "invoice_address": party.addresses[0].id, "currency": currency,
                "reference": row["reference"], "invoice_date": date.fromisoformat(row["on"]),
                "agent": agents[row["agent"]] if row["agent"] else None, "payment_term": terms[row["term"]],
                "lines": [("create", lines)],
            }  # fmt: skip

    def _line(self, row: Row, currency: int) -> Row:
        taxes = [("add", [self._tax(row["tax"])])] if row.get("tax") else []
        return {
            "type": "line", "company": self._company.id, "account": self._books.revenue.id, "currency": currency,
            "description": row["description"], "quantity": 1, "unit_price": Decimal(row["amount"]), "taxes": taxes,
        }  # fmt: skip

    def _tax(self, rate: str) -> int:
        if rate not in self._taxes:
            tax_model, account_model = self._books.model("account.tax"), self._books.model("account.account")
            (account,) = account_model.search([("code", "=", "6.3.6")])
            owed = {"invoice_account": account.id, "credit_note_account": account.id, "company": self._company.id}
            found = tax_model.search([("name", "=", rate)]) or tax_model.create(
                [{"name": rate, "description": rate, "type": "percentage", "rate": Decimal(rate), **owed}]
            )
            self._taxes[rate] = found[0].id
        return self._taxes[rate]

    def _credit_notes(self, rows: list[Row]) -> None:
        invoice_model = self._books.model("account.invoice")
        for row in rows:
            (credited,), on = self._billed([row["credits"]]), date.fromisoformat(row["on"])
            if row["how"] == "cancels":
                invoice_model.credit([credited], refund=True, invoice_date=on, reference=row["reference"])
                invoice_model.process(invoice_model.search([("reference", "=", row["reference"])]))
                continue
            note = credited._credit(invoice_date=on, reference=row["reference"])
            (line,) = note.lines[:1]
            line.unit_price, line.quantity = Decimal(row["amount"]), -1
            note.lines = [line]
            note.save()
            invoice_model.update_taxes([note])
            invoice_model.post([note])
            if row["how"] == "applied":
                self._settling.apply(credited, note)

    def _block(self, references: list[str]) -> None:
        """Disputed invoices: their open lines are in dunning, and blocked."""
        procedure_model = self._books.model("account.dunning.procedure")
        (procedure,) = procedure_model.search([]) or procedure_model.create(
            [{"name": "Reminders", "levels": [("create", [{"sequence": 1}])]}]
        )
        self._books.model("account.dunning").create([
            {
                "company": self._company.id, "line": line.id, "procedure": procedure.id,
                "level": procedure.levels[0].id, "blocked": True,
            } for invoice in self._billed(references) for line in invoice.lines_to_pay if not line.reconciliation
        ])  # fmt: skip


def _on(row: Row) -> str:
    return str(row["on"])


def _rounds(payments: list[Row]) -> Iterator[list[Row]]:
    """The first payment of each invoice, then the second ones, and so on; by date."""
    seen: dict[str, int] = defaultdict(int)
    rounds: dict[int, list[Row]] = defaultdict(list)
    for row in sorted(payments, key=_on):
        rounds[seen[row["invoice"]]].append(row)
        seen[row["invoice"]] += 1
    for rows in rounds.values():
        yield from _parts(rows)


def _parts(rows: list[Row]) -> Iterator[list[Row]]:
    return (rows[start : start + AT_ONCE] for start in range(0, len(rows), AT_ONCE))
