"""Measures against figures counted by hand, their intervals, levels, comparisons, and what is said of groups."""

from decimal import Decimal

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from early_warning import fairness, metrics
from early_warning.evaluation import Held, comparison, draws, level_rows, quality
from early_warning.table import Table
from models.attrition import READABLE, AttritionLevel, Comparison, Measured, level_of
from tests.model_tables import made_table


@pytest.mark.parametrize(
    ("labels", "scores", "area", "recall"),
    [
        ([1, 1, 0, 0, 0, 0, 0, 0, 0, 0], range(10, 0, -1), 1.0, 0.5),
        ([0, 0, 0, 0, 0, 0, 0, 0, 0, 1], range(10, 0, -1), 0.1, 0.0),
        ([1, 0, 1, 0, 0, 0, 0, 0, 0, 0], range(10, 0, -1), (1 + 2 / 3) / 2, 0.5),
        ([1, 0, 0, 1, 0, 0, 0, 0, 0, 0], [5] * 10, 0.2, 0.1),  # no ranking at all: the base rate
    ],
)
def test_ranking_measures(labels: list[int], scores: list[int], area: float, recall: float) -> None:
    truth, given = np.array(labels, dtype=float), np.array(scores, dtype=float)
    assert metrics.pr_auc(truth, given) == pytest.approx(area)
    assert metrics.recall_at(truth, given) == pytest.approx(recall)
    assert metrics.lift_10(truth, given) == pytest.approx(10 * recall)


def test_areas_are_those_of_scikit_learn_with_and_without_equal_scores() -> None:
    random = np.random.default_rng(5)
    for digits in (1, 8):
        truth = (random.random(300) < 0.2).astype(float)
        given = np.round(random.random(300) + 0.3 * truth, digits)
        assert metrics.roc_auc(truth, given) == pytest.approx(roc_auc_score(truth, given))
        assert metrics.pr_auc(truth, given) == pytest.approx(average_precision_score(truth, given))


def test_the_brier_score_of_a_sure_prophet_of_a_coin_and_of_a_liar() -> None:
    truth = np.array([1.0, 0.0])
    found = [metrics.brier(truth, np.array(given)) for given in ([1.0, 0.0], [0.5, 0.5], [0.0, 1.0])]
    assert found == [0.0, 0.25, 1.0]


def test_the_calibration_error_is_the_gap_of_said_and_seen() -> None:
    truth = np.tile([1.0, 0.0, 0.0, 0.0], 100)
    assert metrics.ece(truth, np.full(400, 0.25)) == pytest.approx(0.0, abs=1e-9)
    assert metrics.ece(truth, np.full(400, 0.65)) == pytest.approx(0.4)


def told(seed: int, noise: float) -> tuple[Table, list[Held]]:
    """600 rows of 200 people; the probabilities are the truth blurred."""
    table = made_table(600)
    random = np.random.default_rng(seed)
    given = np.clip(0.1 + 0.6 * table.labels + random.normal(0, noise, 600), 0.01, 0.99)
    people = np.arange(600) // 3
    return Table(table.features, table.matrix, table.labels, people=people), [Held(np.arange(600), given)]


def test_intervals_hold_the_figure_and_are_wider_with_fewer_people() -> None:
    table, held = told(1, 0.3)
    few = quality(table, held, draws(table))
    alone = Table(table.features, table.matrix, table.labels)
    many = quality(alone, held, draws(alone))
    for name in metrics.MEASURES:
        assert few[name].low <= few[name].value <= few[name].high
    assert few["roc_auc"].value == many["roc_auc"].value
    assert draws(table)[0][::3].tolist() == draws(table)[0][2::3].tolist(), "the rows of a person come together"


def test_a_better_model_is_told_from_one_that_is_not() -> None:
    table, good = told(1, 0.25)
    _, bad = told(2, 1.0)
    drawn = draws(table)
    assert comparison(table, "bad", good, bad, drawn).better
    assert not comparison(table, "good", bad, good, drawn).better
    itself = comparison(table, "itself", good, good, drawn)
    assert (itself.pr_auc.value, itself.pr_auc.low, itself.pr_auc.high) == (0, 0, 0)
    assert not itself.better


