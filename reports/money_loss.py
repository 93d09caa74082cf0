"""How the expected credit loss is made: age by age, the policy's rates beside the past's, single debtors apart."""

from models.amounts import ZERO
from models.figures import Figure, figures_of, prefix_of
from models.receivables import CurrencyAudit, ObservedRate
from models.report import ReportReceivables
from reports.blocks import Cell, Column, Row, Section, Table
from reports.money_words import STANDINGS, bucket_words
from reports.writer import Writer

KEY = "expected-loss"


def loss_section(writer: Writer) -> Section | None:
    """The section on the expected loss; None while no debts are known."""
    money = writer.report.receivables
    if money is None:
        return None
    figures = figures_of(money)
    tables: list[Table] = []
    for audit in money.currencies:
        tables.append(_by_age(writer, money, audit, figures))
        if any(each.singly for each in audit.clients):
            tables.append(_singly(writer, money, audit))
    made = writer.text(
        "Debts of each age, client by client after their own credits, times the share that is expected to be lost; "
        "disputes raise it. Debtors assessed singly stand apart."
    )
    return Section(KEY, writer.text("How the expected loss is made"), text=(made,), tables=tuple(tables))


def _by_age(writer: Writer, money: ReportReceivables, audit: CurrencyAudit, figures: dict[str, Figure]) -> Table:
    observed = {
        rate.bucket: rate
        for table in money.observed_rates
        if table.currency == audit.currency
        for rate in table.rates
        if not rate.segment
    }
    prefix = prefix_of(money, audit.currency)
    parts = {part.what: part for part in figures[f"{prefix}expected_credit_loss"].parts}
    rows = tuple(
        Row(
            (
                Cell(bucket_words(writer.language, each.bucket)),
                Cell(writer.money(each.balance, audit.currency), link=writer.link(f"{prefix}buckets.{each.bucket}")),
                Cell(writer.language.percent(parts[each.bucket].rate or ZERO, 2) if each.balance > 0 else "–"),
                *_past(writer, observed.get(each.bucket)),
                Cell(writer.money(each.expected_credit_loss, audit.currency)),
            )
        )
        for each in audit.bucket_losses
    )
    matrix = audit.expected_credit_loss - audit.singly_loss
    debts = sum((each.balance for each in audit.bucket_losses), ZERO)
    return Table(
        caption=writer.text("Expected loss by age, in {currency}", currency=audit.currency),
        columns=(
            Column(writer.text("Age"), 3),
            Column(writer.text("Debts"), 4, numeric=True),
            Column(writer.text("Rate used"), 2, numeric=True),
            Column(writer.text("Rate of the policy"), 2, numeric=True),
            Column(writer.text("Seen in the past"), 4, numeric=True),
            Column(writer.text("Expected loss"), 4, numeric=True),
        ),
        rows=rows,
        empty=writer.text("Nothing is open."),
        totals=Row(
            (
                Cell(writer.text("Total")),
                Cell(writer.money(debts, audit.currency)),
                *(Cell("") for _ in range(3)),
                Cell(writer.money(matrix, audit.currency)),
            )
        ),
    )


def _past(writer: Writer, rate: ObservedRate | None) -> tuple[Cell, Cell]:
    """The policy's rate, and what was seen: the rate of the past, what shrinking makes of it, and of how many items."""
    if rate is None:
        return Cell("–"), Cell("–")
    policy = Cell(writer.language.percent(rate.policy, 2))
    items = writer.count("{n} item", "{n} items", rate.items)
    if rate.observed is None:
        return policy, Cell("–", (items,))
    shrunk = writer.text("{items}, shrunk to {rate}", items=items, rate=writer.language.percent(rate.used, 2))
    return policy, Cell(writer.language.percent(rate.observed, 2), (shrunk,))


def _singly(writer: Writer, money: ReportReceivables, audit: CurrencyAudit) -> Table:
    prefix = prefix_of(money, audit.currency)
    rows = tuple(
        Row(
            (
                Cell(writer.client(each.client)),
                Cell(writer.word(STANDINGS, each.singly or "")),
                Cell(
                    writer.money(each.total, audit.currency), link=writer.link(f"{prefix}clients.{each.client}.total")
                ),
                Cell(writer.share(each.expected_credit_loss, each.total)),
                Cell(writer.money(each.expected_credit_loss, audit.currency)),
            )
        )
        for each in audit.clients
        if each.singly
    )
    return Table(
        caption=writer.text("Debtors assessed singly, in {currency}", currency=audit.currency),
        columns=(
            Column(writer.text("Client"), 5),
            Column(writer.text("Why"), 3),
            Column(writer.text("Total"), 4, numeric=True),
            Column(writer.text("Rate"), 2, numeric=True),
            Column(writer.text("Expected loss"), 4, numeric=True),
        ),
        rows=rows,
        empty="",
        totals=Row(
            (
                Cell(writer.text("Total")),
                Cell(""),
                Cell(writer.money(audit.singly, audit.currency), link=writer.link(f"{prefix}singly")),
                Cell(""),
                Cell(writer.money(audit.singly_loss, audit.currency)),
            )
        ),
    )
