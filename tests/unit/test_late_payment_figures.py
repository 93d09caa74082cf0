"""The figures and curves behind a payment forecast, against small sums that everybody can make by hand."""

import ast
import math
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from early_warning.late_payment_book import NEVER, book_of
from early_warning.late_payment_curves import ENDS, INTERVALS, LENGTHS, STARTS, Curves, OwnPast, at_risk
from early_warning.late_payment_figures import FIGURES, Past, at_issue
from early_warning.late_payment_model import NAMES, features_of, hazards, intervals_of
from early_warning.late_payment_question import question_of
from early_warning.late_payment_reasons import SENTENCES, sentence
from early_warning.metrics import Floats, Places
from models.errors import ModelRefused
from models.open_items import SettledItem
from reports.language import CATALOGUES, language
from tests.late_payers import bill, item_of

DAY = date(2026, 3, 1)
ROOM = Path(__file__).parents[2] / "early_warning"


def ago(days: int) -> date:
    return DAY - timedelta(days=days)


def figures_of(history: list[SettledItem], asked: SettledItem, as_of: date = DAY) -> dict[str, float]:
    question = question_of([item_of(asked)], book_of(history, as_of), as_of)
    (row,) = question.past.figures(question.asked).tolist()
    return dict(zip(FIGURES, row, strict=True))


# Paid 10 days late, 2 days early, still open and 5 days late, and not due yet.
PAST = [
    bill("A", 1, ago(100), ago(60), amount=100),
    bill("A", 2, ago(80), ago(52), amount=400),
    bill("A", 3, ago(35), None, amount=200),
    bill("A", 4, ago(10), None, amount=200),
    bill("B", 1, ago(90), ago(61), amount=50),
]


def test_the_figures_of_a_client_by_hand() -> None:
    found = figures_of(PAST, bill("A", 9, ago(1), None, amount=200))
    assert found["settled_count"] == 2
    # Known outcomes: late, in time, late now; of all clients one more in time.
    average = (2 + 0.5) / (4 + 1)
    assert found["late_rate"] == pytest.approx((2 + average) / (3 + 1))
    assert found["recent_late_rate"] == 0.5
    assert found["very_late_rate"] == 0.0
    assert (found["mean_days_late"], found["mean_days_from_due"], found["last_days_from_due"]) == (5.0, 4.0, -2.0)
    assert (found["open_count"], found["open_late_count"]) == (2, 1)
    assert found["days_since_payment"] == 52 + 1, "asked at the end of the day, which is the beginning of the next"
    usual = (math.log(100) + math.log(400) + 2 * math.log(200)) / 4
    assert found["amount_against_own"] == pytest.approx(math.log(200) - usual, abs=1e-5)
    assert found["term_days"] == 30


def test_an_item_is_no_past_of_its_own() -> None:
    itself = PAST[2]
    found, without = figures_of(PAST, itself), figures_of([each for each in PAST if each is not itself], itself)
    assert found == pytest.approx(without, nan_ok=True)
    assert (found["open_count"], found["open_late_count"]) == (1, 0)


def test_a_stranger_has_no_figures_but_those_of_all() -> None:
    found = figures_of(PAST, bill("Z", 1, ago(3), None, currency="CHF"))
    assert found["settled_count"] == found["open_count"] == 0
    assert found["late_rate"] == pytest.approx((2 + 0.5) / (4 + 1))
    unknown = {name for name, figure in found.items() if math.isnan(figure)}
    assert unknown == set(FIGURES) - {"settled_count", "late_rate", "open_count", "open_late_count", "term_days"}


def test_on_its_day_of_issue_an_invoice_knows_what_was_settled_before() -> None:
    book = book_of(PAST, DAY)
    rows = np.flatnonzero((book.issued == ago(80).toordinal()) | (book.issued == ago(35).toordinal()))
    (second, third) = Past(book).figures(at_issue(book, rows)).tolist()
    assert second[FIGURES.index("settled_count")] == 0
    assert second[FIGURES.index("open_count")] == 1
    assert third[FIGURES.index("settled_count")] == 2


def test_a_book_keeps_no_credit_and_nothing_of_the_future() -> None:
    later = bill("A", 5, DAY + timedelta(days=1), None)
    credit = bill("A", 6, ago(3), None, amount=-50)
    paid_tomorrow = bill("A", 7, ago(3), DAY + timedelta(days=1))
    book = book_of([later, credit, paid_tomorrow], DAY)
    assert (book.documents, book.settled.tolist()) == (("A-7",), [NEVER])


def test_an_open_invoice_counts_in_the_intervals_that_it_has_passed() -> None:
    book = book_of([bill("A", 1, ago(42), None)], DAY)  # 12 days late
    found = at_risk(book, DAY.toordinal())
    ends = [int(ENDS[each]) for each in found.intervals]
    assert ends == [-20, -10, -5, 0, 5, 10]
    assert not found.settled.any()


# ---- curves ----


def curves_with(daily: float, rows: int = 1) -> Curves:
    """Every day the same chance to be paid."""
    return Curves(np.tile(1 - (1 - daily) ** LENGTHS, (rows, 1)))


def test_the_same_chance_every_day_is_the_geometric_distribution() -> None:
    now = np.array([-30, -7, 0, 12, 400])
    curves = curves_with(0.04, len(now))
    assert curves.still_open(now, now + 30) == pytest.approx(0.96**30)
    assert curves.still_open(now, now) == pytest.approx(1.0)


