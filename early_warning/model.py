"""The gradient-boosted trees: learning, predicting and explaining. Nothing here reads a database.

Trees are shallow and the rate is slow because leavers are few; a direction that is known is held (FEATURES). Rows are
not re-weighted, so the output stays a probability.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xgboost as xgb

from early_warning.features import FEATURES
from early_warning.metrics import Floats
from models.errors import ModelRefused

BIAS = "bias"
ROUNDS = 200
NAMES = list(FEATURES)
PARAMETERS = {
    "objective": "binary:logistic",
    "max_depth": 3,
    "eta": 0.03,
    "subsample": 0.8,
    "min_child_weight": 5,
    "monotone_constraints": tuple(FEATURES.values()),
    "nthread": 1,
    "seed": 7,
}


@dataclass(frozen=True)
class Model:
    """Trees that were learned here. `document` is XGBoost's JSON; `version` names its content."""

    document: bytes
    booster: xgb.Booster

    @property
    def sha256(self) -> str:
        """What pins the document."""
        return hashlib.sha256(self.document).hexdigest()

    @property
    def version(self) -> str:
        """A name that no other content has."""
        return f"trees-{self.sha256[:12]}"

    def probabilities(self, features: pd.DataFrame) -> Floats:
        """The probability of leaving within 90 days, a row a person."""
        return np.asarray(self.booster.predict(_matrix(features)), dtype=np.float64)

    def contributions(self, features: pd.DataFrame) -> pd.DataFrame:
        """TreeSHAP: the part of every feature in the log-odds. A row's sum, with the column `bias`, is the margin."""
        parts = self.booster.predict(_matrix(features), pred_contribs=True)
        return pd.DataFrame(parts, index=features.index, columns=pd.Index([*NAMES, BIAS])).astype(float)

    def margins(self, features: pd.DataFrame) -> Floats:
        """The log-odds, as the trees give them."""
        return np.asarray(self.booster.predict(_matrix(features), output_margin=True), dtype=np.float64)


def learn(features: pd.DataFrame, labels: Floats) -> Model:
    """Train on rows of features and labels 0 or 1. The same rows give the same document."""
    booster = xgb.train(PARAMETERS, _matrix(features, labels), num_boost_round=ROUNDS)
    return Model(document=bytes(booster.save_raw(raw_format="json")), booster=booster)


def load(document: bytes, sha256: str) -> Model:
    """The model of a registered document. Raises ModelRefused, before a byte is parsed, unless it is that document."""
    found = hashlib.sha256(document).hexdigest()
    if found != sha256:
        raise ModelRefused(
            f"the model file does not match its registered SHA-256 ({found[:12]} is not {sha256[:12]}): it was not "
            "loaded and nobody was scored. Train a model anew, or promote another one.",
            found=found,
            registered=sha256,
        )
    booster = xgb.Booster({"nthread": 1})
    booster.load_model(bytearray(document))
    if booster.feature_names != NAMES:
        raise ModelRefused(
            "the model was trained on other features than this version of Offboard makes: it was not used. Train anew.",
            features=",".join(booster.feature_names or []),
        )
    return Model(document=document, booster=booster)


def _matrix(features: pd.DataFrame, labels: Floats | None = None) -> xgb.DMatrix:
    return xgb.DMatrix(features[NAMES].to_numpy(dtype=np.float64), label=labels, feature_names=NAMES, nthread=1)
