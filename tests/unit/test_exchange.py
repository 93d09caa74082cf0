"""Amounts in the reporting currency: the newest rate that is not too old, and no total where one is missing."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from models.ageing import AgeingPolicy
from models.exchange import Quote, in_reporting_currency, rate_on
from models.exposure import lines_of
from models.receivable_audit import AuditFacts, audit
from models.receivables import CurrencyAudit
from store.policies import load_policy
from tests.client_books import TODAY, ledger_of, owes

IFRS = load_policy("ifrs").ageing
IN_CNY = IFRS.model_copy(update={"reporting_currency": "CNY", "rate_age_days": 31})


def quote(rate: str, days_ago: int = 0, currency: str = "USD", quoted_in: str = "CNY") -> Quote:
    return Quote(currency, quoted_in, TODAY - timedelta(days=days_ago), Decimal(rate))


def owed(**amounts: str) -> list[CurrencyAudit]:
    items = [owes(amount, currency=currency, past_due=95) for currency, amount in amounts.items()]
    return list(audit(lines_of(items, IFRS, TODAY), ledger_of(items), AuditFacts(), IFRS, TODAY).currencies)


def test_the_newest_rate_up_to_the_day_is_taken_and_dated() -> None:
    quotes = [quote("7.1", 5), quote("7.2", 2), quote("7.3", -1), quote("9", 0, "EUR")]
    found = rate_on(quotes, "USD", "CNY", TODAY, 31)
    assert found is not None
    assert (found.currency, found.rate, found.on_day) == ("USD", Decimal("7.2"), TODAY - timedelta(days=2))


@pytest.mark.parametrize(("age", "known"), [(0, True), (31, True), (32, False)])
def test_a_rate_may_be_as_old_as_the_policy_says(age: int, known: bool) -> None:
    assert (rate_on([quote("7", age)], "USD", "CNY", TODAY, 31) is not None) is known


def test_a_rate_the_other_way_round_counts_and_a_direct_one_of_the_same_day_comes_first() -> None:
    inverse = quote("0.14", 1, "CNY", "USD")
    found = rate_on([inverse], "USD", "CNY", TODAY, 31)
    assert found is not None
    assert found.rate == Decimal("7.142857142857")
    both = rate_on([inverse, quote("7.2", 1)], "USD", "CNY", TODAY, 31)
    assert both is not None
    assert both.rate == Decimal("7.2")


def test_no_rate_is_crossed_through_a_third_currency() -> None:
    quotes = [quote("1.1", 0, "EUR", "USD"), quote("7")]
    assert rate_on(quotes, "EUR", "CNY", TODAY, 31) is None


def test_a_total_in_the_reporting_currency_to_the_cent_with_the_rates_that_made_it() -> None:
    quotes = [quote("7.1234"), quote("7.9", 3, "EUR")]
    shown = in_reporting_currency(owed(USD="100.01", EUR="-50", CNY="1000"), quotes, IN_CNY, TODAY)
    assert shown is not None
    # 712.411234 - 395 + 1000, rounded once
    assert (shown.currency, shown.total, shown.overdue) == ("CNY", Decimal("1317.41"), Decimal("1317.41"))
    assert shown.expected_credit_loss == Decimal("181.52")  # 10.6 % of 712.411234 and of 1000
    assert {rate.currency: rate.rate for rate in shown.rates} == {"USD": Decimal("7.1234"), "EUR": Decimal("7.9")}
    assert shown.missing == ()


def test_a_missing_or_old_rate_is_named_and_there_is_no_total() -> None:
    shown = in_reporting_currency(owed(USD="1", EUR="1", JPY="1"), [quote("7"), quote("8", 99, "EUR")], IN_CNY, TODAY)
    assert shown is not None
    assert (shown.total, shown.overdue, shown.expected_credit_loss) == (None, None, None)
    assert (shown.missing, [rate.currency for rate in shown.rates]) == (("EUR", "JPY"), ["USD"])


@pytest.mark.parametrize(("ageing", "amounts"), [(IFRS, {"USD": "1"}), (IN_CNY, {})])
def test_nothing_is_shown_without_a_reporting_currency_or_without_debts(
    ageing: AgeingPolicy, amounts: dict[str, str]
) -> None:
    assert in_reporting_currency(owed(**amounts), [quote("7")], ageing, date(2026, 11, 24)) is None
