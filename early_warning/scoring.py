"""Scores with their reasons: what a scan makes of a shard of people.

Exact contributions cost many times a score, so that a scan makes them for the high ones alone. Whoever asks for another
person's gets them made on the spot, with the same model and the records up to the same day.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple, Protocol

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from early_warning import baseline, registry
from early_warning.features import FEATURES, enough_history, features_of
from early_warning.host import hosted
from early_warning.metrics import Floats, Places
from early_warning.reasons import top_reasons
from early_warning.records import load_records
from models.attrition import FLOORS, AttritionLevel, level_of
from models.errors import ModelRefused, Refused, Unavailable
from models.scan import Basis, RiskScore

NAMES = tuple(FEATURES)
BIAS = "bias"
HUNDREDTH = Decimal("0.01")
HIGH_POINTS = 30.0  # of the baseline, from which the reasons are kept with the score


class Scorer(Protocol):
    """A model, in a process of its own or in this one. Rows are matrices with the columns `names`."""

    @property
    def version(self) -> str:
        """The name of its content."""

    def margins(self, matrix: Floats) -> Floats:
        """The log-odds of leaving, a row a person."""

    def contributions(self, matrix: Floats) -> Floats:
        """What every feature adds to them, and in the last column the bias."""


def scorer(connection: Connection, version: str) -> Scorer | None:
    """The pinned model of that version in its own process, or None for the rules of the baseline.

    Raises ModelRefused: unknown, damaged, or made for other features.
    """
    if version == baseline.VERSION:
        return None
    kept = registry.find(connection, version)
    model = hosted(kept.document, kept.sha256)
    if model.names != NAMES:
        raise ModelRefused(
            "the model was trained on other features than this version of Offboard makes: it was not used. Train anew.",
            features=",".join(model.names),
        )
    return model


def score_people(connection: Connection, ids: Sequence[str], as_of: date, model: Scorer | None) -> list[RiskScore]:
    """One row a person, in order; without a score for those of whom too little is known."""
    return score_features(features_of(load_records(connection, ids, as_of, as_of), as_of), as_of, model)


def score_features(
    features: pd.DataFrame, as_of: date, model: Scorer | None, *, explain_all: bool = False
) -> list[RiskScore]:
    """The same from a frame of features by employee id."""
    known = enough_history(features).to_numpy()
    version = model.version if model else baseline.VERSION
    found = iter(_scored(features[known], as_of, model, explain_all=explain_all))
    return [
        next(found)
        if enough
        else RiskScore(employee_id=str(person), day=as_of, basis=Basis.INSUFFICIENT_HISTORY, model_version=version)
        for person, enough in zip(features.index, known, strict=True)
    ]


class Explained(NamedTuple):
    """A score with everything that went into it. `figures` by feature: None is one that cannot be known."""

    score: RiskScore
    figures: dict[str, float | None]


def explained(connection: Connection, score: RiskScore) -> Explained:
    """A kept score with its contributions, reasons and figures.

    Raises ModelRefused, Unavailable, and Refused when the records of that day have been changed since: then the score
    cannot be explained from them any more. A score that was kept with its contributions comes without figures then.
    """
    records = load_records(connection, [score.employee_id], score.day, score.day)
    features = features_of(records, score.day)
    (row,) = features[list(NAMES)].to_numpy(dtype=np.float64).tolist()
    figures = {name: None if np.isnan(figure) else figure for name, figure in zip(NAMES, row, strict=True)}
    if score.score is None:
        return Explained(score, figures)
    try:
        model = scorer(connection, score.model_version)
        (again,) = score_features(features, score.day, model, explain_all=True)
    except (ModelRefused, Unavailable):
        if score.contributions:
            return Explained(score, {})
        raise
    if again.score == score.score:
        return Explained(again, figures)
    if score.contributions:
        return Explained(score, {})
    raise Refused(
        "the score of {employee} as of {day} cannot be explained any more: records up to that day have been "
        "changed since. Scan a later day.",
        employee=score.employee_id,
        day=score.day,
    )


class _Result(NamedTuple):
    """Margins and figures of 0..100, and the parts of those who are explained, by their place."""

    margins: Floats
    figures: Floats
    parts: dict[int, dict[str, float]]


def _scored(features: pd.DataFrame, as_of: date, model: Scorer | None, *, explain_all: bool) -> list[RiskScore]:
    if features.empty:
        return []
    matrix = features[list(NAMES)].to_numpy(dtype=np.float64)
    result = _by_model(matrix, model, explain_all) if model else _by_rules(features, explain_all)
    return [
        _row(str(person), as_of, model, result, place, matrix[place]) for place, person in enumerate(features.index)
    ]


def _by_model(matrix: Floats, model: Scorer, explain_all: bool) -> _Result:
    margins = model.margins(matrix)
    figures = 100.0 / (1.0 + np.exp(-margins))
    high = np.flatnonzero(explain_all | (figures >= 100.0 * float(FLOORS[AttritionLevel.WATCH])))
    return _Result(margins, figures, _by_place(high, (*NAMES, BIAS), model.contributions(matrix[high])))


def _by_rules(features: pd.DataFrame, explain_all: bool) -> _Result:
    parts = baseline.points_of(features).to_numpy(dtype=np.float64)
    points = parts.sum(axis=1)
    high = np.flatnonzero(explain_all | (points >= HIGH_POINTS))
    return _Result(points, points, _by_place(high, NAMES, parts[high]))


def _by_place(places: Places, names: tuple[str, ...], parts: Floats) -> dict[int, dict[str, float]]:
    rows = zip(places.tolist(), parts.tolist(), strict=True)
    return {place: dict(zip(names, row, strict=True)) for place, row in rows}


def _row(person: str, as_of: date, model: Scorer | None, result: _Result, place: int, figures: Floats) -> RiskScore:
    score = Decimal(float(result.figures[place])).quantize(HUNDREDTH)
    parts = result.parts.get(place, {})
    return RiskScore(
        employee_id=person,
        day=as_of,
        basis=Basis.MODEL if model else Basis.BASELINE,
        model_version=model.version if model else baseline.VERSION,
        score=score,
        level=level_of(score / 100) if model else None,
        margin=float(result.margins[place]),
        contributions=parts,
        reasons=top_reasons(dict(zip(NAMES, figures.tolist(), strict=True)), parts),
    )
