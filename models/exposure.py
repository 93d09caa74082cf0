"""Open items, as they age: which bucket, which part of a shared account, and the lines that an audit reads."""

from bisect import bisect_left
from collections.abc import Callable, Iterable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, localcontext

from models.ageing import AgeingBasis, AgeingPolicy, Limit
from models.amounts import PRECISION, ZERO
from models.open_items import ExposureLine, OpenItem, Portion

CENT = Decimal("0.01")
NO_BUCKET = ""


def part_of(amount: Decimal, portion: Portion) -> Decimal:
    """The part of an amount that is one salesperson's.

    What lies below `high` less what lies below `low`, each rounded to cents, halves away from zero. At 0 and 1 nothing
    is rounded: all of a client is exactly the amount, and the parts of holders who stand end to end add up to it.
    """
    return _below(amount, portion.high) - _below(amount, portion.low)


def days_past_due(item: OpenItem, as_of: date) -> int:
    """Days since the due date; zero or less when the item is not yet due or due today."""
    return (as_of - item.due_on).days


def bucket_of(age: int, limits: tuple[Limit, ...]) -> str:
    """Label of the bucket for an age in days. Upper bounds are inclusive; the last bucket is open."""
    return limits[_bucketing(limits)(age)].label


def lines_of(items: Iterable[OpenItem], ageing: AgeingPolicy, as_of: date) -> list[ExposureLine]:
    """Add open items up by client, currency and both buckets: what `Snapshot.lines` must give, in the same order.

    The order of the items does not matter. Lines come by client (as text), currency (as text), age.
    """
    bucket, also = _bucketing(ageing.buckets), _bucketing(ageing.also)
    by_due = ageing.basis is AgeingBasis.DUE_DATE
    sums: dict[tuple[str, str, int, int], _Sum] = {}
    with localcontext(prec=PRECISION):
        for item in items:
            late, old = (as_of - item.due_on).days, (as_of - item.issued_on).days
            first, second = (late, old) if by_due else (old, late)
            key = (item.client_id, item.currency, bucket(first), also(second))
            if key not in sums:
                sums[key] = _Sum()
            sums[key].add(item, late)
    return [sums[key].line(key, ageing) for key in sorted(sums)]


class _Sum:
    """Open items of one client, currency and pair of buckets while they are added up."""

    __slots__ = ("disputed", "disputed_items", "items", "oldest", "outstanding", "overdue", "whole")

    def __init__(self) -> None:
        self.items = self.disputed_items = self.oldest = 0
        self.outstanding = self.whole = self.overdue = self.disputed = ZERO

    def add(self, item: OpenItem, late: int) -> None:
        self.items += 1
        self.outstanding += item.outstanding
        self.whole += item.whole
        if late > 0:
            self.overdue += item.outstanding
            if item.whole > 0:
                self.oldest = max(self.oldest, late)
        if item.disputed > 0:
            self.disputed += item.disputed
            self.disputed_items += 1

    def line(self, key: tuple[str, str, int, int], ageing: AgeingPolicy) -> ExposureLine:
        client, currency, bucket, also = key
        return ExposureLine(
            client=client,
            currency=currency,
            bucket=ageing.buckets[bucket].label,
            also=ageing.also[also].label if ageing.also else NO_BUCKET,
            items=self.items,
            outstanding=self.outstanding,
            whole=self.whole,
            overdue=self.overdue,
            disputed=self.disputed,
            disputed_items=self.disputed_items,
            oldest_days=self.oldest,
        )


def _below(amount: Decimal, share: Decimal) -> Decimal:
    """What lies below a border between two holders; at the ends nothing is rounded."""
    if share == 0:
        return ZERO
    return amount if share == 1 else (amount * share).quantize(CENT, ROUND_HALF_UP)


def _bucketing(limits: tuple[Limit, ...]) -> Callable[[int], int]:
    bounds = [limit.upto for limit in limits[:-1] if limit.upto is not None]
    return lambda age: bisect_left(bounds, age)