@given(
    st.lists(st.floats(0.0, 1.0), min_size=INTERVALS, max_size=INTERVALS), st.integers(-200, 500), st.integers(0, 300)
)
def test_a_curve_only_falls_and_days_late_are_the_days_under_it(chances: list[float], now: int, step: int) -> None:
    curves, place = Curves(np.array([chances])), np.array([now])
    first, second = (float(curves.still_open(place, place + each)[0]) for each in (step, step + 7))
    assert 0.0 <= second <= first <= 1.0
    passed, end = max(now, 0), max(180, now + 90)
    days = np.arange(passed, end + 1)
    open_on = curves_of(chances, len(days)).still_open(np.full(len(days), now), days)
    by_day = passed + float(np.sum((open_on[1:] + open_on[:-1]) / 2))
    assert float(curves.days_late(place)[0]) == pytest.approx(by_day, abs=0.6), (
        "half a day is lost where it falls at once"
    )


def curves_of(chances: list[float], rows: int) -> Curves:
    return Curves(np.tile(chances, (rows, 1)))


def test_days_late_of_a_steady_curve_are_those_of_the_formula() -> None:
    now = np.array([0])
    daily = 0.05
    slope = -math.log1p(-daily)
    assert curves_with(daily).days_late(now)[0] == pytest.approx((1 - math.exp(-180 * slope)) / slope, rel=1e-3)


def test_the_own_past_of_a_client_leans_on_all_clients_until_it_says_enough() -> None:
    slow = [bill("S", number, ago(400 + number), ago(400 + number - 50)) for number in range(30)]
    prompt = [bill("P", number, ago(400 + number), ago(400 + number - 26)) for number in range(30)]
    book = book_of([*slow, *prompt], DAY)
    own = OwnPast(book, DAY.toordinal())
    days = np.full(3, DAY.toordinal() + 1)
    found = own.hazards(np.array([book.client_ids["S"], book.client_ids["P"], -1]), days)
    before_due = int(np.flatnonzero(ENDS == 0)[0])
    assert found[0, before_due] < 0.1 < found[2, before_due] < 0.9 < found[1, before_due]
    assert found[2] == pytest.approx(own.of_all)
    first_day = np.full(1, ago(500).toordinal())
    assert own.hazards(np.array([book.client_ids["S"]]), first_day)[0] == pytest.approx(own.of_all)


# ---- the model ----


class Steady:
    """Stands for a learned model: the same chance in every interval."""

    def __init__(self, chance: float) -> None:
        self.margin = math.log(chance / (1 - chance))
        self.rows = 0

    def margins(self, matrix: Floats) -> Floats:
        self.rows += len(matrix)
        return np.full(len(matrix), self.margin)


def asked_of(model: Steady, now: Places, settled: float = 5.0) -> Floats:
    figures = np.full((len(now), len(FIGURES)), settled)
    return hazards(model, (3, 10), figures, now, np.full(INTERVALS, 0.123))


def test_beyond_the_intervals_that_it_knows_the_nearest_stands_in_day_by_day() -> None:
    found = asked_of(Steady(0.2), np.array([-90]))[0]
    assert found[3:11] == pytest.approx(0.2)
    last, first = int(LENGTHS[10]), int(LENGTHS[3])
    assert found[15] == pytest.approx(1 - 0.8 ** (60 / last))
    assert found[0] == pytest.approx(1 - 0.8 ** (30 / first))


def test_only_what_lies_ahead_is_asked_and_a_client_without_a_past_is_that_of_all() -> None:
    model = Steady(0.2)
    asked_of(model, np.array([-90, 0, 500]))
    ahead = sum(1 for end in ENDS[3:11] if end > 0)
    assert model.rows == 8 + ahead + 1
    assert asked_of(model, np.array([3]), settled=0.0)[0] == pytest.approx(0.123)
    assert asked_of(model, np.array([], dtype=np.int64)).shape == (0, INTERVALS)


def test_a_model_made_for_other_figures_or_intervals_is_refused() -> None:
    made = features_of(range(2, 9))
    assert tuple(each.name for each in made) == NAMES
    assert intervals_of(made) == (2, 8)
    for wrong in (made[1:], (*made[:-1], made[0]), features_of([2, 4]), features_of([])):
        with pytest.raises(ModelRefused, match="other features"):
            intervals_of(wrong)


# ---- words ----


def test_every_sentence_has_its_chinese_and_reads_as_a_figure() -> None:
    with (CATALOGUES / "zh_CN" / "LC_MESSAGES" / "payments.po").open("rb") as source:
        known = {entry.id for entry in read_po(source, locale="zh_CN") if entry.id and entry.string}
    assert {text for below, other, _ in SENTENCES.values() for text in (below, other) if text} <= known
    assert set(SENTENCES) <= set(FIGURES)
    english, chinese = language("en"), language("zh-CN")
    assert (
        english.reason(sentence("late_rate", 0.774)) == "77 % of the earlier invoices were paid late or are late now."
    )
    assert chinese.reason(sentence("mean_days_from_due", -4.6)) == "发票平均在到期日前 5 天结清。"
    assert english.reason(sentence("amount_against_own", math.log(3))).startswith("The largest open invoice is 3 times")


def test_every_reason_of_a_forecast_and_of_a_training_is_said_in_chinese() -> None:
    chinese = language("zh-CN")
    said = [
        ast.literal_eval(node.args[0])
        for path in ROOM.glob("late_payment*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "because" and isinstance(node.args[0], ast.Constant)
    ]
    assert len(said) >= 6
    assert [code for code in said if chinese.words.gettext(code) == code] == []


def test_the_intervals_follow_each_other() -> None:
    assert (STARTS[1:] == ENDS[:-1]).all()
    assert 0 in ENDS.tolist(), "the due date is an end, so that late is what is open after it"
