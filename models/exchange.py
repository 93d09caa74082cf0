"""Amounts in the reporting currency, by dated rates: never without a rate, never by one that is too old."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from models.ageing import AgeingPolicy
from models.amounts import ONE, ZERO, plain
from models.receivables import CurrencyAudit, InReportingCurrency, RateUsed

CENT = Decimal("0.01")
RATE_PLACES = Decimal("0.000000000001")


class Quote(NamedTuple):
    """On a day one unit of `currency` was worth `rate` units of `quoted_in`."""

    currency: str
    quoted_in: str
    on_day: date
    rate: Decimal


def rate_on(quotes: Iterable[Quote], currency: str, reporting: str, as_of: date, max_age: int) -> RateUsed | None:
    """The newest rate up to `as_of` that is at most `max_age` days old; None when there is none.

    A quote the other way round counts too (one divided by it, to twelve places); of two quotes of one day the direct
    one is taken. Nothing is crossed through a third currency.
    """
    if currency == reporting:
        return RateUsed(currency=currency, rate=ONE, on_day=as_of)
    oldest = as_of - timedelta(days=max_age)
    known = [
        (quote.on_day, quote.currency == currency, quote.rate)
        for quote in quotes
        if {quote.currency, quote.quoted_in} == {currency, reporting} and oldest <= quote.on_day <= as_of
    ]
    if not known:
        return None
    on_day, direct, rate = max(known)
    worth = rate if direct else (ONE / rate).quantize(RATE_PLACES, ROUND_HALF_UP)
    return RateUsed(currency=currency, rate=plain(worth), on_day=on_day)


def in_reporting_currency(
    found: Sequence[CurrencyAudit], quotes: Sequence[Quote], ageing: AgeingPolicy, as_of: date
) -> InReportingCurrency | None:
    """Everything in the policy's reporting currency, to cents; None when the policy has none or nothing is open."""
    reporting = ageing.reporting_currency
    if reporting is None or not found:
        return None
    rates = {each.currency: rate_on(quotes, each.currency, reporting, as_of, ageing.rate_age_days) for each in found}
    missing = tuple(sorted(currency for currency, rate in rates.items() if rate is None))
    used = tuple(rate for rate in rates.values() if rate and rate.currency != reporting)
    if missing:
        return InReportingCurrency(
            currency=reporting, total=None, overdue=None, expected_credit_loss=None, rates=used, missing=missing
        )
    worth = {currency: rate.rate for currency, rate in rates.items() if rate}
    return InReportingCurrency(
        currency=reporting,
        total=_sum((each.total, worth[each.currency]) for each in found),
        overdue=_sum((each.overdue, worth[each.currency]) for each in found),
        expected_credit_loss=_sum((each.expected_credit_loss, worth[each.currency]) for each in found),
        rates=used,
    )


def _sum(amounts: Iterable[tuple[Decimal, Decimal]]) -> Decimal:
    exact = sum((amount * rate for amount, rate in amounts), ZERO)
    return plain(exact.quantize(CENT, ROUND_HALF_UP))
