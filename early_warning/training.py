"""Learning from past leavers: observation points, a split in time, and an honest measurement.

Everybody who was here on an observation day is a row with the features of that day; the label says whether they had
left 90 days later. The model is measured on days after those that it learned from, with 90 days between, so that no
label of the first part was still open when the second began.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Protocol

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from early_warning import baseline
from early_warning.document import Feature
from early_warning.evaluation import Held, comparison, draws, level_rows, quality
from early_warning.fairness import group_rows, proxy_tests
from early_warning.features import FEATURES, WINDOW, enough_history, features_of
from early_warning.folds import later_part
from early_warning.learning import learn
from early_warning.metrics import Floats, brier, pr_auc
from early_warning.model import Model, probability
from early_warning.records import Records, first_record, load_records, salespeople_ever
from early_warning.table import Table
from models.attrition import Comparison, ModelEvaluation
from models.reasons import Reason, because
from models.scan import SHARD_SIZE

HORIZON = 90  # days within which somebody who leaves makes the label 1
STEP = 30  # days between observation points
FEWEST_ROWS = 1000
FEWEST_LEAVERS = 20
FEWEST_LATE_LEAVERS = 5  # in the later part: with fewer, its measurement is chance

KEYS = ["day", "left_soon", "employee_id"]


class Measurable(Protocol):
    """A model that gives log-odds, in this process or in one of its own."""

    @property
    def version(self) -> str:
        """The name of its content."""

    def margins(self, matrix: Floats) -> Floats:
        """A row a person."""


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


def too_little(rows: pd.DataFrame) -> Reason | None:
    """Why these rows train nothing; None when they do."""
    leavers = count_leavers(rows)
    if len(rows) < FEWEST_ROWS or leavers < FEWEST_LEAVERS:
        return because(
            "insufficient history for a model: {rows} person-days and {leavers} people who left, of {fewest_rows} and "
            "{fewest_leavers} needed; {rules} is used",
            rows=len(rows), leavers=leavers, fewest_rows=FEWEST_ROWS, fewest_leavers=FEWEST_LEAVERS,
            rules=baseline.VERSION,
        )  # fmt: skip
    earlier, later = split(rows)
    if count_leavers(later) < FEWEST_LATE_LEAVERS or not count_leavers(earlier):
        return because(
            "insufficient history for a model: {leavers} people left in the later part of the record, of {fewest} "
            "needed to measure one; {rules} is used",
            leavers=count_leavers(later), fewest=FEWEST_LATE_LEAVERS, rules=baseline.VERSION,
        )  # fmt: skip
    return None


def count_leavers(rows: pd.DataFrame) -> int:
    """How many people with label 1 there are; somebody who left is three rows but one lesson."""
    return int(rows.loc[rows["left_soon"] == 1, "employee_id"].nunique())


def split(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The earlier part to learn from and the later one to measure on, 90 days apart."""
    earlier, later = later_part(table_of(rows))
    return rows.iloc[earlier], rows.iloc[later]


def table_of(rows: pd.DataFrame) -> Table:
    """Person-days as rows to learn from."""
    names = [name for name in FEATURES if name in rows]
    days = (pd.to_datetime(rows["day"]) - pd.Timestamp(0)).dt.days
    return Table(
        features=tuple(Feature(name, FEATURES[name]) for name in names),
        matrix=rows[names].to_numpy(dtype=np.float64),
        labels=rows["left_soon"].to_numpy(dtype=np.float64),
        people=np.asarray(pd.factorize(rows["employee_id"])[0], dtype=np.int64),
        days=np.asarray(days, dtype=np.int64),
        horizon=HORIZON,
    )


def train_on(rows: pd.DataFrame) -> Model:
    """Learn from the earlier part, which is what is measured as well. Call it only when `too_little` is None."""
    table = table_of(rows)
    return learn(table.take(later_part(table)[0]))


def compare(model: Measurable, champion: Measurable, rows: pd.DataFrame) -> Comparison:
    """A model against the champion on the same people of the later part."""
    table = table_of(rows)
    places = later_part(table)[1]
    ours, theirs = ([Held(places, probability(each.margins(table.matrix[places])))] for each in (model, champion))
    return comparison(table, champion.version, ours, theirs, draws(table))


def evaluate(
    model: Measurable,
    rows: pd.DataFrame,
    champion: Measurable | None = None,
    audited: Mapping[str, Sequence[object]] | None = None,
) -> ModelEvaluation:
    """Measure a model and the rules on the later part, and against the champion; `audited` are attributes by row.

    The base rate that the Brier score is compared with is the one of the earlier part.
    """
    table = table_of(rows)
    earlier, places = later_part(table)
    truth, drawn = table.labels[places], draws(table)
    held = [Held(places, probability(model.margins(table.matrix[places])))]
    points = baseline.points_of(rows.iloc[places]).sum(axis=1).to_numpy(dtype=np.float64)
    return ModelEvaluation(
        **quality(table, held, drawn),
        rows=len(places),
        positives=int(truth.sum()),
        leavers=table.take(places).distinct_leavers(),
        split_on=rows["day"].iloc[places].min().date(),
        base_rate=float(truth.mean()),
        brier_of_base_rate=brier(truth, np.full(len(truth), table.labels[earlier].mean())),
        baseline_pr_auc=pr_auc(truth, points),
        levels=level_rows(table, held),
        groups=group_rows(table, held, audited or {}),
        proxies=proxy_tests(table, audited or {}),
        champion=compare(model, champion, rows) if champion and champion.version != model.version else None,
    )
