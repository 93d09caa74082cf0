"""What a new version of a report says about money, in every currency, and when that is material."""

from decimal import Decimal

import pytest

from models.exposure import lines_of
from models.open_items import OpenItem
from models.policy import Material
from models.receivable_audit import AuditFacts, audit
from models.report import CaseReport, ReportReceivables
from models.report_changes import changes, is_material
from store.policies import load_policy
from tests.client_books import TODAY, ledger_of, owes
from tests.report_builder import build_report

IFRS = load_policy("ifrs").ageing
LIMITS = Material()
REPORT = build_report(clients=1)


def report(*items: OpenItem, agrees: bool = True) -> CaseReport:
    """A report that differs from others in nothing but its money."""
    result = audit(lines_of(items, IFRS, TODAY), ledger_of(list(items)) if agrees else {}, AuditFacts(), IFRS, TODAY)
    assert result.main is not None
    money = ReportReceivables(**dict(result.main), others=result.others, as_of=TODAY, basis=result.basis)
    return REPORT.model_copy(update={"receivables": money})


def said(before: CaseReport, after: CaseReport) -> list[str]:
    return [reason.code.format(**reason.params) for reason in changes(before, after)]


YUAN = owes("100", currency="CNY", document="a")
YUAN_TOO = owes("50", currency="CNY", document="b")
DOLLARS = owes("1000", currency="USD")


def test_nothing_is_said_where_nothing_changed() -> None:
    assert said(report(YUAN, DOLLARS), report(YUAN, DOLLARS)) == []
    assert not is_material(report(YUAN, DOLLARS), report(YUAN, DOLLARS), LIMITS)


def test_every_currency_is_compared_with_itself() -> None:
    before = report(YUAN, YUAN_TOO, DOLLARS)
    after = report(YUAN, YUAN_TOO, owes("1500", currency="USD", past_due=3))
    assert said(before, after) == [
        "Open receivables went from 1000 to 1500 USD.",
        "The overdue amount went from 0 to 1500 USD.",
    ]
    assert is_material(before, after, LIMITS)


def test_a_currency_that_comes_or_goes_was_or_is_nothing() -> None:
    with_dollars, without = report(YUAN, YUAN_TOO, DOLLARS), report(YUAN, YUAN_TOO)
    assert said(without, with_dollars) == ["Open receivables went from 0 to 1000 USD."]
    assert said(with_dollars, without) == ["Open receivables went from 1000 to 0 USD."]
    assert is_material(without, with_dollars, LIMITS)
    assert is_material(with_dollars, without, LIMITS)


def test_another_main_currency_is_said_and_material() -> None:
    before, after = report(YUAN, YUAN_TOO, DOLLARS), report(YUAN, DOLLARS, owes("1", currency="USD", document="c"))
    assert said(before, after)[0] == "The main currency went from CNY to USD."
    assert is_material(before, after, LIMITS)


@pytest.mark.parametrize(("share", "material"), [("1.10", False), ("1.11", True), ("0.90", False), ("0.89", True)])
def test_money_is_material_beyond_a_tenth_in_any_currency(share: str, material: bool) -> None:
    before = report(YUAN, YUAN_TOO, DOLLARS)
    after = report(YUAN, YUAN_TOO, owes(Decimal(share) * 1000, currency="USD"))
    assert is_material(before, after, LIMITS) is material


def test_whether_the_ledger_agrees_is_said_when_it_changes() -> None:
    agreed, not_agreed = report(YUAN), report(YUAN, agrees=False)
    assert said(agreed, not_agreed) == ["The open items in CNY no longer agree with the ledger."]
    assert said(not_agreed, agreed) == ["The open items in CNY agree with the ledger now."]
