"""Receivables: what is owed, how old it is, how safe, who owes most, and where all of this was read."""

from decimal import Decimal

from models.amounts import ZERO, share_of
from models.collection import ConfirmationState
from models.figures import prefix_of
from models.open_items import OWN_SUMS_ONLY, SOME_UNKNOWN, SourceNote
from models.receivables import CurrencyAudit, InReportingCurrency
from models.report import ReportReceivables
from reports.blocks import Fact, Section, Table
from reports.debtors_table import debtors_table
from reports.money_ageing import ageing_drawing, ageing_table, other_ageing_table
from reports.money_reporting import REPORTING, is_shown, reporting_table
from reports.writer import Writer

DRIVERS_SHOWN = 4
CLIENTS_NAMED = 5
SAID_AS_GAPS = (OWN_SUMS_ONLY.code, SOME_UNKNOWN)


def money_section(writer: Writer) -> Section:
    """The section on receivables. Currencies stand beside each other and are never added silently."""
    money, title = writer.report.receivables, writer.text("Receivables")
    if money is None and writer.unknown_part("receivables"):
        notice = writer.text("The receivables could not be read yet, so every amount here is unknown, not zero.")
        return Section("receivables", title, notice=notice)
    if money is None:
        return Section("receivables", title, text=(writer.text("No client owes anything."),))
    return Section(
        "receivables",
        title,
        notice=_unreconciled(writer, money),
        text=_text(writer, money),
        facts=_facts(writer, money),
        charts=(ageing_drawing(writer, money),),
        tables=tuple(_tables(writer, money)),
    )


def _tables(writer: Writer, money: ReportReceivables) -> list[Table]:
    tables = [ageing_table(writer, money, audit) for audit in money.currencies]
    if money.reporting and is_shown(money):
        tables.append(reporting_table(writer, money, money.reporting))
    tables += [debtors_table(writer, money, audit) for audit in money.currencies]
    return tables + [other_ageing_table(writer, money, audit) for audit in money.currencies if audit.also]


def _text(writer: Writer, money: ReportReceivables) -> tuple[str, ...]:
    lines = [_source(writer, money, money.source)] if money.source else []
    # Sentences of their own are said among the data gaps.
    missing = tuple(each for each in money.source.cannot if each.code not in SAID_AS_GAPS) if money.source else ()
    if money.source and missing:
        what = writer.text("; ").join(writer.because(missing))
        lines.append(writer.text("{system} does not tell: {what}.", system=money.source.system, what=what))
    if money.others:
        lines.append(writer.text("Amounts in different currencies stand beside each other and are never added."))
    return tuple(lines)


def _source(writer: Writer, money: ReportReceivables, source: SourceNote) -> str:
    return writer.text(
        "Read from {system} on {moment}, as of {day}. The list behind a figure: offboard report {case} --explain "
        "receivables.total",
        system=source.system,
        moment=writer.moment(source.read_at),
        day=writer.day(money.as_of),
        case=writer.report.case.id,
    )


def _unreconciled(writer: Writer, money: ReportReceivables) -> str:
    wrong = [audit for audit in money.currencies if not audit.reconciled]
    if not wrong:
        return ""
    said = [_difference(writer, audit) for audit in wrong]
    return writer.text("Unreconciled: {differences}.", differences=writer.text("; ").join(said))


def _difference(writer: Writer, audit: CurrencyAudit) -> str:
    sums = writer.text(
        "open items {total}, ledger {ledger}",
        total=writer.money(audit.total, audit.currency),
        ledger=writer.money(audit.ledger_balance, audit.currency),
    )
    if not audit.unreconciled:
        return sums
    names = [writer.client(each) for each in audit.unreconciled[:CLIENTS_NAMED]]
    more = len(audit.unreconciled) - len(names)
    if more > 0:
        names.append(writer.count("and {n} more client", "and {n} more clients", more))
    return writer.text("{sums} ({clients})", sums=sums, clients=writer.listed(names))


