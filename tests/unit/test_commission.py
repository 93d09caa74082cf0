"""Commission on unpaid invoices: what is exposed; nothing is allowed which policy, country and paper do not allow."""

from datetime import timedelta
from decimal import Decimal

import pytest

from models.commission import EarnedCommission, exposure, rule_of
from models.policy import CommissionPolicy, CommissionRule
from models.receivables import CommissionExposure
from store.policies import load_policy
from tests.client_books import TODAY

RULES = (
    CommissionRule(country="US", may_hold=True, may_claw_back=True),
    CommissionRule(country="*", may_hold=True),
)
POLICY = CommissionPolicy(window_days=180, rules=RULES)


def commission(
    key: str, *, paid_days_ago: int | None = None, earned_days_ago: int = 200, document: str = ""
) -> EarnedCommission:
    return EarnedCommission(
        commission=key,
        document=document or f"V-{key}",
        client="C1",
        amount=Decimal("120.50"),
        currency="CNY",
        earned_on=TODAY - timedelta(days=earned_days_ago),
        paid_on=None if paid_days_ago is None else TODAY - timedelta(days=paid_days_ago),
    )


def exposed(
    *earned: EarnedCommission,
    unpaid: tuple[str, ...] | None = None,
    country: str | None = "US",
    signed: bool = True,
    policy: CommissionPolicy = POLICY,
) -> CommissionExposure:
    documents = {each.document for each in earned} if unpaid is None else set(unpaid)
    return exposure(earned, documents, policy, country=country, signed=signed, as_of=TODAY)


def names(exposure_of: CommissionExposure) -> tuple[list[str], list[str]]:
    return [each.commission for each in exposure_of.hold], [each.commission for each in exposure_of.clawback]


def test_what_is_not_paid_out_may_be_held_and_what_was_paid_within_the_window_is_exposed() -> None:
    found = exposed(
        commission("b", paid_days_ago=180),
        commission("a"),
        commission("c", paid_days_ago=181),
        commission("d", paid_days_ago=0),
        commission("e", paid_days_ago=-3),
        commission("f", earned_days_ago=-1),
    )
    assert names(found) == (["a", "e"], ["b", "d"])
    assert found.hold[1].paid_on is None  # as of the day it is still to be paid
    assert found.clawback[0].paid_on == TODAY - timedelta(days=180)
    assert (found.window_days, found.may_hold, found.may_claw_back, found.reasons) == (180, True, True, ())


def test_an_invoice_that_the_client_has_paid_exposes_nothing() -> None:
    found = exposed(commission("a", document="V1"), commission("b", document="V2"), unpaid=("V2", "V3"))
    assert names(found) == (["b"], [])
    assert names(exposed(commission("a"), unpaid=())) == ([], [])


def test_nothing_exposed_needs_no_reason() -> None:
    assert exposed(country="FR", policy=CommissionPolicy()).reasons == ()


@pytest.mark.parametrize(
    ("country", "signed", "may_hold", "may_claw_back", "said"),
    [
        ("US", True, True, True, []),
        ("US", False, True, False, ["The leaver signed no agreement"]),
        ("CN", True, True, False, ["The policy does not allow commission to be claimed back"]),
        (None, True, True, False, ["The policy does not allow commission to be claimed back"]),
    ],
)
def test_a_country_without_a_rule_falls_under_that_of_all_others(
    country: str | None, signed: bool, may_hold: bool, may_claw_back: bool, said: list[str]
) -> None:
    found = exposed(commission("a"), country=country, signed=signed)
    assert (found.may_hold, found.may_claw_back) == (may_hold, may_claw_back)
    assert len(found.reasons) == len(said)
    assert all(reason.code.startswith(start) for reason, start in zip(found.reasons, said, strict=True))


@pytest.mark.parametrize("country", ["US", "CN", None])
def test_without_rules_and_in_the_shipped_policies_nothing_is_allowed(country: str | None) -> None:
    for policy in (CommissionPolicy(), load_policy("ifrs").commission, load_policy("prc").commission):
        found = exposed(commission("a", paid_days_ago=3), country=country, policy=policy)
        assert (found.may_hold, found.may_claw_back) == (False, False)
        assert [each.commission for each in found.clawback] == ["a"]
        assert len(found.reasons) == 2


def test_the_rule_of_a_country_comes_before_that_of_all_others_in_any_order() -> None:
    for rules in (RULES, RULES[::-1]):
        assert rule_of(CommissionPolicy(rules=rules), "US").may_claw_back
        assert not rule_of(CommissionPolicy(rules=rules), "DE").may_claw_back
    assert not rule_of(CommissionPolicy(rules=RULES[:1]), "DE").may_hold


def test_a_window_of_no_days_is_the_day_itself() -> None:
    policy = CommissionPolicy(window_days=0, rules=RULES)
    assert names(exposed(commission("a", paid_days_ago=0), commission("b", paid_days_ago=1), policy=policy)) == (
        [],
        ["a"],
    )


def test_an_invoice_that_was_written_off_is_closed_but_was_never_paid() -> None:
    lost = commission("lost", paid_days_ago=30)._replace(given_up=True)
    assert names(exposed(lost, commission("paid", paid_days_ago=30), unpaid=())) == ([], ["lost"])
