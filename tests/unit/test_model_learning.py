"""What is learned: a line and trees whose parts add up, whose known directions hold, and whose figures are true."""

import json

import numpy as np
import pytest

from early_warning import model
from early_warning.features import FEATURES
from early_warning.folds import inner, later_part
from early_warning.learning import learn
from early_warning.line import margins_of, parts_of
from early_warning.line_learning import fit_line
from early_warning.table import Table
from tests.model_tables import made_table, noise, with_words

WIDTH = len(FEATURES)


@pytest.fixture(scope="module")
def learned() -> model.Model:
    return learn(made_table())


def test_both_parts_have_a_say(learned: model.Model) -> None:
    assert learned.body.blend.line > 0
    assert learned.body.blend.trees > 0


def test_contributions_add_up_to_the_margin(learned: model.Model) -> None:
    rows = noise(200, WIDTH)
    margins, parts = learned.margins(rows), learned.contributions(rows)
    assert parts.shape == (200, WIDTH + 1)
    assert parts.sum(axis=1) == pytest.approx(margins, abs=1e-5)
    assert np.ptp(parts[:, -1]) < 1e-4, "the bias is the same for everybody, but for what float32 rounds off"
    assert model.probability(margins) == pytest.approx(1 / (1 + np.exp(-margins)), abs=1e-12)


@pytest.mark.parametrize("place", [at for at, direction in enumerate(FEATURES.values()) if direction])
def test_a_known_direction_is_held_everywhere(learned: model.Model, place: int) -> None:
    for seed in range(5):
        rows = np.repeat(noise(1, WIDTH, seed), 40, axis=0)
        rows[:, place] = np.linspace(-1.5, 1.5, 40)
        steps = np.diff(learned.margins(rows)) * list(FEATURES.values())[place]
        assert (steps >= -1e-6).all()


def test_the_line_drops_a_coefficient_of_the_wrong_sign() -> None:
    table = made_table(features={"activity_change": 1, "overdue_share_change": 1})
    held = fit_line(table.features, table.matrix, table.labels, 0.1)
    free = fit_line(table.features, table.matrix, table.labels, 0.1, directed=False)
    assert {term.feature for term in held.terms if term.form == "value"} == {1}
    assert {term.feature for term in free.terms if term.form == "value"} == {0, 1}


def test_the_line_takes_words_and_amounts_and_its_parts_add_up() -> None:
    table = with_words()
    line = fit_line(table.features, table.matrix, table.labels, 0.1)
    forms = {(table.features[term.feature].name, term.form) for term in line.terms}
    assert forms == {("pay", "value"), ("pay", "log"), ("job", "level")}
    parts = parts_of(line, table.matrix)
    assert parts.sum(axis=1) + line.intercept == pytest.approx(margins_of(line, table.matrix), abs=1e-12)
    by_level = [parts[table.matrix[:, 1] == level, 1].mean() for level in range(3)]
    assert by_level[2] > max(by_level[:2])


def test_under_a_thousand_rows_it_is_the_line_alone() -> None:
    small = learn(made_table(700))
    assert small.body.trees is None
    assert small.body.blend.trees == 0
    assert learn(made_table(700), with_line=False).body.trees is not None, "the trees alone can be asked for"


def test_the_same_rows_make_the_same_document_of_plain_json(learned: model.Model) -> None:
    assert learn(made_table()).document == learned.document
    assert set(json.loads(learned.document)) == {"format", "digest", "body"}


def test_a_kept_model_gives_the_same_figures(learned: model.Model) -> None:
    rows = noise(300, WIDTH)
    again = model.read(learned.document)
    assert (again.margins(rows) == learned.margins(rows)).all()
    assert again.version == learned.version == f"attrition-{learned.sha256[:12]}"


def test_what_is_shown_as_a_probability_is_one(learned: model.Model) -> None:
    fresh = made_table(6000, seed=77)
    given = model.probability(learned.margins(fresh.matrix))
    assert given.mean() == pytest.approx(fresh.labels.mean(), abs=0.03)
    high = given > np.quantile(given, 0.8)
    assert given[high].mean() == pytest.approx(fresh.labels[high].mean(), abs=0.08)


def test_a_model_is_chosen_on_rows_that_it_has_not_seen() -> None:
    table = made_table(900)
    for known, held in inner(table):
        assert not set(known) & set(held)
    people = np.arange(900) // 3
    grouped = Table(table.features, table.matrix, table.labels, people=people)
    for known, held in inner(grouped):
        assert not set(people[known]) & set(people[held]), "a person is on one side alone"


def test_with_time_it_is_chosen_on_later_days_with_the_horizon_between() -> None:
    plain = made_table(900)
    days = np.arange(900) // 30 * 30
    table = Table(plain.features, plain.matrix, plain.labels, days=days, horizon=90)
    folds = inner(table)
    assert len(folds) >= 2
    for known, held in [*folds, later_part(table)]:
        assert days[known].max() + 90 <= days[held].min()
