"""Scores with their reasons: what a scan makes of a shard of people."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

import pandas as pd
from sqlalchemy import Connection

from early_warning import baseline, registry
from early_warning.features import enough_history, features_of
from early_warning.metrics import Floats
from early_warning.model import Model, load
from early_warning.reasons import top_reasons
from early_warning.records import load_records
from models.scan import Basis, RiskScore

HUNDREDTH = Decimal("0.01")


class Result(NamedTuple):
    """Scores 0..100, margins, and the parts that add up to each margin, all in the order of the features."""

    scores: Floats
    margins: Floats
    parts: pd.DataFrame


def scorer(connection: Connection, version: str) -> Model | None:
    """The pinned model of that version, or None for the rules of the baseline. Raises ModelRefused."""
    if version == baseline.VERSION:
        return None
    kept = registry.find(connection, version)
    return load(kept.document, kept.sha256)


def score_people(connection: Connection, ids: Sequence[str], as_of: date, model: Model | None) -> list[RiskScore]:
    """One row a person, in order; without a score for those of whom too little is known."""
    return score_features(features_of(load_records(connection, ids, as_of, as_of), as_of), as_of, model)


def score_features(features: pd.DataFrame, as_of: date, model: Model | None) -> list[RiskScore]:
    """The same from a frame of features by employee id."""
    known = enough_history(features)
    scored = features[known]
    found = {row.employee_id: row for row in (_by_model(scored, as_of, model) if model else _by_rules(scored, as_of))}
    version = model.version if model else baseline.VERSION
    blank = {"day": as_of, "basis": Basis.INSUFFICIENT_HISTORY, "model_version": version}
    return [found.get(person) or RiskScore(employee_id=person, **blank) for person in map(str, features.index)]


def _by_model(features: pd.DataFrame, as_of: date, model: Model) -> list[RiskScore]:
    if features.empty:
        return []
    result = Result(100 * model.probabilities(features), model.margins(features), model.contributions(features))
    return _rows(features, as_of, Basis.MODEL, model.version, result)


def _by_rules(features: pd.DataFrame, as_of: date) -> list[RiskScore]:
    parts = baseline.points_of(features)
    points = parts.sum(axis=1).to_numpy(dtype=float)
    return _rows(features, as_of, Basis.BASELINE, baseline.VERSION, Result(points, points, parts))


def _rows(features: pd.DataFrame, as_of: date, basis: Basis, version: str, result: Result) -> list[RiskScore]:
    figures, parts = _dictionaries(features), _dictionaries(result.parts)
    return [
        RiskScore(
            employee_id=str(person),
            day=as_of,
            basis=basis,
            model_version=version,
            score=Decimal(float(result.scores[place])).quantize(HUNDREDTH),
            margin=float(result.margins[place]),
            contributions=parts[place],
            reasons=top_reasons(figures[place], parts[place]),
        )
        for place, person in enumerate(features.index)
    ]


def _dictionaries(frame: pd.DataFrame) -> list[dict[str, float]]:
    return [{str(name): float(value) for name, value in row.items()} for row in frame.to_dict("records")]
