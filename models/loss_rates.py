"""Loss rates: the policy's, by bucket and segment, or those of the company's own past; and what makes them final."""

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from models.ageing import AgeingPolicy, RatesFrom, SegmentMatrix
from models.amounts import ONE, ZERO
from models.receivables import RateTable

EVERYBODY = ""


def rate_for(ageing: AgeingPolicy, bucket: str, segment: str = EVERYBODY, observed: RateTable | None = None) -> Decimal:
    """The share of a bucket that is expected to be lost, for a client of a segment.

    Base rate x forward-looking factor x departure overlay, at most 1: no more than everything can be lost. The base
    is the policy's rate for the segment, else for everybody; under `rates = "history"` the shrunk rate of the past.
    """
    return Rates(ageing, observed).of(segment).by_bucket[bucket]


class MatrixRates(NamedTuple):
    """Final rates of one segment by bucket, and the least rate of what is disputed (0 without one)."""

    by_bucket: Mapping[str, Decimal]
    disputed: Decimal


class Rates:
    """Final loss rates of a policy in one currency, made once for each segment that is asked for."""

    def __init__(self, ageing: AgeingPolicy, observed: RateTable | None = None) -> None:
        self._ageing = ageing
        self._known: dict[str, MatrixRates] = {}
        rows = observed.rates if observed and ageing.rates is RatesFrom.HISTORY else ()
        self._used = {(row.segment, row.bucket): row.used for row in rows}

    def of(self, segment: str) -> MatrixRates:
        """Rates for clients of a segment; empty for clients without one."""
        if segment not in self._known:
            by_bucket = {bucket.label: self._rate(bucket.label, segment) for bucket in self._ageing.buckets}
            self._known[segment] = MatrixRates(by_bucket, by_bucket.get(self._ageing.disputed_as or "", ZERO))
        return self._known[segment]

    def _rate(self, bucket: str, segment: str) -> Decimal:
        used = self._used.get((segment, bucket), self._used.get((EVERYBODY, bucket)))
        base = policy_rate(self._ageing, bucket, segment) if used is None else used
        matrix = _matrix(self._ageing, segment)
        own = matrix.forward_looking_factor if matrix else None
        factor = self._ageing.forward_looking_factor if own is None else own
        return min(ONE, base * factor * self._ageing.overlay.factor)


def policy_rate(ageing: AgeingPolicy, bucket: str, segment: str = EVERYBODY) -> Decimal:
    """What the policy says of a bucket, before any factor: the rate of the segment, else of everybody."""
    general = next(each.loss_rate for each in ageing.buckets if each.label == bucket)
    matrix = _matrix(ageing, segment)
    return matrix.loss_rates.get(bucket, general) if matrix else general


def _matrix(ageing: AgeingPolicy, segment: str) -> SegmentMatrix | None:
    return next((matrix for matrix in ageing.segments if matrix.segment == segment), None)
