"""Learning from past leavers: observation points, a split in time, and an honest measurement.

Everybody who was here on an observation day is a row with the features of that day; the label says whether they had
left 90 days later. The model is measured on days after those that it learned from, with 90 days between, so that no
label of the first part was still open when the second began.
"""

from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from early_warning import baseline
from early_warning.features import WINDOW, enough_history, features_of
from early_warning.metrics import Floats, brier, pr_auc, recall_at
from early_warning.model import Model, learn
from early_warning.records import Records, first_record, load_records, salespeople_ever
from models.scan import SHARD_SIZE, ModelEvaluation, RankingQuality

HORIZON = 90  # days within which somebody who leaves makes the label 1
STEP = 30  # days between observation points
FEWEST_ROWS = 1000
FEWEST_LEAVERS = 20
FEWEST_LATE_LEAVERS = 5  # in the later part: with fewer, its measurement is chance
LATER_PART = 0.3

KEYS = ["day", "left_soon", "employee_id"]


def observe(connection: Connection, today: date) -> pd.DataFrame:
    """Every person-day whose outcome is known today: the columns of FEATURES, `day`, `left_soon`, `employee_id`."""
    days = list(observation_days(first_record(connection), today))
    people = salespeople_ever(connection) if days else []
    parts = []
    for start in range(0, len(people), SHARD_SIZE):
        records = load_records(connection, people[start : start + SHARD_SIZE], days[0], days[-1])
        parts += [observed_on(records, day) for day in days]
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=pd.Index(KEYS))


def observation_days(first: date | None, today: date) -> Iterator[date]:
    """From the first day with two half-years behind it, every 30 days, to the last one with 90 days after it."""
    if first is None:
        return
    day = first + timedelta(days=2 * WINDOW)
    while day + timedelta(days=HORIZON) <= today:
        yield day
        day += timedelta(days=STEP)


def observed_on(records: Records, day: date) -> pd.DataFrame:
    """The rows of one day: those who were here, of whom enough was known."""
    features = features_of(records, day)
    people = records.people.set_index("employee_id")
    at, until = pd.Timestamp(day), pd.Timestamp(day + timedelta(days=HORIZON))
    here = ~(people["hired_on"] > at) & ~(people["left_on"] <= at)
    rows = features[here & enough_history(features)].copy()
    left_soon = (people["left_on"] <= until).reindex(rows.index).astype(float)
    return rows.assign(day=at, left_soon=left_soon, employee_id=rows.index)


def too_little(rows: pd.DataFrame) -> str | None:
    """Why these rows train nothing, in words; None when they do."""
    leavers = count_leavers(rows)
    if len(rows) < FEWEST_ROWS or leavers < FEWEST_LEAVERS:
        return (
            f"insufficient history for a model: {len(rows)} person-days and {leavers} people who left, of "
            f"{FEWEST_ROWS} and {FEWEST_LEAVERS} needed; {baseline.VERSION} is used"
        )
    earlier, later = split(rows)
    if count_leavers(later) < FEWEST_LATE_LEAVERS or not count_leavers(earlier):
        return (
            f"insufficient history for a model: {count_leavers(later)} people left in the later part of the record, of "
            f"{FEWEST_LATE_LEAVERS} needed to measure one; {baseline.VERSION} is used"
        )
    return None


def count_leavers(rows: pd.DataFrame) -> int:
    """How many people with label 1 there are; somebody who left is three rows but one lesson."""
    return int(rows.loc[rows["left_soon"] == 1, "employee_id"].nunique())


def split(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The earlier part to learn from and the later one to measure on, 90 days apart."""
    days = sorted(rows["day"].unique())
    start = days[int(len(days) * (1 - LATER_PART))]
    return rows[rows["day"] + pd.Timedelta(days=HORIZON) <= start], rows[rows["day"] >= start]


def train_on(rows: pd.DataFrame) -> tuple[Model, ModelEvaluation]:
    """Learn from the earlier part and measure on the later one. Call it only when `too_little` is None.

    The model that is returned is the one that was measured, not one that has seen the later part as well.
    """
    earlier, _ = split(rows)
    model = learn(earlier, _labels(earlier))
    return model, evaluate(model, rows)


def evaluate(model: Model, rows: pd.DataFrame) -> ModelEvaluation:
    """Measure a model and the baseline on the later part, against the base rate of the earlier one."""
    earlier, later = split(rows)
    labels, probabilities = _labels(later), model.probabilities(later)
    points = baseline.points_of(later).sum(axis=1).to_numpy(dtype=np.float64)
    base_rate = float(_labels(earlier).mean())
    return ModelEvaluation(
        rows=len(later),
        positives=int(labels.sum()),
        split_on=later["day"].min().date(),
        base_rate=float(labels.mean()),
        model=_ranking(labels, probabilities),
        baseline=_ranking(labels, points),
        brier=brier(labels, probabilities),
        brier_of_base_rate=brier(labels, np.full(len(labels), base_rate)),
    )


def _ranking(labels: Floats, scores: Floats) -> RankingQuality:
    return RankingQuality(pr_auc=pr_auc(labels, scores), recall_at_10_percent=recall_at(labels, scores))


def _labels(rows: pd.DataFrame) -> Floats:
    return rows["left_soon"].to_numpy(dtype=np.float64)
