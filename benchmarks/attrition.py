"""Who leaves, on two public sets: our model, its parts alone, and six anchors, all on the same parts in one run.

Figures are means over the held-out parts; intervals come from drawing people with replacement, the same draw for all
parts and models. Times are CPU seconds for learning and predicting, one thread each. Nobody here wrote the data; they
are not part of the project and are looked for in `../shared/data` beside the checkout.
"""

import time
import warnings
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from early_warning.evaluation import Held, compare, draws, level_rows, quality
from early_warning.features import FEATURES
from early_warning.folds import outer
from early_warning.labelled import read_mapping, read_table
from early_warning.learning import learn, tree_columns
from early_warning.metrics import Floats
from early_warning.model import columns_of, probability
from early_warning.scoring import score_features
from early_warning.table import Table
from models.attrition import Measured
from store.policies import load_warning_policy
from tests.model_tables import made_table, noise

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data"
SETS = {
    "IBM": ("ibm_hr_attrition/WA_Fn-UseC_-HR-Employee-Attrition.csv", "ibm_attrition.toml", 5),
    "HR_comma": ("hr_comma_sep/HR_comma_sep.csv", "hr_comma.toml", 1),
}
BEST_ANCHORS = ("EBM", "EBM without pairs")
SCANNED = 100_000

Predict = Callable[[Table, Table], Floats]


def run() -> dict[str, str]:
    """A row a model; skips with a message where a set is absent."""
    policy = load_warning_policy()
    figures = _speed()
    for name, (file, mapping, repeats) in SETS.items():
        if not (DATA / file).is_file():
            figures[name] = f"skipped: {DATA / file} is not there"
            continue
        listed = {*policy.protected_attributes, *policy.proxies}
        table = read_table(
            DATA / file, read_mapping(ROOT / "docs" / "examples" / "labelled" / mapping), listed=listed
        ).table
        figures |= _measure(name, table, repeats)
    return figures


def _speed() -> dict[str, str]:
    """CPU seconds of a scan's scores, without reading records: figures of chance through a model that learned some."""
    model = learn(made_table(3000))
    matrix = noise(SCANNED, len(FEATURES))
    frame = pd.DataFrame(matrix, columns=pd.Index(list(FEATURES)), index=pd.Index([f"E{n}" for n in range(SCANNED)]))
    order = np.argsort(-model.margins(matrix), kind="stable")
    started = time.process_time()
    model.margins(matrix)
    scored = time.process_time()
    model.contributions(matrix[order[: SCANNED // 50]])
    explained = time.process_time()
    rows = score_features(frame.assign(tenure_days=np.nan), date(2026, 11, 24), model)
    made = time.process_time()
    high = sum(bool(row.contributions) for row in rows)
    return {
        f"{SCANNED:,} people scored": f"{scored - started:.2f} CPU s",
        "the highest 2 % explained": f"{explained - scored:.2f} CPU s",
        f"rows of all, {high:,} with reasons": f"{made - explained:.2f} CPU s",
    }


def _measure(name: str, table: Table, repeats: int) -> dict[str, str]:
    parts, drawn = outer(table, repeats), draws(table)
    held: dict[str, list[Held]] = {}
    spent: dict[str, float] = {}
    for model, predict in MODELS.items():
        started = time.process_time()
        held[model] = [Held(later, predict(table.take(known), table.take(later))) for known, later in parts]
        spent[model] = time.process_time() - started
    rows = {f"{name}: {len(table)} rows, {len(parts)} parts": "ROC-AUC | PR-AUC | lift at 10 % | Brier | ECE | CPU s"}
    for model, found in held.items():
        measured = quality(table, found, drawn)
        rows[f"{name} {model}"] = " | ".join([*map(_shown, measured.values()), f"{spent[model]:.0f}"])
    for anchor in BEST_ANCHORS:
        gap = compare(table, held["our model"], held[anchor], drawn)
        rows[f"{name} our model minus {anchor}"] = " | ".join(_shown(each, "+") for each in gap.values())
    for level in level_rows(table, held["our model"]):
        seen = "nobody" if level.observed is None else f"predicted {level.predicted:.3f}, observed {level.observed:.3f}"
        rows[f"{name} level {level.level}"] = f"{seen}, {'inside' if level.inside else 'outside'} its band"
    return rows


def _shown(figure: Measured, sign: str = "") -> str:
    return f"{figure.value:{sign}.4f} ({figure.low:{sign}.3f}..{figure.high:{sign}.3f})"


def _ours(known: Table, later: Table, **parts: bool) -> Floats:
    return probability(learn(known, **parts).margins(later.matrix))


def _anchor(make: Callable[[], Any], known: Table, later: Table) -> Floats:
    """An anchor on one-hot columns; missing words have none of them."""
    columns = tree_columns(known)
    model = make()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the libraries, about names of columns
        model.fit(columns_of(columns, known.matrix), known.labels.astype(int))
        return np.asarray(model.predict_proba(columns_of(columns, later.matrix))[:, 1], dtype=np.float64)


def _logistic() -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=2000))


def _forest() -> Any:
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(n_estimators=500, random_state=0, n_jobs=1)


def _xgboost() -> Any:
    from xgboost import XGBClassifier

    return XGBClassifier(n_jobs=1, random_state=0)


def _lightgbm() -> Any:
    from lightgbm import LGBMClassifier

    return LGBMClassifier(n_jobs=1, random_state=0, verbose=-1)


def _ebm(known: Table, later: Table, pairs: str | int = "3x") -> Floats:
    """The explainable boosting machine gets words as words; 8 bags, as its 14 take twice the time for +.002.

    Its default number of pairs of features costs it more on few rows than it brings: it is run without them too.
    """
    from interpret.glassbox import ExplainableBoostingClassifier

    kinds = ["nominal" if feature.levels else "continuous" for feature in known.features]
    model = ExplainableBoostingClassifier(
        feature_types=kinds, outer_bags=8, interactions=pairs, n_jobs=1, random_state=0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(known.matrix, known.labels.astype(int))
        return np.asarray(model.predict_proba(later.matrix)[:, 1], dtype=np.float64)


MODELS: dict[str, Predict] = {
    "our model": _ours,
    "our line alone": partial(_ours, with_trees=False),
    "our trees alone": partial(_ours, with_line=False),
    "logistic C=.1": partial(_anchor, _logistic),
    "random forest": partial(_anchor, _forest),
    "XGBoost default": partial(_anchor, _xgboost),
    "LightGBM default": partial(_anchor, _lightgbm),
    "EBM": _ebm,
    "EBM without pairs": partial(_ebm, pairs=0),
}


if __name__ == "__main__":
    for name, figure in run().items():
        print(f"{name}: {figure}")
