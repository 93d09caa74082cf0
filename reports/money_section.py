"""Receivables: the audit with its ageing as chart and table, currency by currency, and who owes most."""

from decimal import Decimal

from models.receivables import CurrencyAudit
from reports.blocks import Cell, Chart, Column, Fact, Row, Section, Table
from reports.charts import ageing_chart
from reports.debtors_table import debtors_table
from reports.words import mark
from reports.writer import Writer

_BUCKET_NAMES = {"current": mark("Not due")}


def money_section(writer: Writer) -> Section:
    """The section on receivables. Currencies stand beside each other and are never added."""
    money, title = writer.report.receivables, writer.text("Receivables")
    if money is None and writer.unknown_part("receivables"):
        notice = writer.text("The receivables could not be read yet, so every amount here is unknown, not zero.")
        return Section("receivables", title, notice=notice)
    if money is None:
        return Section("receivables", title, text=(writer.text("No client owes anything."),))
    audits: tuple[CurrencyAudit, ...] = (money, *money.others)
    return Section(
        "receivables",
        title,
        notice="" if all(audit.reconciled for audit in audits) else _unreconciled(writer, audits),
        text=(writer.text("Amounts in different currencies stand beside each other and are never added."),)
        if money.others
        else (),
        facts=_facts(writer, money),
        charts=(_chart(writer, money),),
        tables=(*(_ageing(writer, audit) for audit in audits), *(debtors_table(writer, audit) for audit in audits)),
    )


def _unreconciled(writer: Writer, audits: tuple[CurrencyAudit, ...]) -> str:
    differences = [
        writer.text(
            "open items {total}, ledger {ledger}",
            total=writer.money(audit.total, audit.currency),
            ledger=writer.money(audit.ledger_balance, audit.currency),
        )
        for audit in audits
        if not audit.reconciled
    ]
    return writer.text("Unreconciled: {differences}.", differences=writer.listed(differences))


def _facts(writer: Writer, audit: CurrencyAudit) -> tuple[Fact, ...]:
    def share_of_total(part: Decimal) -> str:
        amount, share = writer.money(part, audit.currency), writer.share(part, audit.total)
        return writer.text("{amount} ({share})", amount=amount, share=share)

    coefficient = writer.language.percent(audit.bad_debt_coefficient, 2)
    items = writer.count("{n} open item", "{n} open items", audit.open_items)
    total = writer.text("{amount} in {items}", amount=writer.money(audit.total, audit.currency), items=items)
    disputed = writer.count("{n} disputed item", "{n} disputed items", audit.disputed_items)
    return (
        Fact(writer.text("Total"), total),
        Fact(writer.text("Overdue"), share_of_total(audit.overdue), "bad" if audit.overdue > 0 else ""),
        Fact(writer.text("Expected credit loss"), writer.money(audit.expected_credit_loss, audit.currency)),
        Fact(writer.text("Bad-debt coefficient (expected loss ÷ total)"), coefficient),
        Fact(writer.text("Largest client's share"), writer.language.percent(audit.largest_client_share)),
        Fact(
            writer.text("Disputed"),
            writer.text("{amount} in {items}", amount=writer.money(audit.disputed, audit.currency), items=disputed),
        ),
        Fact(
            writer.text("Adds up with invoices and payments"),
            writer.text("Yes") if audit.reconciled else writer.text("No"),
            "good" if audit.reconciled else "bad",
        ),
    )


def _bucket(writer: Writer, label: str) -> str:
    if label in _BUCKET_NAMES:
        return writer.text(_BUCKET_NAMES[label])
    span = label.replace("<=", "≤ ").replace(">", "> ").replace("-", "–")
    if span.endswith("y"):
        return writer.text("{years} years", years=span[:-1])
    return writer.text("{days} days", days=span)


def _chart(writer: Writer, audit: CurrencyAudit) -> Chart:
    amounts = {_bucket(writer, label): amount for label, amount in audit.buckets.items()}
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


def _ageing(writer: Writer, audit: CurrencyAudit) -> Table:
    rows = tuple(
        Row(
            (
                Cell(_bucket(writer, label)),
                Cell(writer.number(audit.bucket_items.get(label, 0))),
                Cell(writer.money(amount, audit.currency)),
                Cell(writer.share(amount, audit.total)),
            )
        )
        for label, amount in audit.buckets.items()
    )
    total = writer.money(audit.total, audit.currency)
    whole = Cell(writer.share(audit.total, audit.total))
    return Table(
        caption=writer.text("Ageing in {currency}", currency=audit.currency),
        columns=(
            Column(writer.text("Age"), 3),
            Column(writer.text("Items"), 2, numeric=True),
            Column(writer.text("Amount"), 4, numeric=True),
            Column(writer.text("Share"), 2, numeric=True),
        ),
        rows=rows,
        empty=writer.text("Nothing is open."),
        totals=Row((Cell(writer.text("Total")), Cell(writer.number(audit.open_items)), Cell(total), whole)),
    )