def _facts(writer: Writer, money: ReportReceivables) -> tuple[Fact, ...]:
    facts = [*_sums(writer, money), *_safety(writer, money)]
    if money.reporting and is_shown(money):
        facts.append(_reporting(writer, money.reporting))
    agrees = all(audit.reconciled for audit in money.currencies)
    own = money.source is not None and OWN_SUMS_ONLY in money.source.cannot
    facts.append(
        Fact(
            writer.text("Adds up with invoices and payments") if own else writer.text("Adds up with the books"),
            writer.text("Yes") if agrees else writer.text("No"),
            "good" if agrees else "bad",
        )
    )
    return tuple(facts)


def _sums(writer: Writer, money: ReportReceivables) -> list[Fact]:
    def share_of_total(part: Decimal) -> str:
        amount, share = writer.money(part, money.currency), writer.share(part, money.total)
        return writer.text("{amount} ({share})", amount=amount, share=share)

    prefix = prefix_of(money, money.currency)
    items = writer.count("{n} open item", "{n} open items", money.open_items)
    total = writer.text("{amount} in {items}", amount=writer.money(money.total, money.currency), items=items)
    disputed = writer.count("{n} disputed item", "{n} disputed items", money.disputed_items)
    in_dispute = writer.text("{amount} in {items}", amount=writer.money(money.disputed, money.currency), items=disputed)
    late = share_of_total(money.overdue)
    return [
        Fact(writer.text("Total"), total, link=writer.link(f"{prefix}total")),
        Fact(writer.text("Overdue"), late, "bad" if money.overdue > 0 else "", link=writer.link(f"{prefix}overdue")),
        Fact(writer.text("Disputed"), in_dispute, link=writer.link(f"{prefix}disputed")),
    ]


def _safety(writer: Writer, money: ReportReceivables) -> list[Fact]:
    percent = writer.language.percent
    beside = [
        writer.text("overdue {share}", share=writer.share(money.overdue, money.total)),
        writer.text("largest client {share}", share=percent(money.largest_client_share)),
        writer.text("disputed {share}", share=writer.share(money.disputed, money.total)),
        writer.text("not confirmed by the client {share}", share=percent(_unconfirmed(writer, money))),
    ]
    loss = writer.money(money.expected_credit_loss, money.currency)
    return [
        Fact(writer.text("Expected credit loss"), loss, link="expected-loss"),
        Fact(
            writer.text("Bad-debt coefficient (expected loss ÷ debts)"),
            percent(money.bad_debt_coefficient, 2),
            notes=writer.because(money.drivers[:DRIVERS_SHOWN]),
        ),
        Fact(writer.text("Shares beside it"), writer.listed(beside)),
    ]


def _unconfirmed(writer: Writer, money: ReportReceivables) -> Decimal:
    """The share of what is owed that no client has confirmed in writing."""
    followed = writer.report.collection
    letters = followed.confirmations if followed else ()
    sure = {
        each.client for each in letters if each.state is ConfirmationState.CONFIRMED and each.currency == money.currency
    }
    debts = {each.client: each.total for each in money.clients if each.total > 0}
    open_to_doubt = sum((total for client, total in debts.items() if client not in sure), ZERO)
    return share_of(open_to_doubt, sum(debts.values(), ZERO))


def _reporting(writer: Writer, shown: InReportingCurrency) -> Fact:
    label = writer.text("All currencies, in {currency}", currency=shown.currency)
    if shown.total is None:
        missing = writer.listed(list(shown.missing))
        text = writer.text("unknown: no recent exchange rate for {currencies}", currencies=missing)
        return Fact(label, text, "unknown", link=REPORTING)
    text = writer.text(
        "{total}, of which overdue {overdue}; expected loss {loss}",
        total=writer.money(shown.total, shown.currency),
        overdue=writer.money(shown.overdue, shown.currency),
        loss=writer.money(shown.expected_credit_loss, shown.currency),
    )
    return Fact(label, text, link=REPORTING)
