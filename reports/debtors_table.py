"""Who owes most."""

from decimal import Decimal

from models.receivables import ClientReceivables, CurrencyAudit
from reports.blocks import Cell, Column, Row, Table
from reports.writer import Writer

TOP_DEBTORS = 10


def debtors_table(writer: Writer, audit: CurrencyAudit) -> Table:
    """The clients that owe most overdue in one currency, with what they owe together."""
    ranked = sorted(audit.clients, key=lambda each: (-each.overdue, -each.total, each.client))
    top = ranked[:TOP_DEBTORS]
    name = writer.text("Total of these {n} of {all} clients", n=len(top), all=len(ranked))
    return Table(
        caption=writer.text("Clients that owe most overdue, in {currency}", currency=audit.currency),
        columns=(
            Column(writer.text("Client"), 5),
            Column(writer.text("Total"), 3, numeric=True),
            Column(writer.text("Overdue"), 3, numeric=True),
            Column(writer.text("Days past due, oldest"), 3, numeric=True),
            Column(writer.text("Items, disputed"), 3, numeric=True),
            Column(writer.text("Expected credit loss"), 3, numeric=True),
        ),
        rows=tuple(_debtor(writer, audit.currency, debtor) for debtor in top),
        empty=writer.text("No client owes anything in {currency}.", currency=audit.currency),
        totals=_debtor_totals(writer, audit.currency, name, top) if top else None,
    )


def _debtor(writer: Writer, currency: str, debtor: ClientReceivables) -> Row:
    return Row(
        (
            Cell(writer.client(debtor.client)),
            Cell(writer.money(debtor.total, currency)),
            Cell(writer.money(debtor.overdue, currency)),
            Cell(writer.number(debtor.oldest_days_past_due)),
            Cell(f"{writer.number(debtor.open_items)}, {writer.number(debtor.disputed_items)}"),
            Cell(writer.money(debtor.expected_credit_loss, currency)),
        )
    )


def _debtor_totals(writer: Writer, currency: str, name: str, debtors: list[ClientReceivables]) -> Row:
    def added(amounts: list[Decimal]) -> Cell:
        return Cell(writer.money(sum(amounts, Decimal(0)), currency))

    items, disputed = sum(each.open_items for each in debtors), sum(each.disputed_items for each in debtors)
    return Row(
        (
            Cell(name),
            added([each.total for each in debtors]),
            added([each.overdue for each in debtors]),
            Cell(""),
            Cell(f"{writer.number(items)}, {writer.number(disputed)}"),
            added([each.expected_credit_loss for each in debtors]),
        )
    )
