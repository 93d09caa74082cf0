"""Every figure about receivables by its name, how it is made, and which open items it opens to.

Names are those of the report's JSON, with a currency or a client where that has a list: `receivables.overdue`,
`receivables.buckets.31-60`, `receivables.clients.C0007.total`, `receivables.others.USD.total`.
"""

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal

from models.amounts import ZERO, plain, share_of
from models.base import Value
from models.reasons import Reason, because
from models.receivables import CurrencyAudit, InReportingCurrency
from models.report import ReportReceivables

ROOT = "receivables"
SIX_PLACES = Decimal("0.000001")


class Part(Value):
    """One row of a figure that is made of others: `base` x `rate` = `amount`; `of` names the figure of the base.

    `rate` is None where amounts are only added. `what` is a bucket, a client or a currency, or the last part of a name.
    """

    what: str
    of: str
    base: Decimal
    rate: Decimal | None
    amount: Decimal


class Figure(Value):
    """One figure. `currency` is empty for ratios and days; `items_of` names the figure whose items stand behind it.

    `value` is None where it could not be made.
    """

    name: str
    value: Decimal | None
    currency: str
    formula: Reason
    items_of: str = ""
    parts: tuple[Part, ...] = ()


def prefix_of(money: ReportReceivables, currency: str) -> str:
    """How the names of figures in a currency begin."""
    return f"{ROOT}." if currency == money.currency else f"{ROOT}.others.{currency}."


def figures_of(money: ReportReceivables) -> dict[str, Figure]:
    """Every figure of the receivables by name, in the order in which a report shows them."""
    found: list[Figure] = []
    for audit in money.currencies:
        prefix = prefix_of(money, audit.currency)
        found += [*_sums(prefix, audit), *_losses(prefix, audit), *_ratios(prefix, audit), *_clients(prefix, audit)]
        found += _collection(prefix, audit)
    if money.reporting:
        found += _reporting(money, money.reporting)
    return {figure.name: figure for figure in found}


def _sums(prefix: str, audit: CurrencyAudit) -> Iterator[Figure]:
    def added(name: str, value: Decimal, formula: Reason) -> Figure:
        full = prefix + name
        return Figure(name=full, value=value, currency=audit.currency, formula=formula, items_of=full)

    yield added("total", audit.total, because("The sum of every open item."))
    yield added("overdue", audit.overdue, because("The sum of every open item that was due before the day."))
    yield added("disputed", audit.disputed, because("The sum of what is disputed of open items."))
    for label, amount in audit.buckets.items():
        yield added(f"buckets.{label}", amount, because("The sum of the open items of this age."))
    for label, amount in audit.also.items():
        yield added(f"also.{label}", amount, because("The sum of the open items of this age, on the other basis."))
    yield added("singly", audit.singly, because("The sum of what clients owe who are assessed singly."))


def _losses(prefix: str, audit: CurrencyAudit) -> Iterator[Figure]:
    currency = audit.currency
    buckets = tuple(
        _part(each.bucket, f"{prefix}buckets.{each.bucket}", each.balance, each.expected_credit_loss)
        for each in audit.bucket_losses
    )
    singly = tuple(
        _part(each.client, f"{prefix}clients.{each.client}.total", max(ZERO, each.total), each.expected_credit_loss)
        for each in audit.clients
        if each.singly
    )
    made = because("Debts of each age x the share of them that is expected to be lost, client by client.")
    yield Figure(
        name=f"{prefix}expected_credit_loss",
        value=audit.expected_credit_loss,
        currency=currency,
        formula=made,
        items_of=f"{prefix}total",
        parts=(*buckets, *singly),
    )
    for part in buckets:
        name, of = f"{prefix}bucket_losses.{part.what}", f"{prefix}buckets.{part.what}"
        yield Figure(name=name, value=part.amount, currency=currency, formula=made, items_of=of, parts=(part,))
    alone = because("What a client assessed singly owes x the share of it that finance expects to lose.")
    yield Figure(
        name=f"{prefix}singly_loss",
        value=audit.singly_loss,
        currency=currency,
        formula=alone,
        items_of=f"{prefix}singly",
        parts=singly,
    )


