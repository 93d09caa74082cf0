"""What the model does to groups that it must not see, and whether its figures give them away.

Attributes come in for this audit alone; nothing here hands them to the learner.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
import xgboost as xgb
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from early_warning.evaluation import Held
from early_warning.learning import PARAMETERS, tree_columns
from early_warning.line import margins_of
from early_warning.line_learning import fit_line
from early_warning.metrics import Floats, roc_auc
from early_warning.model import columns_of, tree_margins
from early_warning.table import Table
from models.attrition import GroupRow, ProxyTest

FEWEST = 30  # people in a group and outside it, below which nothing is said about it
TOP = 0.1  # the share of people who are looked at: those with the highest scores
BANDS = (0.25, 0.5, 0.75)  # a figure such as an age is cut at its quartiles
FEW_VALUES = 8
ROUNDS = 150


def groups_of(values: Sequence[object]) -> pd.Series:
    """The group of every row: a word as it is, a figure of many values as a band."""
    column = pd.Series(list(values))
    figures = pd.to_numeric(column, errors="coerce")
    if figures.notna().all() and figures.nunique() > FEW_VALUES:
        edges = sorted(set(figures.quantile(list(BANDS))))
        names = [f"under {edges[0]:g}", *(f"{low:g} to {high:g}" for low, high in pairwise(edges))]
        names.append(f"{edges[-1]:g} and more")
        return pd.Series(np.array(names)[np.digitize(figures, edges)])
    return column.fillna("").astype(str).replace("", "not stated")


def proxy_tests(table: Table, attributes: Mapping[str, Sequence[object]]) -> tuple[ProxyTest, ...]:
    """For every group of every attribute: how well the figures of the model tell it from all others, cross-validated.

    Of two groups that are each other's rest, one says it all.
    """
    tests = []
    for name, values in attributes.items():
        groups = groups_of(values)
        found = list(_large_groups(table, groups))
        for group, inside in found[:1] if groups.nunique() == 2 else found:
            tests.append(ProxyTest(attribute=name, group=group, roc_auc=round(_readable(table, inside), 4)))
    return tuple(tests)


def group_rows(table: Table, held: Sequence[Held], attributes: Mapping[str, Sequence[object]]) -> tuple[GroupRow, ...]:
    """For every group: how many are in the top tenth beside how many left; ratios are against all others."""
    flagged = np.concatenate([_top(part.probabilities) for part in held])
    rows = np.concatenate([part.rows for part in held])
    truth = table.labels[rows]
    return tuple(
        _group_row(name, group, inside[rows] == 1, flagged, truth)
        for name, values in attributes.items()
        for group, inside in _large_groups(table, groups_of(values))
    )


def _large_groups(table: Table, groups: pd.Series) -> Iterator[tuple[str, Floats]]:
    """Groups with enough people in and outside."""
    for group in sorted(groups.unique()):
        inside = (groups == group).to_numpy(dtype=np.float64)
        people = [_people(table, np.flatnonzero(inside == side)) for side in (0, 1)]
        if min(people) >= FEWEST:
            yield group, inside


def _people(table: Table, rows: np.ndarray) -> int:
    return len(rows) if table.people is None else len(np.unique(table.people[rows]))


def _readable(table: Table, inside: Floats) -> float:
    """The better of a line and of trees: a proxy may be one figure or a twist of several."""
    columns = tree_columns(table)
    data = columns_of(columns, table.matrix)
    told: dict[str, list[float]] = {"line": [], "trees": []}
    for known, held in _parts(table, inside):
        line = fit_line(table.features, table.matrix[known], inside[known], 0.1, directed=False)
        told["line"].append(roc_auc(inside[held], margins_of(line, table.matrix[held])))
        trees = xgb.train({**PARAMETERS, "max_depth": 3}, xgb.DMatrix(data[known], inside[known], nthread=1), ROUNDS)
        told["trees"].append(roc_auc(inside[held], tree_margins(trees, data[held])))
    return max(float(np.mean(found)) for found in told.values())


def _parts(table: Table, inside: Floats) -> list[tuple[np.ndarray, np.ndarray]]:
    if table.people is None:
        return list(StratifiedKFold(3, shuffle=True, random_state=1).split(table.matrix, inside))
    folds = StratifiedGroupKFold(3, shuffle=True, random_state=1)
    return list(folds.split(table.matrix, inside, table.people))


def _top(probabilities: Floats) -> np.ndarray:
    places = max(1, round(TOP * len(probabilities)))
    flagged = np.zeros(len(probabilities), dtype=bool)
    flagged[np.argsort(-probabilities, kind="stable")[:places]] = True
    return flagged


def _group_row(attribute: str, group: str, inside: np.ndarray, flagged: np.ndarray, truth: Floats) -> GroupRow:
    flag, true = float(flagged[inside].mean()), float(truth[inside].mean())
    others_flag, others_true = float(flagged[~inside].mean()), float(truth[~inside].mean())
    return GroupRow(
        attribute=attribute,
        group=group,
        rows=int(inside.sum()),
        flag_rate=flag,
        true_rate=true,
        flag_ratio=flag / others_flag if others_flag else None,
        true_ratio=true / others_true if others_true else None,
    )
