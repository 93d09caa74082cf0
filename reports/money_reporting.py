"""Several currencies in one that people think in: each with its own amounts, its rate and the day of that rate."""

from models.figures import prefix_of
from models.receivables import InReportingCurrency
from models.report import ReportReceivables
from reports.blocks import Cell, Column, Row, Table
from reports.writer import Writer

REPORTING = "reporting-currency"
_SUMS = ("total", "overdue", "expected_credit_loss")


def is_shown(money: ReportReceivables) -> bool:
    """Whether the reporting currency says more than the amounts themselves."""
    return money.reporting is not None and (bool(money.others) or money.reporting.currency != money.currency)


def reporting_table(writer: Writer, money: ReportReceivables, shown: InReportingCurrency) -> Table:
    """Every currency with its rate, and all of them together; unknown while a rate is missing."""
    rates = {each.currency: each for each in shown.rates}
    rows = []
    for audit in money.currencies:
        prefix = prefix_of(money, audit.currency)
        links = (writer.link(f"{prefix}total"), writer.link(f"{prefix}overdue"), "expected-loss")
        sums = (
            Cell(writer.money(getattr(audit, name), audit.currency), link=link)
            for name, link in zip(_SUMS, links, strict=True)
        )
        rate = rates.get(audit.currency)
        if rate:
            said = Cell(writer.language.exact(rate.rate), (writer.day(rate.on_day),))
        else:
            said = Cell(writer.unknown, tone="unknown") if audit.currency in shown.missing else Cell("1")
        rows.append(Row((Cell(audit.currency), *sums, said)))
    whole = (Cell(writer.money(getattr(shown, name), shown.currency)) for name in _SUMS)
    return Table(
        caption=writer.text("All currencies, in {currency}", currency=shown.currency),
        columns=(
            Column(writer.text("Currency"), 2),
            Column(writer.text("Total"), 4, numeric=True),
            Column(writer.text("Overdue"), 4, numeric=True),
            Column(writer.text("Expected credit loss"), 4, numeric=True),
            Column(writer.text("Exchange rate, of the day"), 3, numeric=True),
        ),
        rows=tuple(rows),
        empty="",
        totals=Row((Cell(shown.currency), *whole, Cell(""))),
        key=REPORTING,
    )
