"""Learning from past leavers: who is observed when, what the label is, and when there is too little."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from early_warning import training
from early_warning.features import FEATURES
from early_warning.learning import learn
from early_warning.table import Table
from reports.language import language
from tests.business import TODAY, ago, business
from tests.model_tables import made_table


def person_days(leavers: int, people: int = 100, days: int = 20) -> pd.DataFrame:
    """`people` seen on `days` days; each leaver has label 1 on one of them, evenly spread."""
    rows = [(ago(30 * (days - day)), f"E{who}") for day in range(days) for who in range(people)]
    made = pd.DataFrame(rows, columns=pd.Index(["day", "employee_id"]))
    left = {(ago(30 * (days - who % days)), f"E{who}") for who in range(leavers)}
    return made.assign(left_soon=[float(each in left) for each in rows])


@pytest.mark.parametrize(
    ("rows", "missing"),
    [
        (person_days(20), None),
        (person_days(19), "2000 person-days and 19 people"),
        (person_days(40, people=49), "980 person-days"),
        (person_days(0), "0 people who left"),
        (person_days(60).query("day < '2026-05-01' or left_soon == 0"), "0 people left in the later part"),
    ],
)
def test_a_handful_of_leavers_trains_nothing(rows: pd.DataFrame, missing: str | None) -> None:
    said = training.too_little(rows)
    assert said is None if missing is None else said is not None
    assert (missing or "") in (language("en").reason(said) if said else "")


def test_no_label_of_the_earlier_part_is_open_when_the_later_one_begins() -> None:
    earlier, later = training.split(person_days(20))
    assert earlier["day"].max() + pd.Timedelta(days=training.HORIZON) <= later["day"].min()
    assert len(earlier)
    assert len(later)


def test_observation_days_have_two_half_years_behind_them_and_90_days_after_them() -> None:
    days = list(training.observation_days(TODAY - timedelta(days=600), TODAY))
    assert (days[0], days[-1]) == (TODAY - timedelta(days=240), TODAY - timedelta(days=90))
    assert list(training.observation_days(None, TODAY)) == []


@pytest.mark.parametrize(("left_in", "label"), [(90, 1.0), (91, 0.0)])
def test_the_label_is_a_leave_within_90_days(left_in: int, label: float) -> None:
    known = business()
    leaving = replace(known, people=known.people.assign(left_on=ago(-left_in)))
    assert training.observed_on(leaving, TODAY)["left_soon"].tolist() == [label]


def test_whoever_has_left_is_not_observed_any_more() -> None:
    known = business()
    assert training.observed_on(replace(known, people=known.people.assign(left_on=ago(0))), TODAY).empty


def observed(rows: int = 2000) -> pd.DataFrame:
    """Person-days with the figures of chance of a made table: 100 people, 20 days."""
    table = made_table(rows)
    made = pd.DataFrame(table.matrix, columns=pd.Index(list(FEATURES)))
    places = range(rows)
    return made.assign(
        left_soon=table.labels,
        day=[ago(30 * (20 - at // 100)) for at in places],
        employee_id=[f"E{at % 100}" for at in places],
    )


def test_the_model_is_the_one_that_was_measured_and_is_compared_with_the_champion_on_the_same_people() -> None:
    rows = observed()
    model = training.train_on(rows)
    earlier, later = training.split(rows)
    assert model.body.learned["rows"] == len(earlier)
    blurred = made_table(1000, seed=1)
    weak = learn(Table(blurred.features, blurred.matrix, np.random.default_rng(1).permutation(blurred.labels)))
    found = training.evaluate(model, rows, weak, {"gender": ["f", "m"] * 1000})
    assert found.rows == len(later)
    assert found.champion is not None
    assert found.champion.against == weak.version
    assert found.champion.better
    assert {row.group for row in found.groups} == {"f", "m"}
    assert found.brier.value < found.brier_of_base_rate
    assert training.evaluate(model, rows, model).champion is None, "nobody is their own challenger"
