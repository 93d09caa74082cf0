"""What makes the bad-debt coefficient: buckets, disputes and debtors assessed singly, in parts that add up to it."""

from collections.abc import Iterator, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from models.amounts import RATIO, ZERO, percent, plain, share_of, split_points
from models.expected_loss import ClientLoss, Losses
from models.reasons import Reason, because

CENT = Decimal("0.01")


class _Part(NamedTuple):
    loss: Decimal
    code: str
    params: dict[str, object]


def drivers(currency: str, clients: Sequence[ClientLoss], lost: Losses) -> tuple[Reason, ...]:
    """One reason for each part of the coefficient, the largest first; their `part`s add up to it exactly.

    The last reason is no part: it says how much of the loss the client with the largest one makes.
    """
    parts = sorted(_parts(clients, lost), key=lambda part: -part.loss)
    if not parts:
        return ()
    shares = split_points([part.loss / lost.exposure for part in parts], lost.coefficient, unit=RATIO)
    largest = max(client.loss for client in clients)
    return (
        *(
            because(part.code, **part.params, loss=_cents(part.loss), currency=currency, part=plain(share))
            for part, share in zip(parts, shares, strict=True)
        ),
        because(
            "The client with the largest expected loss makes {share} % of it.",
            share=percent(share_of(largest, lost.loss)),
        ),
    )


def _parts(clients: Sequence[ClientLoss], lost: Losses) -> Iterator[_Part]:
    for each in lost.buckets:
        loss = each.expected_credit_loss - lost.for_disputes[each.bucket]
        if loss > 0:
            yield _Part(
                loss,
                "{bucket}: {loss} of {balance} {currency} are expected to be lost: {part} in the coefficient.",
                {"bucket": each.bucket, "balance": each.balance},
            )
    if (disputes := sum(lost.for_disputes.values(), ZERO)) > 0:
        yield _Part(
            disputes,
            "Disputes: {loss} {currency} more than without them are expected to be lost: {part} in the coefficient.",
            {},
        )
    if lost.singly_loss > 0:
        yield _Part(
            lost.singly_loss,
            "Clients assessed singly ({count}): {loss} of {balance} {currency} are expected to be lost: {part} in the"
            " coefficient.",
            {"count": sum(client.singly is not None for client in clients), "balance": plain(lost.singly)},
        )


def _cents(amount: Decimal) -> Decimal:
    return plain(amount.quantize(CENT, ROUND_HALF_UP))
