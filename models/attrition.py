"""The model behind a score: how good it is, what it says of groups, and what stands on its card.

Rates are shares of 1. An interval is the middle 95 % of the same figure over people drawn with replacement.
"""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Self

from pydantic import model_validator

from models.base import Moment, Value
from models.reasons import Reason

READABLE = 0.75  # area under ROC from which the other figures give an attribute away


class AttritionLevel(StrEnum):
    """Bands of the probability of leaving: under 10 %, 10 to 30, 30 to 60, and from 60 %."""

    LOW = "low"
    WATCH = "watch"
    HIGH = "high"
    CRITICAL = "critical"


FLOORS: dict[AttritionLevel, Decimal] = {
    AttritionLevel.LOW: Decimal(0),
    AttritionLevel.WATCH: Decimal("0.1"),
    AttritionLevel.HIGH: Decimal("0.3"),
    AttritionLevel.CRITICAL: Decimal("0.6"),
}


def level_of(probability: Decimal) -> AttritionLevel:
    """The band that a probability of leaving falls into."""
    return [level for level, floor in FLOORS.items() if probability >= floor][-1]


class Measured(Value):
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


class Quality(Value):
    """How well a model ranks (areas under ROC and precision-recall, lift of the top tenth) and how true its figures
    are (Brier score, expected calibration error); of the last two, less is better."""

    roc_auc: Measured
    pr_auc: Measured
    lift_10: Measured
    brier: Measured
    ece: Measured


class LevelRow(Value):
    """What became of the people of one level: mean prediction, and the rate that was observed."""

    level: AttritionLevel
    rows: int
    predicted: float | None = None
    observed: float | None = None
    inside: bool | None = None


class GroupRow(Value):
    """One group of an attribute that the model does not see: who is among the top tenth, and who left."""

    attribute: str
    group: str
    rows: int
    flag_rate: float
    true_rate: float
    flag_ratio: float | None = None
    true_ratio: float | None = None


class ProxyTest(Value):
    """How well the figures of the model tell one group of an attribute from all others (area under ROC)."""

    attribute: str
    group: str
    roc_auc: float

    @property
    def readable(self) -> bool:
        """Whether a named person has to look at it before the model scores anybody."""
        return self.roc_auc > READABLE


class Comparison(Value):
    """A model against another one on the same people: the differences, ours minus theirs."""

    against: str
    roc_auc: Measured
    pr_auc: Measured
    brier: Measured

    @property
    def better(self) -> bool:
        """Finds more of the leavers, or is as good at that and truer, beyond what chance does."""
        return self.pr_auc.low > 0 or (self.pr_auc.high >= 0 and self.brier.high < 0)


class Split(StrEnum):
    """How rows to learn from and rows to measure on are kept apart."""

    STRATA = "strata"
    PEOPLE = "people"
    TIME = "time"


class TableEvaluation(Quality):
    """A labelled table through the learner: it learned anew for each of the `parts` that it was measured on."""

    rows: int
    positives: int
    base_rate: float
    split: Split
    parts: int
    features: tuple[str, ...]
    levels: tuple[LevelRow, ...]
    groups: tuple[GroupRow, ...] = ()
    proxies: tuple[ProxyTest, ...] = ()


class ModelEvaluation(Quality):
    """A registered model on person-days after those that it learned from; `baseline` are the rules, as points.

    Compare `brier` with `brier_of_base_rate`, and `pr_auc` with `base_rate`, which chance gives.
    """

    rows: int
    positives: int
    leavers: int
    split_on: date
    base_rate: float
    brier_of_base_rate: float
    baseline_pr_auc: float
    levels: tuple[LevelRow, ...]
    groups: tuple[GroupRow, ...] = ()
    proxies: tuple[ProxyTest, ...] = ()
    champion: Comparison | None = None

    @property
    def readable(self) -> tuple[ProxyTest, ...]:
        """The attributes that the figures give away."""
        return tuple(test for test in self.proxies if test.readable)


class TrainingOutcome(Value):
    """What a training came to. `version` is None with `insufficient`, which says what is missing."""

    rows: int
    leavers: int
    version: str | None = None
    insufficient: Reason | None = None
    evaluation: ModelEvaluation | None = None

    @model_validator(mode="after")
    def _one_or_the_other(self) -> Self:
        if (self.version is None) == (self.insufficient is None):
            raise ValueError("a training makes a model, or says what is missing")
        return self


class Promotion(Value):
    """Who let a model score people, and what they said of the attributes that its figures give away."""

    version: str
    by: str
    at: Moment
    proxy_note: str = ""
    comparison: Comparison | None = None


class FeatureLine(Value):
    """A figure of the model; `direction` -1: a higher one can only lower the probability; 0: the data decides."""

    name: str
    direction: int


class ModelCard(Value):
    """All that is known of a model, for whoever has to answer for it."""

    version: str
    sha256: str
    trained_at: Moment
    first_day: date
    last_day: date
    rows: int
    leavers: int
    learned: dict[str, int | float | str]
    features: tuple[FeatureLine, ...]
    evaluation: ModelEvaluation
    promotion: Promotion | None = None
    champion: bool = False
