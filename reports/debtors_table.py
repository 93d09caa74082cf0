"""Who owes most."""

from decimal import Decimal

from models.amounts import ONE
from models.figures import prefix_of
from models.receivables import ClientReceivables, CurrencyAudit
from models.report import ReportReceivables
from reports.blocks import Cell, Column, Row, Table
from reports.writer import Writer

TOP_DEBTORS = 10


def top_debtors(audit: CurrencyAudit) -> list[ClientReceivables]:
    """The clients that owe most overdue, in the order in which a report names them."""
    return sorted(audit.clients, key=lambda each: (-each.overdue, -each.total, each.client))[:TOP_DEBTORS]


def debtors_table(writer: Writer, money: ReportReceivables, audit: CurrencyAudit) -> Table:
    """The clients that owe most overdue in one currency, with what they owe together."""
    top = top_debtors(audit)
    name = writer.text("Total of these {n} of {all} clients", n=len(top), all=len(audit.clients))
    prefix = prefix_of(money, audit.currency)
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
        rows=tuple(_debtor(writer, f"{prefix}clients.{each.client}", audit.currency, each) for each in top),
        empty=writer.text("No client owes anything in {currency}.", currency=audit.currency),
        totals=_debtor_totals(writer, audit.currency, name, top) if top else None,
    )


def _debtor(writer: Writer, figure: str, currency: str, debtor: ClientReceivables) -> Row:
    part = writer.text("shared account: {share} of it", share=writer.language.percent(debtor.portion, 2))
    return Row(
        (
            Cell(writer.client(debtor.client), (part,) if debtor.portion < ONE else ()),
            Cell(writer.money(debtor.total, currency), link=writer.link(f"{figure}.total")),
            Cell(writer.money(debtor.overdue, currency), link=writer.link(f"{figure}.overdue")),
            Cell(writer.number(debtor.oldest_days_past_due)),
            Cell(f"{writer.number(debtor.open_items)}, {writer.number(debtor.disputed_items)}"),
            Cell(writer.money(debtor.expected_credit_loss, currency), link=writer.link(f"{figure}.total")),
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
