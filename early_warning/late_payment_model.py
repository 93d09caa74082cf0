"""The late-payment model at work: a hazard for every interval of every invoice.

A row is an invoice in one interval; the interval is a word of the model, and its levels are the intervals that enough
invoices reached when it learned. Outside of them the nearest one stands in, day by day.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from early_warning.document import Feature
from early_warning.late_payment_curves import ENDS, INTERVALS, LENGTHS, SMALLEST
from early_warning.late_payment_figures import FIGURES
from early_warning.metrics import Floats, Places
from models.errors import ModelRefused

INTERVAL = "interval"
NAMES = (*FIGURES, INTERVAL)
ROWS_AT_ONCE = 20_000


class Rows(Protocol):
    """A model, in a process of its own or in this one."""

    def margins(self, matrix: Floats) -> Floats:
        """The log-odds of being settled, a row an invoice in an interval."""


def features_of(intervals: Sequence[int]) -> tuple[Feature, ...]:
    """The features of a model that knows these intervals, which follow each other."""
    return (*(Feature(name) for name in FIGURES), Feature(INTERVAL, 0, tuple(str(ENDS[each]) for each in intervals)))


def intervals_of(features: tuple[Feature, ...]) -> tuple[int, int]:
    """The first and the last interval that a model knows. Raises ModelRefused when it was made for other figures."""
    names = {str(end): place for place, end in enumerate(ENDS)}
    places = [names.get(level, -1) for level in features[-1].levels]
    follow = bool(places) and places == list(range(places[0], places[0] + len(places))) and places[0] >= 0
    if tuple(feature.name for feature in features) != NAMES or not follow:
        raise ModelRefused(
            "the model was trained on other features than this version of Offboard makes: it was not used. Train anew.",
            features=",".join(feature.name for feature in features),
        )
    return places[0], places[-1]


def rows_of(figures: Floats, levels: Places) -> Floats:
    """Figures with their interval, by its place among the levels of the model."""
    return np.column_stack([figures, levels.astype(np.float64)])


def hazards(model: Rows, known: tuple[int, int], figures: Floats, now: Places, of_all: Floats) -> Floats:
    """One row an invoice, one column an interval. What ended before `now` (days from due) is left at zero.

    `of_all` are the hazards of all clients together: they stand for a client of whom nothing was settled yet, as few
    invoices were the first one of their client, too few to learn from.
    """
    parts = [
        _hazards(model, known, figures[at : at + ROWS_AT_ONCE], now[at : at + ROWS_AT_ONCE])
        for at in range(0, len(now), ROWS_AT_ONCE)
    ]
    found = np.concatenate(parts) if parts else np.zeros((0, INTERVALS))
    found[figures[:, FIGURES.index("settled_count")] == 0] = of_all
    return found


def _hazards(model: Rows, known: tuple[int, int], figures: Floats, now: Places) -> Floats:
    first, last = known
    found = np.zeros((len(now), INTERVALS))
    # The last interval that is known stands in for all later ones, so that it is always asked for.
    wanted = (ENDS[first : last + 1] > now[:, None]) | (np.arange(first, last + 1) == last)
    rows, levels = np.nonzero(wanted)
    found[rows, levels + first] = 1.0 / (1.0 + np.exp(-model.margins(rows_of(figures[rows], levels))))
    for interval in (*range(first), *range(last + 1, INTERVALS)):
        near = first if interval < first else last
        daily = np.log1p(-np.clip(found[:, near], 0.0, 1 - SMALLEST)) / LENGTHS[near]
        found[:, interval] = -np.expm1(daily * LENGTHS[interval])
    return found
