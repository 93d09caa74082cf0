"""Measuring on rows that were held out: figures with intervals, levels, and one model against another.

A figure is the mean over the parts that were held out. Its interval comes from drawing people with replacement, the
same draw for all parts, and is moved by what drawing adds to the figure (a resampled calibration error is too large);
a difference is paired, so that what is hard for both cancels out.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

import numpy as np

from early_warning.metrics import MEASURES, Floats, Measure, Places
from early_warning.table import Table
from models.attrition import FLOORS, AttritionLevel, Comparison, LevelRow, Measured, Quality, level_of

DRAWS = 200
SEED = 11


class Held(NamedTuple):
    """The rows of one held-out part, and the probabilities that were given to them."""

    rows: Places
    probabilities: Floats


Counts = Places  # how often a draw holds each row


def draws(table: Table, times: int = DRAWS) -> list[Counts]:
    """People drawn with replacement; all rows of a person come together, as they are one lesson."""
    random = np.random.default_rng(SEED)
    people = np.arange(len(table)) if table.people is None else np.unique(table.people, return_inverse=True)[1]
    size = int(people.max()) + 1
    return [np.bincount(random.integers(0, size, size), minlength=size)[people] for _ in range(times)]


def quality(table: Table, held: Sequence[Held], drawn: Sequence[Counts]) -> dict[str, Measured]:
    """Every measure by name."""
    return {name: _interval(measure, table.labels, held, None, drawn) for name, measure in MEASURES.items()}


def compare(table: Table, ours: Sequence[Held], theirs: Sequence[Held], drawn: Sequence[Counts]) -> dict[str, Measured]:
    """Ours minus theirs by name of the measure; both on the same rows."""
    return {name: _interval(measure, table.labels, ours, theirs, drawn) for name, measure in MEASURES.items()}


def comparison(
    table: Table, against: str, ours: Sequence[Held], theirs: Sequence[Held], drawn: Sequence[Counts]
) -> Comparison:
    """The same for the card of a model."""
    found = compare(table, ours, theirs, drawn)
    return Comparison(against=against, roc_auc=found["roc_auc"], pr_auc=found["pr_auc"], brier=found["brier"])


def level_rows(table: Table, held: Sequence[Held]) -> tuple[LevelRow, ...]:
    """Prediction and outcome by level, over all held-out parts together."""
    given = np.concatenate([part.probabilities for part in held])
    truth = np.concatenate([table.labels[part.rows] for part in held])
    floors = [float(floor) for floor in FLOORS.values()]
    places = np.digitize(given, floors) - 1
    return tuple(_level_row(level, given[places == at], truth[places == at]) for at, level in enumerate(FLOORS))


def only(kept: Mapping[str, Measured]) -> Quality:
    """The measures as one value."""
    return Quality(**kept)


def _level_row(level: AttritionLevel, given: Floats, truth: Floats) -> LevelRow:
    if not len(given):
        return LevelRow(level=level, rows=0)
    observed = float(truth.mean())
    inside = level_of(Decimal(observed)) is level
    return LevelRow(level=level, rows=len(given), predicted=float(given.mean()), observed=observed, inside=inside)


def _interval(
    measure: Measure, labels: Floats, ours: Sequence[Held], theirs: Sequence[Held] | None, drawn: Sequence[Counts]
) -> Measured:
    def of(counts: Counts | None) -> float:
        mean = _mean(measure, labels, ours, counts)
        return mean if theirs is None else mean - _mean(measure, labels, theirs, counts)

    value = of(None)
    found = [each for counts in drawn if np.isfinite(each := of(counts))]
    if not found:
        return Measured(value=value, low=value, high=value)
    low, high = np.quantile(found, [0.025, 0.975]) + value - np.mean(found)
    return Measured(value=value, low=float(low), high=float(high))


def _mean(measure: Measure, labels: Floats, held: Sequence[Held], counts: Counts | None) -> float:
    figures = []
    for rows, probabilities in held:
        places = np.arange(len(rows)) if counts is None else np.repeat(np.arange(len(rows)), counts[rows])
        truth = labels[rows][places]
        if 0 < truth.sum() < len(truth):  # a draw without a leaver measures nothing
            figures.append(measure(truth, probabilities[places]))
    return float(np.mean(figures)) if figures else float("nan")
