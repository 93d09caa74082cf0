"""Do the open items agree with the books? Client by client, so that two errors never cancel out."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from models.amounts import ZERO
from models.base import ClientId
from models.open_items import ExposureLine, Ledger

TOLERANCE = Decimal("0.01")
NAMED = 50


class Reconciliation(NamedTuple):
    """Open items of one currency against the ledger, before shares.

    `difference` is ledger minus open items over all clients; `clients` are those that differ by more than a cent, the
    largest difference first, at most `NAMED`.
    """

    agrees: bool
    difference: Decimal
    clients: tuple[ClientId, ...]


def reconcile(
    books: Mapping[str, Mapping[ClientId, Sequence[ExposureLine]]], ledger: Ledger
) -> dict[str, Reconciliation]:
    """Compare every client with the ledger, in every currency that one of them knows. What is missing is zero."""
    gaps: dict[str, dict[ClientId, Decimal]] = {currency: {} for currency in books}
    for (client, currency), balance in ledger.items():
        gaps.setdefault(currency, {})[client] = balance
    for currency, book in books.items():
        of_currency = gaps[currency]
        for client, lines in book.items():
            of_currency[client] = of_currency.get(client, ZERO) - sum((line.whole for line in lines), ZERO)
    return {currency: _judged(by_client) for currency, by_client in gaps.items()}


def _judged(gaps: Mapping[ClientId, Decimal]) -> Reconciliation:
    differing = sorted((-abs(gap), client) for client, gap in gaps.items() if abs(gap) > TOLERANCE)
    return Reconciliation(
        agrees=not differing,
        difference=sum(gaps.values(), ZERO),
        clients=tuple(client for _, client in differing[:NAMED]),
    )
