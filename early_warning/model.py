"""A model at work: margins, probabilities and what every figure adds to them. Nothing here learns or reads a database.

It is a logistic line and shallow gradient-boosted trees, blended in log-odds. The blend is an affine map of both
margins, so the parts of both still add up to the final margin. Rows are matrices with a column a feature: NaN is
missing, and a word is the place of its level.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import xgboost as xgb

from early_warning.document import (
    BadDocument,
    Blend,
    Body,
    Feature,
    Line,
    Probe,
    Trees,
    dump,
    parse,
    sha256_of,
    version_of,
)
from early_warning.line import margins_of, parts_of
from early_warning.metrics import Floats
from models.model_kind import ModelKind

TOLERANCE = 1e-6  # between the margins of a probe when the model was learned and now; XGBoost counts in float32


@dataclass(frozen=True)
class Model:
    """A model and its document. `version` names its content."""

    body: Body
    document: bytes

    @cached_property
    def sha256(self) -> str:
        """What pins the document."""
        return sha256_of(self.document)

    @property
    def version(self) -> str:
        """A name that no other content has."""
        return version_of(self.sha256, self.body.kind)

    @property
    def names(self) -> tuple[str, ...]:
        """The features in the order of the columns."""
        return tuple(feature.name for feature in self.body.features)

    @cached_property
    def _booster(self) -> xgb.Booster | None:
        return _load(self.body.trees) if self.body.trees else None

    def line_margins(self, matrix: Floats) -> Floats:
        """The log-odds of the logistic part alone, before the blend."""
        return margins_of(self.body.line, matrix)

    def tree_margins(self, matrix: Floats) -> Floats:
        """The log-odds of the trees alone, before the blend; zero without trees."""
        if self._booster is None or self.body.trees is None:
            return np.zeros(len(matrix))
        return tree_margins(self._booster, columns_of(self.body.trees.columns, matrix))

    def margins(self, matrix: Floats) -> Floats:
        """The calibrated log-odds of leaving, a row a person."""
        blend = self.body.blend
        return np.asarray(blend.line * self.line_margins(matrix) + blend.trees * self.tree_margins(matrix) + blend.bias)

    def contributions(self, matrix: Floats) -> Floats:
        """The part of every feature in the margin, and in a last column the bias; a row adds up to the margin.

        Exact: the terms of the line, and TreeSHAP for the trees. The bias carries what float32 rounds off.
        """
        blend = self.body.blend
        parts = blend.line * parts_of(self.body.line, matrix)
        if self._booster is not None and self.body.trees is not None:
            data = xgb.DMatrix(columns_of(self.body.trees.columns, matrix), nthread=1)
            found = self._booster.predict(data, pred_contribs=True)
            for column, (feature, _) in enumerate(self.body.trees.columns):
                parts[:, feature] += blend.trees * found[:, column].astype(np.float64)
        return np.column_stack([parts, self.margins(matrix) - parts.sum(axis=1)])


def probability(margins: Floats) -> Floats:
    """Log-odds as a probability."""
    return np.asarray(1.0 / (1.0 + np.exp(-margins)))


def make(
    features: tuple[Feature, ...],
    line: Line,
    trees: Trees | None,
    blend: Blend,
    learned: dict[str, int | float | str],
    probe: Floats,
    kind: ModelKind = ModelKind.ATTRITION,
) -> Model:
    """A model from its parts. `probe` are rows whose margins are kept in the document, to know it again."""
    bare = Body(features, line, trees, blend, learned, Probe((), ()), kind)
    margins = Model(bare, b"").margins(probe)
    rows = tuple(tuple(None if np.isnan(each) else float(each) for each in row) for row in probe)
    document = dump(replace(bare, probe=Probe(rows, tuple(map(float, margins)))))
    return read(document)


def noted(model: Model, notes: Mapping[str, int | float | str]) -> Model:
    """The same model, with more said in it of how it was learned and measured."""
    body = replace(model.body, learned=model.body.learned | dict(notes))
    return read(dump(body))


def read(document: bytes) -> Model:
    """The model of a document. Raises BadDocument when it is none, or gives other margins for the probe."""
    model = Model(parse(document), document)
    probe = model.body.probe
    rows = np.array([[np.nan if each is None else each for each in row] for row in probe.rows], dtype=np.float64)
    if not np.allclose(model.margins(rows), probe.margins, rtol=TOLERANCE, atol=TOLERANCE):
        raise BadDocument("it gives other margins than when it was learned")
    return model


def columns_of(columns: tuple[tuple[int, int], ...], matrix: Floats) -> Floats:
    """The columns of the trees: a figure as it is, a word as a column of 0 and 1 for each of its levels."""
    return np.column_stack(
        [matrix[:, at] if level < 0 else (matrix[:, at] == level).astype(np.float64) for at, level in columns]
    )


def tree_margins(booster: xgb.Booster, data: Floats, rounds: int | None = None) -> Floats:
    """The log-odds of the trees, of the first `rounds` rounds when given."""
    span = (0, rounds) if rounds else (0, 0)
    margins = booster.predict(xgb.DMatrix(data, nthread=1), output_margin=True, iteration_range=span)
    return np.asarray(margins, dtype=np.float64)


def _load(trees: Trees) -> xgb.Booster:
    booster = xgb.Booster({"nthread": 1})
    try:
        booster.load_model(bytearray(json.dumps(trees.booster).encode()))
    except xgb.core.XGBoostError as refused:
        raise BadDocument("XGBoost does not read its trees") from refused
    if booster.num_features() != len(trees.columns):
        raise BadDocument("its trees have other columns")
    return booster
