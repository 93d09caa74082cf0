"""Amounts of the client table: what each client owes, and the totals, currency by currency."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from models.clients import ClientLine
from reports.blocks import Cell, Row
from reports.writer import Writer

Sums = dict[str, Decimal]


def overdue_by_client(writer: Writer) -> dict[str, Sums] | None:
    """What each client owes overdue, by currency; None while the receivables are unknown."""
    money = writer.report.receivables
    if money is None:
        return None if writer.unknown_part("receivables") else {}
    owed: dict[str, Sums] = defaultdict(dict)
    for audit in (money, *money.others):
        for debtor in audit.clients:
            owed[debtor.client][audit.currency] = debtor.overdue
    return owed


def owed_cell(writer: Writer, owed: dict[str, Sums] | None, client_id: str) -> Cell:
    """What one client owes overdue, each currency on its own line."""
    if owed is None:
        return Cell(writer.unknown, tone="unknown")
    overdue = {currency: amount for currency, amount in owed.get(client_id, {}).items() if amount != 0}
    return _sums_cell(writer, overdue)


def totals_row(writer: Writer, lines: Iterable[ClientLine], owed: dict[str, Sums] | None) -> Row:
    """The last row of the client table: what is known, added up by currency."""
    values: Sums = defaultdict(Decimal)
    open_values: Sums = defaultdict(Decimal)
    overdue: Sums = defaultdict(Decimal)
    deals = at_risk = 0
    for line in lines:
        client = line.facts.client
        values[client.currency] += client.annual_value or Decimal(0)
        open_values[client.currency] += line.facts.open_value
        deals += line.facts.open_opportunities
        at_risk += line.at_risk
        for currency, amount in (owed or {}).get(client.id, {}).items():
            overdue[currency] += amount
    opened = _sums_cell(writer, {currency: amount for currency, amount in open_values.items() if amount})
    return Row(
        (
            Cell(writer.text("Total known")),
            _sums_cell(writer, {currency: amount for currency, amount in values.items() if amount}),
            Cell(writer.number(deals), (opened.text, *opened.notes) if deals else ()),
            Cell(""),
            Cell(writer.unknown, tone="unknown") if owed is None else _sums_cell(writer, overdue),
            Cell(writer.count("{n} client", "{n} clients", at_risk)),
            Cell(""),
            Cell(""),
        )
    )


def _sums_cell(writer: Writer, sums: Sums) -> Cell:
    """One amount a currency, each on its own line."""
    amounts = [writer.money(amount, currency) for currency, amount in sorted(sums.items())]
    return Cell(amounts[0], tuple(amounts[1:])) if amounts else Cell("–")
