"""Provision matrices as published, and what segments, factors and the company's own past make of them."""

from decimal import ROUND_HALF_UP, Decimal

import pytest

from models.ageing import AgeingBasis, AgeingPolicy, Bucket, Overlay, RatesFrom, SegmentMatrix
from models.exposure import lines_of
from models.loss_history import rates_of_a_waterfall
from models.loss_rates import Rates, policy_rate, rate_for
from models.receivable_audit import AuditFacts, audit
from models.receivables import CurrencyAudit, ObservedRate, RateTable
from store.policies import load_policy
from tests.client_books import TODAY, ledger_of, owes

IFRS = load_policy("ifrs").ageing
PRC = load_policy("prc").ageing


def matrix(*rates: str, limits: tuple[int, ...], basis: AgeingBasis = AgeingBasis.DUE_DATE) -> AgeingPolicy:
    """A policy with these rates and limits and nothing else."""
    bounds = (*limits, None)
    buckets = (
        Bucket(label=str(bound), upto=bound, loss_rate=Decimal(rate)) for bound, rate in zip(bounds, rates, strict=True)
    )
    return AgeingPolicy(basis=basis, buckets=tuple(buckets))


def audited(ageing: AgeingPolicy, owed: dict[int, str]) -> CurrencyAudit:
    """An audit of amounts by days past due, or by days since the invoice, each of a client of its own."""
    items = [
        owes(amount, past_due=days, client=f"C{days}") if ageing.basis is AgeingBasis.DUE_DATE
        else owes(amount, age=days, client=f"C{days}")
        for days, amount in owed.items()
    ]  # fmt: skip
    main = audit(lines_of(items, ageing, TODAY), ledger_of(items), AuditFacts(), ageing, TODAY).main
    assert main is not None
    return main


def losses(found: CurrencyAudit) -> list[Decimal]:
    return [each.expected_credit_loss for each in found.bucket_losses]


def test_illustrative_example_12_of_ifrs_9_is_the_shipped_policy() -> None:
    """IFRS 9, Illustrative Examples, Example 12: 30 million of many small customers."""
    owed = {0: "15000000", 30: "7500000", 60: "4000000", 90: "2500000", 91: "1000000"}
    found = audited(IFRS, owed)
    assert losses(found) == [45_000, 120_000, 144_000, 165_000, 106_000]
    assert found.expected_credit_loss == 580_000
    assert found.bad_debt_coefficient == Decimal("0.019333")
    assert (found.total, found.overdue) == (30_000_000, 15_000_000)
    assert sum(Decimal(reason.params.get("part", "0")) for reason in found.drivers) == Decimal("0.019333")


def test_the_example_in_the_text_of_ifrs_9() -> None:
    """IFRS 9 B5.5.35: 1 % not past due, 2 % less than 30 days, 3 % 30 to 90 days, 20 % 90 to 180 days."""
    ageing = matrix("0.01", "0.02", "0.03", "0.20", "1", limits=(0, 30, 90, 180))
    found = audited(ageing, {0: "1000", 30: "1000", 31: "1000", 90: "1000", 91: "1000", 180: "1000"})
    assert losses(found) == [10, 20, 60, 400, 0]
    assert found.expected_credit_loss == 490


def test_roll_rates_of_a_month_of_sales_make_the_matrix_and_the_loss() -> None:
    """IFRScommunity, lifetime ECL by a provision matrix: 100,000 of sales of which 2,000 were never paid."""
    reached = [Decimal(amount) for amount in (100_000, 50_000, 23_000, 8_000, 2_000)]
    rates = rates_of_a_waterfall(reached)
    assert rates == (Decimal("0.02"), Decimal("0.04"), Decimal("0.086957"), Decimal("0.25"), Decimal("1"))
    ageing = matrix(*map(str, rates), limits=(0, 30, 60, 90))
    found = audited(ageing, {0: "300000", 30: "140000", 60: "60000", 90: "23000", 91: "5000"})
    assert [loss.quantize(Decimal(1), ROUND_HALF_UP) for loss in losses(found)] == [6_000, 5_600, 5_217, 5_750, 5_000]
    assert found.expected_credit_loss.quantize(Decimal(1), ROUND_HALF_UP) == 27_567


