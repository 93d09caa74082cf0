"""The expected credit loss of one client and of all: what they owe, bucket by bucket, times the loss rates."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from models.amounts import ZERO, plain, share_of
from models.base import ClientId
from models.loss_rates import MatrixRates
from models.open_items import ExposureLine
from models.receivables import BucketLoss, SingleAssessment, Standing


class BucketShare(NamedTuple):
    """What a client owes in one bucket after their credits there, and what of it is expected to be lost.

    `for_disputes` is the part of `loss` that comes from disputes: what it is more than without them.
    """

    bucket: str
    balance: Decimal
    loss: Decimal
    for_disputes: Decimal


class ClientLoss(NamedTuple):
    """One client in one currency. Singly assessed debtors have no buckets, all others no `singly`: never both."""

    client: ClientId
    lines: Sequence[ExposureLine]
    total: Decimal
    loss: Decimal
    buckets: tuple[BucketShare, ...] = ()
    singly: Standing | None = None


class Losses(NamedTuple):
    """The losses of all clients in one currency.

    `exposure` is what the loss is measured against: debts after each client's own credits, bucket by bucket, and what
    debtors assessed singly owe. `for_disputes` is the part of each bucket's loss that comes from disputes.
    """

    loss: Decimal
    exposure: Decimal
    buckets: tuple[BucketLoss, ...]
    for_disputes: Mapping[str, Decimal]
    singly: Decimal
    singly_loss: Decimal

    @property
    def coefficient(self) -> Decimal:
        """The bad-debt coefficient: loss / exposure, 0..1."""
        return share_of(self.loss, self.exposure)


def loss_of(
    client: ClientId,
    lines: Sequence[ExposureLine],
    rates: MatrixRates,
    singly: SingleAssessment | None = None,
    contested: Decimal = ZERO,
) -> ClientLoss:
    """Per bucket max(0, balance) x rate; what is disputed has at least the rate of disputes.

    `contested` is what the client disputes in all, item or not: what no item says goes to the oldest debts first. A
    debtor who is assessed singly leaves the matrix with everything: max(0, total) x the rate of the assessment.
    """
    total = sum((line.outstanding for line in lines), ZERO)
    if singly is not None:
        return ClientLoss(client, lines, total, max(ZERO, total) * singly.loss_rate, singly=singly.standing)
    balances: dict[str, Decimal] = {}
    disputes: dict[str, Decimal] = {}
    for line in lines:
        balances[line.bucket] = balances.get(line.bucket, ZERO) + line.outstanding
        disputes[line.bucket] = disputes.get(line.bucket, ZERO) + line.disputed
    _spread(contested - sum(disputes.values(), ZERO), balances, disputes, list(rates.by_bucket))
    buckets = tuple(
        _bucket(label, balance, disputes[label], rates) for label, balance in balances.items() if balance > 0
    )
    return ClientLoss(client, lines, total, sum((each.loss for each in buckets), ZERO), buckets)


def add_up(clients: Iterable[ClientLoss], labels: Sequence[str]) -> Losses:
    """The losses of all clients, bucket by bucket in the order of `labels`."""
    balances = dict.fromkeys(labels, ZERO)
    losses = dict.fromkeys(labels, ZERO)
    for_disputes = dict.fromkeys(labels, ZERO)
    singly = singly_loss = ZERO
    for client in clients:
        if client.singly:
            singly += max(ZERO, client.total)
            singly_loss += client.loss
        for share in client.buckets:
            balances[share.bucket] += share.balance
            losses[share.bucket] += share.loss
            for_disputes[share.bucket] += share.for_disputes
    return Losses(
        loss=sum(losses.values(), singly_loss),
        exposure=sum(balances.values(), singly),
        buckets=tuple(
            BucketLoss(bucket=label, balance=plain(balances[label]), expected_credit_loss=plain(losses[label]))
            for label in labels
        ),
        for_disputes=for_disputes,
        singly=singly,
        singly_loss=singly_loss,
    )


def _spread(
    more: Decimal, balances: Mapping[str, Decimal], disputes: dict[str, Decimal], labels: Sequence[str]
) -> None:
    """Take more of the balances as disputed, the oldest first, as far as they go."""
    for label in reversed(labels):
        if more > 0 and label in balances:
            taken = max(ZERO, min(more, balances[label] - disputes[label]))
            disputes[label] += taken
            more -= taken


def _bucket(label: str, balance: Decimal, disputed: Decimal, rates: MatrixRates) -> BucketShare:
    rate = rates.by_bucket[label]
    extra = min(disputed, balance) * max(ZERO, rates.disputed - rate)
    return BucketShare(label, balance, balance * rate + extra, extra)
