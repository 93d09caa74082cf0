"""Runs in Tryton's own environment: business data from a plain JSON document into the books, in bulk.

Part of `tryton_program.py`; see there why this may import Tryton. The document is written by `tryton_fill.py`, which
says what each part means. This opens the books; `tryton_entries.py` enters the business.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from trytond.pool import Pool

Row = dict[str, Any]
EPOCH = date(2000, 1, 1)


class Books:
    """The books of the one company, inside a transaction."""

    def __init__(self) -> None:
        (self.company,) = self.model("company.company").search([])
        self.invoices: dict[str, int] = {}

    def model(self, name: str) -> Any:
        """A model of Tryton by its name."""
        return Pool().get(name)

    @cached_property
    def receivable(self) -> Any:
        """The account on which clients owe."""
        return self.model("account.configuration")(1).default_account_receivable

    @cached_property
    def revenue(self) -> Any:
        """The account on which invoices earn."""
        return self.model("account.account").search([("type.revenue", "=", True), ("closed", "!=", True)], limit=1)[0]

    def currency(self, code: str) -> Any:
        """A currency by its code."""
        (found,) = self.model("currency.currency").search([("code", "=", code)])
        return found

    def start(self, document: Row) -> None:
        """Everything that invoices refer to: currencies with rates, years, terms, agents and parties."""
        self._currencies(document)
        self._years({_day(text) for text in _dates(document)} | {datetime.now(UTC).date()})
        self._terms(document["terms"])
        self._agents(document["agents"])
        self._parties([row for row in document["parties"] if row["code"] not in self._codes()])

    def _currencies(self, document: Row) -> None:
        currency_model, rate_model = self.model("currency.currency"), self.model("currency.currency.rate")
        known = {currency.code: currency for currency in currency_model.search([])}
        for code in {row["code"] for row in document["currencies"]} | {document["currency"]}:
            if code not in known:
                (known[code],) = currency_model.create([{"name": code, "code": code, "rounding": Decimal("0.01")}])
        if self.company.currency.code != document["currency"]:
            rate_model.delete(rate_model.search([("currency", "=", self.company.currency.id)]))
            rate_model.create([{"date": EPOCH, "rate": Decimal(1), "currency": known[document["currency"]].id}])
            self.company.currency = known[document["currency"]]
            self.company.save()
        rate_model.create([
            {"date": _day(day), "rate": Decimal(rate), "currency": known[row["code"]].id}
            for row in document["currencies"] for day, rate in row["rates"]
        ])  # fmt: skip

    def _years(self, days: set[date]) -> None:
        year_model = self.model("account.fiscalyear")
        known = {year.start_date.year for year in year_model.search([])}
        for number in sorted({day.year for day in days} - known):
            moves = self._sequence("Account Move", f"{number}-M")
            bills, notes = self._sequence("Invoice", f"{number}-I"), self._sequence("Invoice", f"{number}-C")
            numbered = {
                f"{way}_{kind}_sequence": sequence.id
                for way in ("in", "out") for kind, sequence in (("invoice", bills), ("credit_note", notes))
            }  # fmt: skip
            year = {
                "name": str(number), "start_date": date(number, 1, 1), "end_date": date(number, 12, 31),
                "company": self.company.id, "move_sequence": moves.id, "invoice_sequences": [("create", [numbered])],
            }  # fmt: skip
            year_model.create_period(year_model.create([year]))

    def _sequence(self, kind: str, prefix: str) -> Any:
        (which,) = self.model("ir.sequence.type").search([("name", "=", kind)])
        values = {"name": prefix, "prefix": prefix, "padding": 5, "sequence_type": which.id, "company": self.company.id}
        (made,) = self.model("ir.sequence.strict").create([values])
        return made

    def _terms(self, rows: list[Row]) -> None:
        term_model = self.model("account.invoice.payment_term")
        known = {term.name for term in term_model.search([])}
        term_model.create([
            {"name": row["name"], "lines": [("create", _instalments(row["instalments"]))]}
            for row in rows if row["name"] not in known
        ])  # fmt: skip

    def _codes(self) -> set[str]:
        return {party.code for party in self.model("party.party").search([])}

    def _parties(self, rows: list[Row]) -> list[Any]:
        return self.model("party.party").create([{**row, "addresses": [("create", [{}])]} for row in rows])

    def _agents(self, rows: list[Row]) -> None:
        known = self._codes()
        people = self._parties([row for row in rows if row["code"] not in known])
        self.model("commission.agent").create(
            [
                {"party": person.id, "type_": "agent", "company": self.company.id, "currency": self.company.currency.id}
                for person in people
            ]
        )


def _instalments(parts: list[Row]) -> list[Row]:
    return [
        {"sequence": place, "relativedeltas": [("create", [{"days": part["days"]}])], **_share(part)}
        for place, part in enumerate(parts)
    ]


def _share(part: Row) -> Row:
    if "share" not in part:
        return {"type": "remainder"}
    share = Decimal(part["share"])
    return {"type": "percent_on_total", "ratio": share, "divisor": round(1 / share, 8)}


def _day(text: str) -> date:
    return date.fromisoformat(text)


def _dates(document: Row) -> Iterable[str]:
    for rows in (document["invoices"], document["credit_notes"], document["payments"], document["cash"]):
        yield from (row["on"] for row in rows)
