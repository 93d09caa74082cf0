"""DSO and CEI by hand-made figures, and what cannot be said."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.collection_figures import Closing, SalesWindow, figures
from models.exposure import lines_of
from models.figures import figures_of
from models.receivable_audit import AuditFacts, audit
from models.report import ReportReceivables
from store.policies import load_policy
from tests.client_books import TODAY, ledger_of, owes

IFRS = load_policy("ifrs").ageing


def window(opening: str | int, sales: str | int, days: int = 90) -> SalesWindow:
    return SalesWindow("CNY", days, Decimal(opening), Decimal(sales))


def closing(total: str | int, overdue: str | int = 0, largest: str = "0.5") -> Closing:
    return Closing(Decimal(total), Decimal(overdue), Decimal(largest))


def test_days_sales_outstanding() -> None:
    found = figures(window(0, 900_000), closing(300_000), TODAY)
    assert found.days_sales_outstanding == 30  # a third of the sales of 90 days
    assert (found.as_of, found.days, found.receivables, found.credit_sales) == (TODAY, 90, 300_000, 900_000)
    assert figures(window(0, 1_000_000, 365), closing(123_456), TODAY).days_sales_outstanding == Decimal("45.1")


def test_collection_effectiveness_index() -> None:
    """Opening 400, sold 600; of the 300 that are left 250 are not due: 700 of 750 that could be collected."""
    found = figures(window(400, 600), closing(300, 50), TODAY)
    assert found.collection_effectiveness_index == Decimal("93.3")
    assert found.overdue_share == Decimal("0.166667")
    assert found.largest_client_share == Decimal("0.5")


@pytest.mark.parametrize(
    ("opening", "sales", "total", "overdue", "index"),
    [
        (400, 600, 300, 0, "100"),  # nothing that fell due is open
        (400, 0, 400, 400, "0"),  # nothing was collected
        (0, 600, 600, 0, None),  # nothing could be collected yet
        (0, 0, 0, 0, None),
        (100, 0, 150, 150, "0"),  # more is owed than there was: nothing was collected, and not less than nothing
    ],
)
def test_the_index_from_nothing_to_everything(
    opening: int, sales: int, total: int, overdue: int, index: str | None
) -> None:
    found = figures(window(opening, sales), closing(total, overdue), TODAY)
    assert found.collection_effectiveness_index == (None if index is None else Decimal(index))


@pytest.mark.parametrize(("sales", "total"), [(0, 100), (-50, 100), (100, -1)])
def test_no_days_of_sales_without_sales_or_debts(sales: int, total: int) -> None:
    assert figures(window(0, sales), closing(total), TODAY).days_sales_outstanding is None


def test_an_audit_makes_the_figures_of_its_own_currency() -> None:
    items = [owes("300", currency="CNY", past_due=4), owes("100", currency="CNY", client="C2"), owes("1")]
    facts = AuditFacts(
        windows=(window(0, 3600), window(0, 14_600, 365), SalesWindow("EUR", 90, Decimal(0), Decimal(1)))
    )
    result = audit(lines_of(items, IFRS, TODAY), ledger_of(items), facts, IFRS, TODAY)
    shown = {each.currency: each.figures for each in result.currencies}
    assert [(each.days, each.days_sales_outstanding) for each in shown["CNY"]] == [(90, 10), (365, 10)]
    assert shown["CNY"][0].largest_client_share == shown["CNY"][0].overdue_share == Decimal("0.75")
    assert shown["USD"] == ()


def test_the_figure_that_is_opened_is_that_of_the_day_and_not_the_older_one_beside_it() -> None:
    earlier = figures(window(0, 900), closing(300), TODAY - timedelta(days=90))
    today = figures(window(300, 1_800), closing(400), TODAY)
    items = [owes("400", currency="CNY")]
    main = audit(lines_of(items, IFRS, TODAY), ledger_of(items), AuditFacts(), IFRS, TODAY).main
    assert main is not None
    facts = {**dict(main), "figures": (today, earlier)}
    opened = figures_of(ReportReceivables(**facts, as_of=TODAY, basis=IFRS.basis))
    assert opened["receivables.figures.90.days_sales_outstanding"].value == today.days_sales_outstanding == 20


amounts = st.decimals(min_value=0, max_value=1_000_000, places=2)


@given(amounts, amounts, amounts, amounts)
def test_the_index_is_a_percentage(opening: Decimal, sales: Decimal, late: Decimal, not_due: Decimal) -> None:
    found = figures(SalesWindow("CNY", 90, opening, sales), Closing(late + not_due, late, Decimal(0)), date(2026, 1, 1))
    index = found.collection_effectiveness_index
    assert index is None or 0 <= index <= 100
    assert (index is None) == (opening + sales - not_due <= 0)