def _ratios(prefix: str, audit: CurrencyAudit) -> Iterator[Figure]:
    yield Figure(
        name=f"{prefix}bad_debt_coefficient",
        value=audit.bad_debt_coefficient,
        currency="",
        formula=because("The expected credit loss ÷ what clients owe, after the credits of each in each age."),
        items_of=f"{prefix}total",
        parts=(
            _sum_part("expected_credit_loss", f"{prefix}expected_credit_loss", audit.expected_credit_loss),
            _sum_part("exposure", "", sum((each.balance for each in audit.bucket_losses), audit.singly)),
        ),
    )
    for name, amount in (("overdue", audit.overdue), ("disputed", audit.disputed)):
        yield Figure(
            name=f"{prefix}{name}_share",
            value=share_of(amount, audit.total),
            currency="",
            formula=because("This part ÷ the total."),
            items_of=prefix + name,
            parts=(_sum_part(name, prefix + name, amount), _sum_part("total", f"{prefix}total", audit.total)),
        )
    largest = max(audit.clients, key=lambda each: each.total, default=None)
    if largest:
        name = f"{prefix}clients.{largest.client}.total"
        debts = sum((max(ZERO, each.total) for each in audit.clients), ZERO)
        yield Figure(
            name=f"{prefix}largest_client_share",
            value=audit.largest_client_share,
            currency="",
            formula=because("What the client owes who owes most ÷ what all clients owe that owe something."),
            items_of=name,
            parts=(_sum_part(largest.client, name, largest.total), _sum_part("owed", "", debts)),
        )


def _clients(prefix: str, audit: CurrencyAudit) -> Iterator[Figure]:
    owed, late, lost = (
        because("The sum of every open item of this client."),
        because("The sum of every open item of this client that was due before the day."),
        because("What this client owes, age by age, x the share of it that is expected to be lost."),
    )
    for each in audit.clients:
        start = f"{prefix}clients.{each.client}."
        for name, value, formula, of in (
            ("total", each.total, owed, "total"),
            ("overdue", each.overdue, late, "overdue"),
            ("expected_credit_loss", each.expected_credit_loss, lost, "total"),
        ):
            yield Figure(name=start + name, value=value, currency=audit.currency, formula=formula, items_of=start + of)


def _collection(prefix: str, audit: CurrencyAudit) -> Iterator[Figure]:
    newest = max((each.as_of for each in audit.figures), default=None)
    for each in audit.figures:
        if each.as_of != newest:
            continue  # an older one stands beside it for comparison: its total is not that of the report
        start = f"{prefix}figures.{each.days}."
        sold = (
            _sum_part("receivables", f"{prefix}total", each.receivables),
            _sum_part("credit_sales", "", each.credit_sales),
        )
        for name, value, formula in (
            (
                "days_sales_outstanding",
                each.days_sales_outstanding,
                because("Receivables ÷ sales on credit x {days} days.", days=each.days),
            ),
            (
                "collection_effectiveness_index",
                each.collection_effectiveness_index,
                because(
                    "(Opening balance + sales on credit - what is open) ÷ (opening balance + sales on credit - what is "
                    "not due), over {days} days.",
                    days=each.days,
                ),
            ),
        ):
            yield Figure(
                name=start + name, value=value, currency="", formula=formula, items_of=f"{prefix}total", parts=sold
            )


def _reporting(money: ReportReceivables, shown: InReportingCurrency) -> Iterator[Figure]:
    rates = {each.currency: each.rate for each in shown.rates} | {shown.currency: Decimal(1)}
    for name in ("total", "overdue", "expected_credit_loss"):
        parts = tuple(
            Part(
                what=audit.currency,
                of=prefix_of(money, audit.currency) + name,
                base=getattr(audit, name),
                rate=rates[audit.currency],
                amount=plain(getattr(audit, name) * rates[audit.currency]),
            )
            for audit in money.currencies
            if audit.currency in rates
        )
        yield Figure(
            name=f"{ROOT}.reporting.{name}",
            value=getattr(shown, name),
            currency=shown.currency,
            formula=because("Each currency x its rate of the day; the sum is rounded to cents."),
            parts=parts,
        )


def _part(what: str, of: str, base: Decimal, amount: Decimal) -> Part:
    """A part with the rate that it comes to: over several clients a mean, weighted by amount."""
    rate = plain((amount / base).quantize(SIX_PLACES, ROUND_HALF_UP)) if base > 0 else ZERO
    return Part(what=what, of=of, base=base, rate=rate, amount=amount)


def _sum_part(what: str, of: str, amount: Decimal) -> Part:
    return Part(what=what, of=of, base=amount, rate=None, amount=amount)
