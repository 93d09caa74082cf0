"""What to put into Tryton's books, in words of receivables: a builder of the document that `Tryton` takes."""

import csv
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Self

Share = tuple[int, str]  # days after the invoice date, and the part of the total that is due then


class Ledger:
    """Clients, agents, invoices and what was paid, of one company. Amounts are text, so that no cent is lost.

    Clients and agents come into being when an invoice names them, clients also by `client`; their code in Tryton is the
    id that is used here, and an invoice's id is its `reference`, because numbers are Tryton's own.
    """

    def __init__(self, currency: str = "CNY") -> None:
        self.currency = currency
        self._names: dict[str, str] = {}
        self._clients: list[str] = []
        self._agents: list[str] = []
        self._terms: dict[str, list[dict[str, Any]]] = {}
        self._rows: dict[str, list[Any]] = {
            kind: [] for kind in ("currencies", "invoices", "credit_notes", "payments", "cash", "disputes")
        }

    def named(self, **names: str) -> Self:
        """Names of clients and agents; without one, the id is the name."""
        self._names |= names
        return self

    def client(self, *codes: str) -> Self:
        """Clients that nothing has happened with yet."""
        for code in codes:
            self._know(self._clients, code)
        return self

    def rates(self, currency: str, units: Mapping[date, str]) -> Self:
        """How many units of a foreign currency one unit of the company's buys, from a day on."""
        dated = [[day.isoformat(), rate] for day, rate in units.items()]
        self._rows["currencies"].append({"code": currency, "rates": dated})
        return self

    def invoice(  # noqa: PLR0913 - one word a fact
        self,
        reference: str,
        client: str,
        amount: str | Iterable[str],
        on: date,
        *,
        agent: str | None = None,
        due: int | tuple[Share, ...] = 30,
        currency: str | None = None,
        tax: str | None = None,
    ) -> Self:
        """An invoice with a line an amount, posted. `due` is in days, or in instalments whose last one is the rest.

        `tax` is the rate on top of every line, such as "0.13"; without it the invoice is free of tax. A negative amount
        makes a credit note that names no invoice.
        """
        self._know(self._clients, client)
        if agent is not None:
            self._know(self._agents, agent)
        amounts = [amount] if isinstance(amount, str) else list(amount)
        self._rows["invoices"].append({
            "reference": reference, "party": client, "agent": agent, "currency": currency or self.currency,
            "on": on.isoformat(), "term": self._term(due),
            "lines": [
                {"description": f"part {place}", "amount": part, "tax": tax} for place, part in enumerate(amounts, 1)
            ],
        })  # fmt: skip
        return self

    def paid(self, invoice: str, amount: str, on: date, *, rest: str = "open") -> Self:
        """A payment of an invoice, in its currency. What is too much becomes money bound to nothing.

        `rest` says what becomes of what is still owed: it stays "open" or is "written_off"; then `amount` may be "0".
        """
        self._rows["payments"].append({"invoice": invoice, "on": on.isoformat(), "amount": amount, "rest": rest})
        return self

    def credited(self, invoice: str, reference: str, on: date, amount: str | None = None, *, how: str = "open") -> Self:
        """A credit note for an invoice.

        `how` is "cancels" (the whole invoice, which ends as cancelled), "open" (it stands beside the invoice,
        unsettled) or "applied" (it counts as a payment of the invoice). The last two need an amount, before tax.
        """
        assert (amount is None) == (how == "cancels")
        self._rows["credit_notes"].append(
            {"credits": invoice, "reference": reference, "on": on.isoformat(), "amount": amount, "how": how}
        )
        return self

    def received(
        self, client: str, amount: str, on: date, *, currency: str | None = None, settles: tuple[str, ...] = ()
    ) -> Self:
        """Money that names no invoice: paid in advance, or nobody knows what for.

        When it `settles` invoices it was matched with them by hand: it must be exactly what they still owe together,
        and the match is all that connects them.
        """
        self._know(self._clients, client)
        self._rows["cash"].append({
            "party": client, "on": on.isoformat(), "amount": amount, "currency": currency or self.currency,
            "settles": list(settles),
        })  # fmt: skip
        return self

    def disputed(self, *invoices: str) -> Self:
        """Invoices that the client disputes: their open lines are in dunning, and blocked there."""
        self._rows["disputes"].extend(invoices)
        return self

    def document(self) -> dict[str, Any]:
        """What `Tryton` takes."""
        return {
            "currency": self.currency,
            "agents": [self._party(code) for code in self._agents],
            "parties": [self._party(code) for code in self._clients],
            "terms": [{"name": name, "instalments": parts} for name, parts in self._terms.items()],
            **self._rows,
        }

    def _party(self, code: str) -> dict[str, str]:
        return {"code": code, "name": self._names.get(code, code)}

    def _know(self, codes: list[str], code: str) -> None:
        if code not in codes:
            codes.append(code)

    def _term(self, due: int | tuple[Share, ...]) -> str:
        if isinstance(due, int):
            due = ((due, "1"),)
        name = ", ".join(f"{share} after {days} days" for days, share in due)
        self._terms[name] = [{"days": days, "share": share} for days, share in due]
        del self._terms[name][-1]["share"]  # the last one is whatever is left, so that roundings vanish in it
        return name


def real_company(folder: Path) -> Ledger:
    """The public company: `accounts.csv`, `invoices.csv` and `payments.csv` of its folder. Every client is a name."""
    agents = {row["account"]: row["sales_agent"] for row in _rows(folder / "accounts.csv")}
    ledger = Ledger("USD")
    for row in _rows(folder / "invoices.csv"):
        on, due = date.fromisoformat(row["invoice_date"]), date.fromisoformat(row["due_date"])
        assert row["currency"] == ledger.currency
        ledger.invoice(
            row["invoice_number"], row["account"], row["amount"], on, agent=agents[row["account"]], due=(due - on).days
        )
        if row["disputed"] == "Yes":
            ledger.disputed(row["invoice_number"])
    for row in _rows(folder / "payments.csv"):
        ledger.paid(row["invoice_number"], row["amount"], date.fromisoformat(row["paid_on"]))
    return ledger


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as source:
        return list(csv.DictReader(source))
