"""How receivables age and what of them is expected to be lost: limits, rates, and where rates come from."""

from decimal import Decimal
from enum import StrEnum
from itertools import pairwise

from pydantic import Field, model_validator

from models.amounts import ONE
from models.base import Label, Value


class AgeingBasis(StrEnum):
    """What an age is counted from: the due date (IFRS) or the invoice date (Chinese disclosure)."""

    DUE_DATE = "due_date"
    INVOICE_DATE = "invoice_date"


class Limit(Value):
    """One ageing bucket. `upto` is the inclusive upper bound in days; None is open-ended.

    On the `due_date` basis the first bucket is `current` with `upto = 0`: not yet due, or due today.
    """

    label: Label
    upto: int | None = None


class Bucket(Limit):
    """One row of a provision matrix: a bucket with the share of it that is expected to be lost."""

    loss_rate: Decimal = Field(ge=0, le=1)


class SegmentMatrix(Value):
    """Rates of one segment of clients, by bucket label; a bucket that it does not name keeps the rate of the matrix."""

    segment: str
    loss_rates: dict[str, Decimal] = {}
    forward_looking_factor: Decimal | None = Field(default=None, ge=0)


class Overlay(Value):
    """What a departure adds: loss rate x `factor` (features 4.3). 1 until it is
    learned from `cases` past departures.
    """

    factor: Decimal = Field(default=ONE, ge=0)
    cases: int = Field(default=0, ge=0)


class RatesFrom(StrEnum):
    """Which loss rates make the provision: those of the policy, or the company's own history shrunk towards them."""

    POLICY = "policy"
    HISTORY = "history"


class AgeingPolicy(Value):
    """Limits, basis and rates; the last bucket is open-ended and limits rise.

    `also` are the limits of the other basis, shown beside and never used for the loss. `disputed_as` names the bucket
    whose rate a disputed amount has at least. `observations` is how many items of history weigh as much as the
    policy's rate. `reporting_currency` is what other currencies are shown in beside their own amounts and scored in,
    by rates that are at most `rate_age_days` old.
    """

    basis: AgeingBasis
    buckets: tuple[Bucket, ...]
    also: tuple[Limit, ...] = ()
    forward_looking_factor: Decimal = Field(default=ONE, ge=0)
    segments: tuple[SegmentMatrix, ...] = ()
    rates: RatesFrom = RatesFrom.POLICY
    observations: int = Field(default=50, ge=1)
    disputed_as: str | None = None
    overlay: Overlay = Overlay()
    reporting_currency: str | None = Field(default=None, pattern=r"^[A-Z]{3}$")
    rate_age_days: int = Field(default=31, ge=0)

    @model_validator(mode="after")
    def _consistent(self) -> "AgeingPolicy":
        _check_limits(self.buckets)
        if self.also:
            _check_limits(self.also)
        labels = {bucket.label for bucket in self.buckets}
        named = {label for segment in self.segments for label in segment.loss_rates}
        named |= {self.disputed_as} if self.disputed_as else set()
        if unknown := named - labels:
            raise ValueError(f"no ageing bucket is called {sorted(unknown)}")
        if any(not 0 <= rate <= 1 for segment in self.segments for rate in segment.loss_rates.values()):
            raise ValueError("a loss rate lies between 0 and 1")
        if len({segment.segment for segment in self.segments}) != len(self.segments):
            raise ValueError("two matrices are for the same segment")
        return self


def _check_limits(limits: tuple[Limit, ...] | tuple[Bucket, ...]) -> None:
    if not limits:
        raise ValueError("ageing needs at least one bucket")
    bounds = [limit.upto for limit in limits]
    closed = [bound for bound in bounds[:-1] if bound is not None]
    rising = all(a < b for a, b in pairwise(closed))
    if bounds[-1] is not None or len(closed) != len(bounds) - 1 or not rising:
        raise ValueError("ageing limits must rise and the last bucket must be open-ended")
    if len({limit.label for limit in limits}) != len(limits):
        raise ValueError("two ageing buckets have the same label")
