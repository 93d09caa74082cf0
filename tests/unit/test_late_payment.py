"""When clients pay: bounds that hold for every book, nothing of the future, and what a forecast says of itself."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from early_warning import host
from early_warning.late_payment import FEWEST_SETTLED, forecast
from early_warning.late_payment_book import book_of
from early_warning.late_payment_learning import lessons_before, too_little, train
from early_warning.learning import learn
from early_warning.model import Model, noted
from models.open_items import ItemKind, OpenItem, SettledItem
from models.payment_forecast import ClientForecast, ForecastMethod, PaymentForecast
from reports.language import language
from tests.late_payers import TODAY, bill, item_of, payers, still_open
from tests.model_tables import made_table

ROOT = Path(__file__).parents[2]
HISTORY = payers()
OPEN = still_open(HISTORY)


@pytest.fixture(scope="module")
def model() -> Model:
    """Learned from the habits; it notes that it was better than the past late rate."""
    found, _ = train(book_of(HISTORY, TODAY), TODAY)
    return noted(found, {"roc_auc": 0.912, "past_rate_roc_auc": 0.834})


@pytest.fixture(autouse=True, scope="module")
def no_child_is_left() -> Iterator[None]:
    yield
    host.close_all()


def said(found: PaymentForecast) -> str:
    return " ".join(language("en").reason(each) for each in found.reasons)


def of_client(found: PaymentForecast, client: str) -> ClientForecast:
    return next(each for each in found.clients if each.client == client)


# ---- what holds for every book ----

DAYS = st.integers(-900, 200).map(lambda days: TODAY + timedelta(days=days))
AMOUNTS = st.decimals(Decimal("-5000"), Decimal("9000000"), places=2)


@st.composite
def items(draw: st.DrawFn) -> OpenItem:
    issued = draw(DAYS.filter(lambda day: day <= TODAY))
    amount = draw(AMOUNTS.filter(lambda each: each != 0))
    invoice = bill(
        draw(st.sampled_from(["C00", "C03", "C05", "new"])),
        draw(st.integers(0, 40)),
        issued,
        None,
        due_on=issued + timedelta(days=draw(st.integers(0, 400))),
        amount=amount,
        currency=draw(st.sampled_from(["EUR", "USD"])),
    )
    left = draw(st.sampled_from([amount, (amount / 3).quantize(Decimal("0.01")) or amount]))
    return item_of(invoice, outstanding=left, kind=draw(st.sampled_from(ItemKind)))


@pytest.mark.parametrize("with_model", [False, True])
@settings(max_examples=20)
@given(asked=st.lists(items(), max_size=12), seed=st.integers(0, 99))
def test_cash_stays_within_what_is_open_and_never_falls_with_time(
    model: Model, with_model: bool, asked: list[OpenItem], seed: int
) -> None:
    document = model.document if with_model else None
    found = forecast(asked, HISTORY, TODAY, document)
    wanted = [item for item in asked if item.kind is ItemKind.INVOICE and item.outstanding > 0 and item.amount > 0]
    owed: dict[tuple[str, str], Decimal] = {}
    for item in wanted:
        key = (item.currency, item.client_id)
        owed[key] = owed.get(key, Decimal(0)) + item.outstanding
    assert {(each.currency, each.client): each.open for each in found.clients} == owed
    for each in found.clients:
        assert 0 <= each.cash_30 <= each.cash_60 <= each.cash_90 <= each.open
        assert 0 <= each.late_probability <= 1
        own = [item for item in wanted if (item.currency, item.client_id) == (each.currency, each.client)]
        passed = min((TODAY - item.due_on).days for item in own)
        assert each.expected_days_late >= max(0, passed)
    for line in found.totals:
        lines = [each for each in found.clients if each.currency == line.currency]
        assert line.open == sum(each.open for each in lines)
        assert line.cash_30 == sum(each.cash_30 for each in lines)
        assert line.cash_60 == sum(each.cash_60 for each in lines)
        assert line.cash_90 == sum(each.cash_90 for each in lines)
    shuffled, history = list(asked), list(HISTORY)
    Random(seed).shuffle(history)
    assert forecast(shuffled, history, TODAY, document) == found, "the order of the source says nothing"


@pytest.mark.parametrize("with_model", [False, True])
@settings(max_examples=12)
@given(back=st.integers(0, 400), seed=st.integers(0, 10_000))
def test_what_happens_after_the_day_changes_nothing(model: Model, with_model: bool, back: int, seed: int) -> None:
    day, random = TODAY - timedelta(days=back), Random(seed)
    document = model.document if with_model else None
    before = forecast(still_open(HISTORY, day), HISTORY, day, document)
    changed = [otherwise_later(each, day, random) for each in HISTORY]
    later = [bill(f"C{number:02}", 999, day + timedelta(days=1), None) for number in range(24)]
    assert forecast(still_open(HISTORY, day), changed + later, day, document) == before


def otherwise_later(each: SettledItem, day: date, random: Random) -> SettledItem:
    """The same invoice with another fate after a day; what was known by then stays."""
    if each.issued_on > day:
        return each.model_copy(update={"amount": each.amount * 7, "settled_on": None})
    if each.settled_on is not None and each.settled_on <= day:
        return each
    return each.model_copy(update={"settled_on": random.choice([None, day + timedelta(days=random.randrange(1, 99))])})


def test_a_model_learns_nothing_from_what_came_after_its_day() -> None:
    day, random = TODAY - timedelta(days=200), Random(1)
    changed = [otherwise_later(each, day - timedelta(days=1), random) for each in HISTORY]
    as_it_was = [each for each in HISTORY if each.issued_on < day]
    first, *others = (lessons_before(book_of(history, TODAY), day) for history in (HISTORY, changed, as_it_was))
    for other in others:
        assert (other.invoices, other.first_day) == (first.invoices, first.first_day)
        assert np.array_equal(other.table.matrix, first.table.matrix, equal_nan=True)
        assert np.array_equal(other.table.labels, first.table.labels)


# ---- what it says ----


def test_slow_payers_are_expected_later_than_prompt_ones(model: Model) -> None:
    new = [item_of(bill(client, 99, TODAY - timedelta(days=3), None)) for client in ("C00", "C05")]
    for document in (None, model.document):
        found = forecast(new, HISTORY, TODAY, document)
        prompt, slow = of_client(found, "C00"), of_client(found, "C05")
        assert prompt.late_probability < Decimal("0.2") < Decimal("0.8") < slow.late_probability
        assert prompt.expected_days_late < 3
        assert slow.expected_days_late > 15
        assert (prompt.cash_30 > 85, slow.cash_30 < 40) == (True, True)
        assert [each.client for each in found.clients] == ["C05", "C00"]


def test_an_item_that_is_late_already_is_late_and_counts_from_where_it_stands(model: Model) -> None:
    late = item_of(bill("C00", 99, TODAY - timedelta(days=70), None))
    due_today = item_of(bill("C01", 99, TODAY - timedelta(days=30), None))
    for document in (None, model.document):
        found = forecast([late, due_today], HISTORY, TODAY, document)
        assert of_client(found, "C00").late_probability == 1
        assert 40 < of_client(found, "C00").expected_days_late < 70
        assert of_client(found, "C01").late_probability == 1, "open at the end of its last day"


def test_the_order_of_work_is_money_times_days_and_never_mixes_currencies() -> None:
    day = TODAY - timedelta(days=20)
    asked = [
        item_of(bill("C05", 99, day, None, amount=Decimal(500))),
        item_of(bill("C04", 99, day, None, amount=Decimal(50_000))),
        item_of(bill("C03", 99, day, None, amount=Decimal(9_000_000), currency="USD")),
    ]
    found = forecast(asked, HISTORY, TODAY)
    assert [each.client for each in found.clients] == ["C04", "C05", "C03"]
    assert [each.client for each in found.order_of_work("EUR")] == ["C04", "C05"]
    assert [each.client for each in found.order_of_work("USD")] == ["C03"]
    assert [line.currency for line in found.totals] == ["EUR", "USD"]
    assert found.order_of_work("JPY") == ()


def test_a_client_without_a_past_is_the_average_of_all_and_says_so(model: Model) -> None:
    new = item_of(bill("new", 1, TODAY - timedelta(days=5), None))
    for document in (None, model.document):
        one = of_client(forecast([new], HISTORY, TODAY, document), "new")
        assert one.observations == 0
        assert Decimal("0.25") < one.late_probability < Decimal("0.75")
        (reason,) = one.reasons
        assert "No invoice of this client was settled yet" in reason.code


def test_reasons_are_figures_of_the_client_for_those_to_call_first(model: Model) -> None:
    past = of_client(forecast(OPEN, HISTORY, TODAY), "C05")
    assert past.reasons[0].code.endswith("paid late or are late now.")
    moved = of_client(forecast(OPEN, HISTORY, TODAY, model.document), "C05").reasons
    assert 1 <= len(moved) <= 3
    assert len({each.code for each in moved}) == len(moved)
    assert all("{figure}" in each.code for each in moved)
    many = [item_of(bill(f"N{number:03}", 1, TODAY, None)) for number in range(80)]
    explained = [bool(each.reasons) for each in forecast(many, HISTORY, TODAY).clients]
    assert explained == [True] * 50 + [False] * 30


# ---- which method ----


def test_without_a_model_the_past_late_rate_is_the_method_and_says_so() -> None:
    found = forecast(OPEN, HISTORY, TODAY)
    assert (found.method, found.model_version) == (ForecastMethod.PAST_LATE_RATE, None)
    assert "No late-payment model is in use" in said(found)


def test_a_model_that_was_better_is_used_and_named(model: Model) -> None:
    found = forecast(OPEN, HISTORY, TODAY, model.document)
    assert (found.method, found.model_version) == (ForecastMethod.MODEL, model.version)
    assert model.version.startswith("late-payment-")
    assert "ranked better than the past late rate (area under ROC 0.912 and 0.834)" in said(found)


@pytest.mark.parametrize(("ours", "theirs"), [(0.8, 0.8), (0.7, 0.8)])
def test_a_model_that_was_no_better_is_not_used_whoever_promoted_it(model: Model, ours: float, theirs: float) -> None:
    weak = noted(model, {"roc_auc": ours, "past_rate_roc_auc": theirs})
    found = forecast(OPEN, HISTORY, TODAY, weak.document)
    assert found.method is ForecastMethod.PAST_LATE_RATE
    assert found.clients == forecast(OPEN, HISTORY, TODAY).clients
    assert "ranked no better" in said(found)


def test_what_is_no_late_payment_model_is_not_used_and_the_forecast_goes_on(model: Model) -> None:
    attrition = learn(made_table(300), with_trees=False).document
    for document in (b"", b"{}", model.document[:-9], model.document.replace(b"0.1", b"0.2", 3), attrition):
        found = forecast(OPEN, HISTORY, TODAY, document)
        assert found.method is ForecastMethod.PAST_LATE_RATE
        assert found.clients == forecast(OPEN, HISTORY, TODAY).clients
        assert "could not be used" in said(found)


def test_too_little_history_is_no_forecast_and_not_zero() -> None:
    few = [bill("C00", number, TODAY - timedelta(days=90), TODAY - timedelta(days=50)) for number in range(29)]
    found = forecast(OPEN, few, TODAY)
    assert (found.clients, found.totals) == ((), ())
    assert f"Only 29 settled invoices are known, of {FEWEST_SETTLED} needed" in said(found)
    one_more = bill("C01", 1, TODAY - timedelta(days=90), TODAY - timedelta(days=50))
    assert forecast(OPEN, [*few, one_more], TODAY).clients
    assert forecast([], HISTORY, TODAY).clients == ()


def test_few_invoices_or_few_late_ones_train_nothing_and_say_so() -> None:
    assert too_little(book_of(HISTORY, TODAY), TODAY) is None
    prompt = [each for each in payers(clients=60) if each.client_id in {"C00", "C06", "C12", "C18", "C24", "C30"}]
    for history in ([], HISTORY[:50], prompt * 1):
        missing = too_little(book_of(history, TODAY), TODAY)
        assert missing is not None
        assert "insufficient history for a model" in missing.code


def test_a_company_that_has_only_begun_trains_nothing_and_says_so() -> None:
    """Everything was issued on one day: there is a later part and nothing before it."""
    day = TODAY - timedelta(days=60)
    begun = [
        bill(f"C{number % 20:02}", number, day, day + timedelta(days=25 if number % 2 else 40)) for number in range(400)
    ]
    missing = too_little(book_of(begun, TODAY), TODAY)
    assert missing is not None
    assert language("en").reason(missing).startswith("insufficient history for a model: too few invoices were followed")
    assert language("zh-CN").reason(missing).startswith("历史数据不足以建立模型：在")


def test_a_forecast_without_a_model_costs_no_big_library() -> None:
    look = "import sys, early_warning.late_payment, early_warning.late_payment_registry"
    shown = "print({'pandas', 'xgboost', 'sklearn'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", f"{look}; {shown}"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"
