"""When the money is expected, how well it was collected so far, and the commission that hangs on it."""

from collections.abc import Sequence
from decimal import Decimal

from models.amounts import ZERO
from models.figures import prefix_of
from models.payment_forecast import ClientForecast, ForecastMethod, PaymentForecast
from models.receivables import CollectionFigures, CommissionExposure, HeldCommission
from models.report import ReportReceivables
from reports.blocks import Cell, Column, Row, Section, Table
from reports.words import mark
from reports.writer import Writer

CALLS_SHOWN = 10
COMMISSIONS_SHOWN = 10
_METHODS = {
    ForecastMethod.MODEL: mark("By a model that was trained on the company's own invoices (version {version})."),
    ForecastMethod.PAST_LATE_RATE: mark("By how late each client has paid so far."),
}


def outlook_section(writer: Writer) -> Section | None:
    """The section on collection; None while nothing of it is known."""
    money = writer.report.receivables
    if money is None:
        return None
    tables: list[Table] = []
    text: list[str] = []
    if money.forecast and money.forecast.clients:
        text += [_method(writer, money.forecast), *writer.because(money.forecast.reasons)]
        tables += [_expected(writer, money, money.forecast), _calls(writer, money, money.forecast)]
    if any(audit.figures for audit in money.currencies):
        tables.append(_collected(writer, money))
    return (
        Section("outlook", writer.text("When the money comes in"), text=tuple(text), tables=tuple(tables))
        if tables
        else None
    )


def commission_section(writer: Writer) -> Section | None:
    """Commission on invoices that clients have not paid; None when there is none."""
    money = writer.report.receivables
    found = money.commission if money else None
    if found is None or not (found.hold or found.clawback):
        return None
    text = (
        writer.text("May be held back: {answer}.", answer=_yes(writer, found.may_hold)),
        writer.text("May be claimed back: {answer}.", answer=_yes(writer, found.may_claw_back)),
        *writer.because(found.reasons),
        writer.text("Nothing is deducted by Offboard: people decide."),
    )
    return Section(
        "commission",
        writer.text("Commission on unpaid invoices"),
        text=text,
        tables=(_commissions(writer, found),),
    )


def _method(writer: Writer, forecast: PaymentForecast) -> str:
    return writer.text(_METHODS[forecast.method], version=forecast.model_version or "–")


def _expected(writer: Writer, money: ReportReceivables, forecast: PaymentForecast) -> Table:
    rows = []
    for each in forecast.totals:
        owed = Cell(writer.money(each.open, each.currency), link=writer.link(f"{prefix_of(money, each.currency)}total"))
        sums = (each.cash_30, each.cash_60, each.cash_90)
        rows.append(Row((Cell(each.currency), owed, *(Cell(writer.money(amount, each.currency)) for amount in sums))))
    return Table(
        caption=writer.text("Money expected within so many days of {day}", day=writer.day(forecast.as_of)),
        columns=(
            Column(writer.text("Currency"), 2),
            Column(writer.text("Open debts, without credits"), 4, numeric=True),
            *(Column(writer.text("{days} days", days=days), 4, numeric=True) for days in (30, 60, 90)),
        ),
        rows=tuple(rows),
        empty="",
    )


def _calls(writer: Writer, money: ReportReceivables, forecast: PaymentForecast) -> Table:
    first = forecast.clients[:CALLS_SHOWN]
    return Table(
        caption=writer.text("Whom to call first ({n} of {all})", n=len(first), all=len(forecast.clients)),
        columns=(
            Column(writer.text("Client"), 5),
            Column(writer.text("Expected days late"), 2, numeric=True),
            Column(writer.text("Likely late"), 2, numeric=True),
            *(Column(writer.text("{days} days", days=days), 4, numeric=True) for days in (30, 60, 90)),
        ),
        rows=tuple(_call(writer, money, each) for each in first),
        empty="",
    )


def _call(writer: Writer, money: ReportReceivables, each: ClientForecast) -> Row:
    paid = writer.count("{n} invoice settled before", "{n} invoices settled before", each.observations)
    link = writer.link(f"{prefix_of(money, each.currency)}clients.{each.client}.total")
    return Row(
        (
            Cell(writer.client(each.client), (*writer.because(each.reasons[:1]), paid), link=link),
            Cell(writer.number(each.expected_days_late)),
            Cell(writer.language.percent(each.late_probability, 0)),
            *(Cell(writer.money(amount, each.currency)) for amount in (each.cash_30, each.cash_60, each.cash_90)),
        )
    )


def _collected(writer: Writer, money: ReportReceivables) -> Table:
    rows = [
        (audit.currency, figures)
        for audit in money.currencies
        for figures in sorted(audit.figures, key=lambda each: (each.as_of, each.days), reverse=True)
    ]
    return Table(
        caption=writer.text("How well was collected"),
        columns=(
            Column(writer.text("Up to"), 4),
            Column(writer.text("Days sales outstanding (DSO), days"), 3, numeric=True),
            Column(writer.text("Collection effectiveness (CEI), %"), 3, numeric=True),
            Column(writer.text("Overdue"), 2, numeric=True),
            Column(writer.text("Largest client"), 2, numeric=True),
        ),
        rows=tuple(_collection(writer, currency, figures) for currency, figures in rows),
        empty="",
    )


def _collection(writer: Writer, currency: str, found: CollectionFigures) -> Row:
    def known(value: Decimal | None) -> str:
        return "–" if value is None else writer.number(value)

    window = writer.text("{currency}, over {days} days", currency=currency, days=found.days)
    return Row(
        (
            Cell(writer.day(found.as_of), (window,)),
            Cell(known(found.days_sales_outstanding)),
            Cell(known(found.collection_effectiveness_index)),
            Cell(writer.language.percent(found.overdue_share)),
            Cell(writer.language.percent(found.largest_client_share)),
        )
    )


def _commissions(writer: Writer, found: CommissionExposure) -> Table:
    every: Sequence[HeldCommission] = (*found.hold, *found.clawback)
    shown = sorted(every, key=lambda each: (-each.amount, each.document))[:COMMISSIONS_SHOWN]
    return Table(
        caption=writer.text(
            "Not paid out: {hold}. Paid within {days} days: {paid}. The largest are:",
            hold=_sums(writer, found.hold),
            paid=_sums(writer, found.clawback),
            days=found.window_days,
        ),
        columns=(
            Column(writer.text("Document"), 3),
            Column(writer.text("Client"), 5),
            Column(writer.text("Paid out on"), 3),
            Column(writer.text("Commission"), 4, numeric=True),
        ),
        rows=tuple(
            Row(
                (
                    Cell(each.document),
                    Cell(writer.client(each.client)),
                    Cell(writer.day(each.paid_on) if each.paid_on else writer.text("not yet")),
                    Cell(writer.money(each.amount, each.currency)),
                )
            )
            for each in shown
        ),
        empty="",
    )


def _sums(writer: Writer, held: Sequence[HeldCommission]) -> str:
    sums: dict[str, Decimal] = {}
    for each in held:
        sums[each.currency] = sums.get(each.currency, ZERO) + each.amount
    said = [writer.money(amount, currency) for currency, amount in sorted(sums.items())]
    return writer.listed(said) or writer.text("nothing")


def _yes(writer: Writer, allowed: bool) -> str:
    return writer.text("yes") if allowed else writer.text("no")