@pytest.mark.parametrize(
    ("ranking", "brier", "better"),
    [((0.01, 0.2), (-0.1, 0.1), True), ((-0.1, 0.1), (-0.2, -0.01), True), ((-0.2, -0.1), (-0.2, -0.1), False)],
)
def test_better_is_ranking_beyond_chance_or_truer_at_no_loss(
    ranking: tuple[float, float], brier: tuple[float, float], better: bool
) -> None:
    def measured(span: tuple[float, float]) -> Measured:
        return Measured(value=sum(span) / 2, low=span[0], high=span[1])

    found = Comparison(against="x", roc_auc=measured((0, 0)), pr_auc=measured(ranking), brier=measured(brier))
    assert found.better is better


@pytest.mark.parametrize(
    ("probability", "level"),
    [("0", "low"), ("0.0999", "low"), ("0.1", "watch"), ("0.3", "high"), ("0.5999", "high"), ("0.6", "critical")],
)
def test_levels_are_bands_of_the_probability(probability: str, level: str) -> None:
    assert level_of(Decimal(probability)) is AttritionLevel(level)


def test_the_outcome_of_every_level_is_counted() -> None:
    table = made_table(600)
    given = np.where(np.arange(600) < 300, 0.05, 0.7)
    rows = {row.level: row for row in level_rows(table, [Held(np.arange(600), given)])}
    low, critical = rows[AttritionLevel.LOW], rows[AttritionLevel.CRITICAL]
    assert (low.rows, critical.rows, rows[AttritionLevel.HIGH].rows) == (300, 300, 0)
    assert low.observed == pytest.approx(table.labels[:300].mean())
    assert critical.inside is False, "far fewer left than 60 %"
    assert rows[AttritionLevel.HIGH].observed is None


# ---- groups ----


def test_an_attribute_that_the_figures_give_away_is_found_and_another_is_not() -> None:
    table = made_table(600)
    leaning = np.nan_to_num(table.matrix[:, 0]) > 0
    chance = np.random.default_rng(8).random(600) > 0.5
    found = fairness.proxy_tests(
        table, {"marital_status": np.where(leaning, "single", "married"), "gender": np.where(chance, "f", "m")}
    )
    by_name = {(test.attribute, test.group): test for test in found}
    assert by_name["marital_status", "married"].roc_auc > 0.9
    assert by_name["marital_status", "married"].readable
    assert by_name["gender", "f"].roc_auc < READABLE
    assert not by_name["gender", "f"].readable


def test_flag_rates_stand_beside_true_rates() -> None:
    table, held = told(1, 0.1)
    left = table.labels == 1
    rows = fairness.group_rows(table, held, {"gender": np.where(left | (np.arange(600) % 2 == 0), "f", "m")})
    women, men = rows
    assert (women.group, men.group) == ("f", "m")
    assert women.rows + men.rows == 600
    assert men.true_rate == 0
    assert women.flag_rate > men.flag_rate
    assert women.true_ratio is None, "nobody of the others left: there is no ratio"
    assert women.flag_rate * women.rows + men.flag_rate * men.rows == pytest.approx(60), "the top tenth is flagged"


def test_an_age_becomes_bands_and_a_small_group_is_not_told_of() -> None:
    bands = fairness.groups_of(list(range(20, 60)))
    assert bands.value_counts().to_dict() == {
        "under 29.75": 10, "29.75 to 39.5": 10, "39.5 to 49.25": 10, "49.25 and more": 10,
    }  # fmt: skip
    assert fairness.groups_of(["a", "", None]).tolist() == ["a", "not stated", "not stated"]
    table = made_table(600)
    groups = ["few"] * 20 + ["many"] * 580
    assert fairness.proxy_tests(table, {"gender": groups}) == ()