def test_the_example_of_a_small_portfolio() -> None:
    """faqifrs.com, step 6: 30,000 euros of a company with many small customers; the first four rows as published."""
    ageing = matrix("0.005", "0.022", "0.027", "0.045", "1", limits=(0, 30, 60, 90))
    found = audited(ageing, {0: "15000", 30: "7500", 60: "4000", 90: "2500"})
    assert losses(found) == [75, 165, 108, Decimal("112.5"), 0]


@pytest.mark.parametrize(
    ("age", "loss"),
    [(1, 50), (365, 50), (366, 100), (731, 150), (1096, 300), (1461, 500), (1825, 500), (1826, 1000), (4000, 1000)],
)
def test_the_rates_of_a_listed_chinese_company(age: int, loss: int) -> None:
    """300593, half-year report 2024: 5, 10, 15, 30, 50 and 100 % by year from the invoice."""
    assert audited(PRC, {age: "1000"}).expected_credit_loss == loss


def test_a_segment_has_its_own_rates_and_factor_and_else_those_of_everybody() -> None:
    retail = SegmentMatrix(
        segment="retail", loss_rates={"1-30": Decimal("0.05")}, forward_looking_factor=Decimal("1.5")
    )
    ageing = IFRS.model_copy(update={"segments": (retail,), "forward_looking_factor": Decimal(2)})
    assert policy_rate(ageing, "1-30", "retail") == Decimal("0.05")
    assert rate_for(ageing, "1-30", "retail") == Decimal("0.075")
    assert rate_for(ageing, "31-60", "retail") == Decimal("0.054")
    assert rate_for(ageing, "1-30") == rate_for(ageing, "1-30", "wholesale") == Decimal("0.032")


def test_a_factor_of_zero_in_a_segment_counts() -> None:
    state = SegmentMatrix(segment="state", forward_looking_factor=Decimal(0))
    assert rate_for(IFRS.model_copy(update={"segments": (state,)}), "90+", "state") == 0


def test_factor_and_overlay_never_make_a_rate_above_one() -> None:
    stressed = PRC.model_copy(update={"overlay": Overlay(factor=Decimal(3), cases=5)})
    assert rate_for(stressed, "4-5y") == 1
    assert rate_for(stressed, "3-4y") == Decimal("0.90")


def test_the_rate_of_disputes_is_one_of_the_same_segment() -> None:
    careful = SegmentMatrix(segment="retail", loss_rates={"90+": Decimal("0.4")})
    rates = Rates(IFRS.model_copy(update={"segments": (careful,)}))
    assert rates.of("retail").disputed == Decimal("0.4")
    assert rates.of("").disputed == Decimal("0.106")


def observed(segment: str, bucket: str, used: str) -> ObservedRate:
    amount = Decimal(100)
    return ObservedRate(
        segment=segment, bucket=bucket, items=9, reached=amount, lost=amount, observed=amount / 100,
        policy=Decimal(0), used=Decimal(used),
    )  # fmt: skip


def test_the_past_makes_the_provision_only_when_the_policy_says_so() -> None:
    table = RateTable(
        currency="USD", until=TODAY, rates=(observed("", "1-30", "0.3"), observed("retail", "1-30", "0.4"))
    )
    assert rate_for(IFRS, "1-30", "retail", table) == Decimal("0.016")
    ageing = IFRS.model_copy(update={"rates": RatesFrom.HISTORY, "forward_looking_factor": Decimal("1.1")})
    assert rate_for(ageing, "1-30", "retail", table) == Decimal("0.44")
    assert rate_for(ageing, "1-30", "wholesale", table) == Decimal("0.33")
    assert rate_for(ageing, "90+", "retail", table) == Decimal("0.1166")  # nothing known of it: the policy's
    assert rate_for(ageing, "1-30", "retail") == Decimal("0.0176")


def test_an_audit_shows_the_past_beside_and_uses_it_in_its_own_currency_only() -> None:
    table = RateTable(currency="USD", until=TODAY, rates=(observed("", "current", "0.5"),))
    ageing = IFRS.model_copy(update={"rates": RatesFrom.HISTORY})
    items = [owes("100"), owes("100", currency="CNY")]
    facts = AuditFacts(observed=(table,))
    result = audit(lines_of(items, ageing, TODAY), ledger_of(items), facts, ageing, TODAY)
    assert result.observed_rates == (table,)
    assert {each.currency: each.expected_credit_loss for each in result.currencies} == {
        "USD": 50,
        "CNY": Decimal("0.3"),
    }
