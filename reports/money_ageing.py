"""How old the receivables are: chart and table by the basis of the policy, and a short table by the other one."""

from models.figures import prefix_of
from models.receivables import CurrencyAudit
from models.report import ReportReceivables
from reports.blocks import Cell, Chart, Column, Row, Table
from reports.charts import ageing_chart
from reports.money_words import BASES, OTHER_BASIS, bucket_words
from reports.writer import Writer


def ageing_drawing(writer: Writer, audit: CurrencyAudit) -> Chart:
    """The ageing as bars, each with its figure."""
    amounts = {bucket_words(writer.language, label): amount for label, amount in audit.buckets.items()}
    figures = {
        label: f"{writer.money(amount, audit.currency)} · {writer.share(amount, audit.total)}"
        for label, amount in amounts.items()
    }
    said = [writer.text("{bucket}: {amount}", bucket=label, amount=figures[label]) for label in amounts]
    alt = writer.text(
        "Bar chart of the receivables in {currency} by age. {bars}.",
        currency=audit.currency,
        bars=writer.listed(said),
    )
    return Chart(ageing_chart(amounts, figures), alt)


def ageing_table(writer: Writer, money: ReportReceivables, audit: CurrencyAudit) -> Table:
    """What is open by age, on the basis of the policy."""
    prefix = prefix_of(money, audit.currency)
    rows = tuple(
        Row(
            (
                Cell(bucket_words(writer.language, label)),
                Cell(writer.number(audit.bucket_items.get(label, 0))),
                Cell(writer.money(amount, audit.currency), link=writer.link(f"{prefix}buckets.{label}")),
                Cell(writer.share(amount, audit.total)),
            )
        )
        for label, amount in audit.buckets.items()
    )
    total = Cell(writer.money(audit.total, audit.currency), link=writer.link(f"{prefix}total"))
    whole = Cell(writer.share(audit.total, audit.total))
    return Table(
        caption=writer.text("Ageing in {currency}", currency=audit.currency),
        columns=(
            Column(writer.word(BASES, money.basis), 3),
            Column(writer.text("Items"), 2, numeric=True),
            Column(writer.text("Amount"), 4, numeric=True),
            Column(writer.text("Share"), 2, numeric=True),
        ),
        rows=rows,
        empty=writer.text("Nothing is open."),
        totals=Row((Cell(writer.text("Total")), Cell(writer.number(audit.open_items)), total, whole)),
    )


def other_ageing_table(writer: Writer, money: ReportReceivables, audit: CurrencyAudit) -> Table:
    """The same items by the other basis. It is shown for readers who are used to it and makes no loss."""
    prefix = prefix_of(money, audit.currency)
    rows = tuple(
        Row(
            (
                Cell(bucket_words(writer.language, label)),
                Cell(writer.money(amount, audit.currency), link=writer.link(f"{prefix}also.{label}")),
                Cell(writer.share(amount, audit.total)),
            )
        )
        for label, amount in audit.also.items()
        if amount
    )
    return Table(
        caption=writer.text("The same on the other basis, in {currency}", currency=audit.currency),
        columns=(
            Column(writer.word(BASES, OTHER_BASIS[money.basis]), 5),
            Column(writer.text("Amount"), 4, numeric=True),
            Column(writer.text("Share"), 2, numeric=True),
        ),
        rows=rows,
        empty=writer.text("Nothing is open."),
    )
