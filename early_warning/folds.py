"""How rows are kept apart: what a model is chosen or measured on, it has not learned from."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from sklearn.model_selection import RepeatedStratifiedKFold, StratifiedGroupKFold, StratifiedKFold

from early_warning.metrics import Places
from early_warning.table import Table

Fold = tuple[Places, Places]

INNER = 5
LARGE = 5000  # rows from which one held-out quarter tells enough
BLOCKS = (0.4, 0.55, 0.7, 0.85, 1.0)  # of the days: learn up to one, choose on the days up to the next
LATER_PART = 0.3
SEED = 7


def inner(table: Table) -> list[Fold]:
    """Parts to choose a model on: later days where there is time, else strata, with a person's rows together."""
    if table.days is not None and (found := list(_forward(table))):
        return found
    splits = 4 if len(table) >= LARGE else INNER
    splits = max(2, min(splits, table.distinct_leavers()))
    found = list(_strata(table, splits))
    return found[:1] if len(table) >= LARGE else found


def outer(table: Table, repeats: int = 5) -> list[Fold]:
    """Parts to measure on. With time one split, the later days; else five strata, `repeats` times."""
    if table.days is not None:
        return [later_part(table)]
    if table.people is not None:
        return [fold for seed in range(repeats) for fold in _strata(table, 5, seed)]
    folds = RepeatedStratifiedKFold(n_splits=5, n_repeats=repeats, random_state=0)
    return list(folds.split(table.matrix, table.labels))


def later_part(table: Table) -> Fold:
    """The earlier rows to learn from and the later ones to measure on, so far apart that no label is still open."""
    assert table.days is not None  # noqa: S101  (the caller has looked)
    days = np.unique(table.days)
    start = days[int(len(days) * (1 - LATER_PART))]
    return np.flatnonzero(table.days + table.horizon <= start), np.flatnonzero(table.days >= start)


def _forward(table: Table) -> Iterator[Fold]:
    assert table.days is not None  # noqa: S101  (the caller has looked)
    days = np.unique(table.days)
    edges = [days[min(len(days) - 1, int(len(days) * share))] for share in BLOCKS]
    for start, end in pairwise(edges):
        earlier = np.flatnonzero(table.days + table.horizon <= start)
        later = np.flatnonzero((table.days >= start) & (table.days < end if end < days[-1] else table.days <= end))
        if len(earlier) and len(later) and table.take(earlier).both_kinds and table.take(later).both_kinds:
            yield earlier, later


def _strata(table: Table, splits: int, seed: int = SEED) -> Iterator[Fold]:
    if table.people is None:
        yield from StratifiedKFold(splits, shuffle=True, random_state=seed).split(table.matrix, table.labels)
    else:
        folds = StratifiedGroupKFold(splits, shuffle=True, random_state=seed)
        for fold in folds.split(table.matrix, table.labels, table.people):
            if all(table.take(part).both_kinds for part in fold):
                yield fold
