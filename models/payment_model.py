"""The late-payment model: how good it is on later invoices, and what stands on its card."""

from datetime import date
from typing import Self

from pydantic import model_validator

from models.attrition import Measured, Promotion, Quality
from models.base import Moment, Value
from models.reasons import Reason


class ReliabilityRow(Value):
    """A tenth of the invoices by predicted chance: the mean that was predicted, and the share that was late."""

    rows: int
    predicted: float
    observed: float


class VeryLate(Value):
    """The same model asked for more than ten days late. None where too few invoices were, to say anything."""

    late: int
    roc_auc: float | None
    pr_auc: float | None
    past_rate_roc_auc: float | None


class PaymentEvaluation(Quality):
    """A model on invoices issued after all that it learned from, asked on the day of issue whether they will be late.

    `past_rate_roc_auc` and `past_rate_brier` are those of one figure alone, the client's past late rate, and `gain` is
    the area under ROC of the model less the one of that figure, with clients drawn together.
    """

    rows: int
    late: int
    clients: int
    split_on: date
    until: date
    past_rate_roc_auc: float
    past_rate_brier: float
    gain: Measured
    very_late: VeryLate
    reliability: tuple[ReliabilityRow, ...]

    @property
    def better(self) -> bool:
        """Whether it may be used instead of the past late rate."""
        return self.roc_auc.value > self.past_rate_roc_auc


class PaymentTraining(Value):
    """What a training came to. `version` is None with `insufficient`, which says what is missing."""

    invoices: int
    late: int
    version: str | None = None
    insufficient: Reason | None = None
    evaluation: PaymentEvaluation | None = None

    @model_validator(mode="after")
    def _one_or_the_other(self) -> Self:
        if (self.version is None) == (self.insufficient is None):
            raise ValueError("a training makes a model, or says what is missing")
        return self


class PaymentModelCard(Value):
    """All that is known of a late-payment model. `in_use` when forecasts are made with it."""

    version: str
    sha256: str
    trained_at: Moment
    first_day: date
    last_day: date
    invoices: int
    learned: dict[str, int | float | str]
    figures: tuple[str, ...]
    evaluation: PaymentEvaluation
    promotion: Promotion | None = None
    in_use: bool = False
