"""Learning a model: the line, the trees, and how they are blended, each chosen on rows that it has not seen.

Trees are shallow and slow because leavers are few, and because their exact explanation costs little then. Rows are
never re-weighted: what comes out is shown as a probability. The blend is a logistic regression of the outcome on the
two out-of-fold margins (Platt's calibration of a stack), with no part below zero.
"""

import json
from typing import NamedTuple

import numpy as np
import xgboost as xgb
from sklearn.linear_model import LogisticRegression

from early_warning.document import Blend, Line, Trees
from early_warning.folds import Fold, inner
from early_warning.line import margins_of
from early_warning.line_learning import fit_line
from early_warning.metrics import Floats
from early_warning.model import Model, columns_of, make, tree_margins
from early_warning.table import Table
from models.model_kind import ModelKind

FEWEST_ROWS_FOR_TREES = 1000
STRENGTHS = (0.003, 0.01, 0.03, 0.1, 0.3)
DEPTHS = (1, 2, 4)
MOST_ROUNDS = 1000
PATIENCE = 60  # rounds without a better log loss on the rows held out, after which learning stops
PROBES = 16
PARAMETERS = {
    "objective": "binary:logistic",
    "eta": 0.05,
    "subsample": 0.7,
    "colsample_bynode": 0.5,
    "min_child_weight": 3,
    "nthread": 1,
    "seed": 7,
}


class Grown(NamedTuple):
    """Trees as they were chosen, with the margins that they gave on held-out rows."""

    depth: int
    rounds: int
    held_out: Floats
    loss: float


def learn(
    table: Table, *, with_line: bool = True, with_trees: bool = True, kind: ModelKind = ModelKind.ATTRITION
) -> Model:
    """Learn from all rows of a table. The same rows give the same document.

    Under 1,000 rows it is the line alone. Both parts can be asked for alone, to measure what the other one adds.
    """
    folds = inner(table)
    truth = np.concatenate([table.labels[held] for _, held in folds])
    strength, lines = _choose_line(table, folds, truth)
    grown = None
    if with_trees and (len(table) >= FEWEST_ROWS_FOR_TREES or not with_line):
        grown = min((_grow(table, folds, truth, depth) for depth in DEPTHS), key=lambda each: each.loss)
    blend = _blend(lines if with_line else None, grown.held_out if grown else None, truth)
    learned: dict[str, int | float | str] = {
        "rows": len(table),
        "positives": int(table.labels.sum()),
        "strength": strength,
    }
    if grown:
        learned |= {"depth": grown.depth, "rounds": grown.rounds}
    line = fit_line(table.features, table.matrix, table.labels, strength) if blend.line else Line(0.0, ())
    trees = _all_trees(table, grown) if grown and blend.trees else None
    probe = table.matrix[np.linspace(0, len(table) - 1, min(PROBES, len(table)), dtype=np.int64)]
    return make(table.features, line, trees, blend, learned, probe, kind)


def _choose_line(table: Table, folds: list[Fold], truth: Floats) -> tuple[float, Floats]:
    found = {}
    for strength in STRENGTHS:
        parts = []
        for known, held in folds:
            line = fit_line(table.features, table.matrix[known], table.labels[known], strength)
            parts.append(margins_of(line, table.matrix[held]))
        found[strength] = np.concatenate(parts)
    best = min(found, key=lambda strength: log_loss(truth, found[strength]))
    return best, found[best]


def _grow(table: Table, folds: list[Fold], truth: Floats, depth: int) -> Grown:
    """Trees of one depth on every fold; the number of rounds is the one that is best over all folds together."""
    columns = tree_columns(table)
    data = columns_of(columns, table.matrix)
    boosters, curves = [], []
    for known, held in folds:
        booster, curve = _boost(
            table, columns, depth, data[known], table.labels[known], (data[held], table.labels[held])
        )
        boosters.append(booster)
        curves.append(np.array(curve) * len(held))
    shortest = min(map(len, curves))
    rounds = int(np.argmin(np.sum([curve[:shortest] for curve in curves], axis=0))) + 1
    margins = [tree_margins(booster, data[held], rounds) for booster, (_, held) in zip(boosters, folds, strict=True)]
    held_out = np.concatenate(margins)
    return Grown(depth, rounds, held_out, log_loss(truth, held_out))


def _boost(
    table: Table,
    columns: tuple[tuple[int, int], ...],
    depth: int,
    data: Floats,
    labels: Floats,
    held: tuple[Floats, Floats] | None = None,
    rounds: int = MOST_ROUNDS,
) -> tuple[xgb.Booster, list[float]]:
    directions = tuple(0 if level >= 0 else table.features[at].direction for at, level in columns)
    told: dict[str, dict[str, list[float]]] = {}
    booster = xgb.train(
        {**PARAMETERS, "max_depth": depth, "monotone_constraints": directions},
        xgb.DMatrix(data, labels, nthread=1),
        rounds,
        evals=[(xgb.DMatrix(*held, nthread=1), "held")] if held else [],
        early_stopping_rounds=PATIENCE if held else None,
        evals_result=told,
        verbose_eval=False,
    )
    return booster, told["held"]["logloss"] if held else []


def _all_trees(table: Table, grown: Grown) -> Trees:
    columns = tree_columns(table)
    data = columns_of(columns, table.matrix)
    booster, _ = _boost(table, columns, grown.depth, data, table.labels, rounds=grown.rounds)
    return trees_of(booster, columns)


def _blend(lines: Floats | None, trees: Floats | None, truth: Floats) -> Blend:
    parts = {name: held for name, held in (("line", lines), ("trees", trees)) if held is not None}
    while True:
        fitted = LogisticRegression(C=1e4, max_iter=1000).fit(np.column_stack(list(parts.values())), truth)
        weights = dict(zip(parts, map(float, fitted.coef_[0]), strict=True))
        worst = min(weights, key=lambda name: weights[name])
        if weights[worst] >= 0 or len(parts) == 1:
            break
        del parts[worst]
    kept = {name: max(0.0, weights.get(name, 0.0)) for name in ("line", "trees")}
    return Blend(**kept, bias=float(fitted.intercept_[0]))


def tree_columns(table: Table) -> tuple[tuple[int, int], ...]:
    """What the columns of the trees are: a figure is one, a word is one for each of its levels."""
    return tuple(
        (at, level)
        for at, feature in enumerate(table.features)
        for level in (range(len(feature.levels)) if feature.levels else (-1,))
    )


def trees_of(booster: xgb.Booster, columns: tuple[tuple[int, int], ...]) -> Trees:
    """The trees as they stand in a document."""
    return Trees(columns, json.loads(bytes(booster.save_raw(raw_format="json"))))


def log_loss(truth: Floats, margins: Floats) -> float:
    """Mean negative log-likelihood of log-odds."""
    return float(np.mean(np.logaddexp(0.0, margins) - truth * margins))
