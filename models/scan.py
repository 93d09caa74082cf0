"""The pre-resignation risk scan: what travels through history, what is kept, and what a model says of itself.

A score is a prediction. It is shown to people and nothing more: no access, handover or case follows from it.
"""

from datetime import date
from decimal import Decimal
from enum import StrEnum

from models.base import EmployeeId, Message, Moment, Value
from models.reasons import Reason

SHARD_SIZE = 500  # people: their records fit into some ten MB, and one lost shard costs seconds


class Basis(StrEnum):
    """What a score rests on. `insufficient_history` has no score: too little is known, and that is not zero."""

    MODEL = "model"
    BASELINE = "baseline"
    INSUFFICIENT_HISTORY = "insufficient_history"


class ScoreReason(Value):
    """One fact behind a score. `contribution` is its part of the margin; a positive one raises the score."""

    feature: str
    contribution: float
    reason: Reason


class RiskScore(Value):
    """The score of one person on one day.

    `score` is 0..100: with the basis `model` the probability in percent that the person leaves within 90 days, with
    `baseline` points of a rule set, which are no probability. `contributions` add up to `margin` (log-odds of the
    model, points of the baseline); `bias` is among them.
    """

    employee_id: EmployeeId
    day: date
    basis: Basis
    model_version: str
    score: Decimal | None = None
    margin: float | None = None
    contributions: dict[str, float] = {}
    reasons: tuple[ScoreReason, ...] = ()


# ---- the workflow ----


class ScanRequest(Message):
    """Scan every active salesperson as of a day; without one, the day of the scheduled time in `zone`."""

    as_of: date | None = None
    zone: str = "UTC"
    shard_size: int = SHARD_SIZE


class PlanScan(Message):
    """What the plan of a scan is made from; `at` is the scheduled time, or the start when nobody scheduled it."""

    request: ScanRequest
    at: Moment


class Shard(Message):
    """A run of people by id, both ends included."""

    first: EmployeeId
    last: EmployeeId
    people: int


class ScanPlan(Message):
    """The day, the model that scores everybody on it, and the shards."""

    as_of: date
    model_version: str
    shards: tuple[Shard, ...]


class ShardRequest(Message):
    """Score one shard."""

    as_of: date
    model_version: str
    shard: Shard


class ScanCounts(Message):
    """People who have a row for the day: with a score, and without one because too little is known."""

    scored: int = 0
    insufficient: int = 0

    def plus(self, other: "ScanCounts") -> "ScanCounts":
        """Both together."""
        return ScanCounts(scored=self.scored + other.scored, insufficient=self.insufficient + other.insufficient)


class ScanResult(Message):
    """How a scan ended."""

    as_of: date
    model_version: str
    people: int
    counts: ScanCounts


# ---- the model ----


class RankingQuality(Value):
    """How well a score ranks: area under precision-recall, and the share of leavers in the top tenth."""

    pr_auc: float
    recall_at_10_percent: float


class ModelEvaluation(Value):
    """A model, and the baseline, on person-days after those that the model learned from.

    Compare `brier` with `brier_of_base_rate`, lower is better; and a `pr_auc` with `base_rate`, which chance gives.
    """

    rows: int
    positives: int
    split_on: date
    base_rate: float
    model: RankingQuality
    baseline: RankingQuality
    brier: float
    brier_of_base_rate: float


class TrainingOutcome(Value):
    """What a training came to. `version` is None with `insufficient`, which says what is missing."""

    rows: int
    leavers: int
    version: str | None = None
    insufficient: str | None = None
    evaluation: ModelEvaluation | None = None
