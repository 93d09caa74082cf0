"""Loss rates out of the company's own past (roll rates): by amount, what was never paid of what reached a bucket.

By number of items they would be biased: small items are not lost as often as large ones.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from models.ageing import AgeingBasis, AgeingPolicy
from models.amounts import RATIO, ZERO, plain, share_of
from models.base import ClientId
from models.loss_rates import EVERYBODY, policy_rate
from models.receivables import ObservedRate, RateTable

YEAR = 365


class Entry(NamedTuple):
    """What lowered an invoice on a day: a payment, a credit note, or an amount written off."""

    on_day: date
    amount: Decimal


class PastItem(NamedTuple):
    """One invoice of the past. `settled` is what was paid or credited, `written_off` what was given up."""

    client: ClientId
    issued_on: date
    due_on: date
    amount: Decimal
    settled: tuple[Entry, ...] = ()
    written_off: tuple[Entry, ...] = ()


class Flow(NamedTuple):
    """What happened to items of one segment (empty: all) that reached one bucket, in one currency."""

    segment: str
    bucket: str
    items: int
    reached: Decimal
    lost: Decimal


def known_after(ageing: AgeingPolicy) -> int:
    """Age in days, on the basis of the policy, from which on what is still open counts as never paid.

    A year more than the last limit. Only items of at least that age take part, paid or not: younger ones would make
    the rates too low, since those that were paid are known sooner than those that will never be.
    """
    return max((bucket.upto for bucket in ageing.buckets if bucket.upto is not None), default=0) + YEAR


def flows_of(
    past: Iterable[PastItem], segments: Mapping[ClientId, str], ageing: AgeingPolicy, until: date
) -> list[Flow]:
    """Add up by segment and bucket, for invoices of one currency, what reached a bucket and what of it was lost.

    Reached: still open at the end of the bucket's first day (the first bucket is reached by all that was invoiced).
    Lost: what of that was neither paid nor credited later, up to and including `until`. Everybody's flows come first,
    then segments by name, each in the order of the policy's buckets.
    """
    sums: dict[tuple[str, int], Flow] = {}
    starts = _first_ages(ageing)
    for item in past:
        start = item.due_on if ageing.basis is AgeingBasis.DUE_DATE else item.issued_on
        if (until - start).days < known_after(ageing):
            continue
        segment = segments.get(item.client, EVERYBODY)
        for number, age in enumerate(starts):
            reached, lost = _fate(item, None if age is None else start + timedelta(days=age), until)
            for group in {EVERYBODY, segment} if reached > 0 else ():
                so_far = sums.get((group, number)) or Flow(group, ageing.buckets[number].label, 0, ZERO, ZERO)
                sums[group, number] = so_far._replace(
                    items=so_far.items + 1, reached=so_far.reached + reached, lost=so_far.lost + lost
                )
    return [sums[key] for key in sorted(sums)]


def observed_rates(flows: Iterable[Flow], ageing: AgeingPolicy, currency: str, until: date) -> RateTable:
    """Rates of a company's past in one currency, each shrunk towards the policy's.

    There is a row for everybody and for each segment of the policy in every bucket, and for any other segment in the
    buckets that its items reached.
    """
    found = {(flow.segment, flow.bucket): flow for flow in flows if flow.items and flow.reached > 0}
    always = {EVERYBODY} | {matrix.segment for matrix in ageing.segments}
    rates = tuple(
        _observed(found.get((segment, bucket.label), Flow(segment, bucket.label, 0, ZERO, ZERO)), ageing)
        for segment in sorted(always | {segment for segment, _ in found})
        for bucket in ageing.buckets
        if segment in always or (segment, bucket.label) in found
    )
    return RateTable(currency=currency, until=until, rates=rates)


def rates_of_a_waterfall(reached: Sequence[Decimal]) -> tuple[Decimal, ...]:
    """Roll rates of one cohort that flowed from bucket to bucket; what reached the last bucket was never paid."""
    return tuple(share_of(reached[-1], amount) for amount in reached)


def _first_ages(ageing: AgeingPolicy) -> list[int | None]:
    """Age on the first day of every bucket; None for the first bucket, which begins with the invoice."""
    return [None, *(bucket.upto + 1 for bucket in ageing.buckets[:-1] if bucket.upto is not None)]


def _fate(item: PastItem, first_day: date | None, until: date) -> tuple[Decimal, Decimal]:
    """What of an invoice was open at the end of a bucket's first day, and what of that was never paid."""
    settled = [entry for entry in item.settled if entry.on_day <= until]
    if first_day is None:
        paid, given_up = ZERO, ZERO
        later = sum((entry.amount for entry in settled), ZERO)
    else:
        paid = sum((entry.amount for entry in settled if entry.on_day <= first_day), ZERO)
        given_up = sum((entry.amount for entry in item.written_off if entry.on_day <= first_day), ZERO)
        later = sum((entry.amount for entry in settled if entry.on_day > first_day), ZERO)
    reached = max(ZERO, item.amount - paid - given_up)
    return reached, min(reached, max(ZERO, reached - later))


def _observed(flow: Flow, ageing: AgeingPolicy) -> ObservedRate:
    policy = policy_rate(ageing, flow.bucket, flow.segment)
    observed = flow.lost / flow.reached if flow.items else None
    weight = Decimal(ageing.observations)
    used = policy if observed is None else (flow.items * observed + weight * policy) / (flow.items + weight)
    return ObservedRate(
        segment=flow.segment,
        bucket=flow.bucket,
        items=flow.items,
        reached=plain(flow.reached),
        lost=plain(flow.lost),
        observed=None if observed is None else _ratio(observed),
        policy=plain(policy),
        used=_ratio(used),
    )


def _ratio(value: Decimal) -> Decimal:
    return plain(value.quantize(RATIO, ROUND_HALF_UP))
