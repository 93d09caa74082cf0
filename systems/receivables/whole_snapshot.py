"""A snapshot that was read as a whole: what an adapter hands out that cannot let its system do the sums."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal

from models.ageing import AgeingPolicy
from models.exposure import lines_of
from models.open_items import ExposureLine, Ledger, LedgerKey, OpenItem, SourceNote


class WholeSnapshot:
    """Open items and balances in memory. The order in which they came does not matter; accounts at zero are left out.

    `ledger` must come from the system's own balances, not from adding up `items`: it is what they are held against.
    """

    def __init__(
        self, source: SourceNote, as_of: date, items: Iterable[OpenItem], ledger: Mapping[LedgerKey, Decimal]
    ) -> None:
        self._source = source
        self._as_of = as_of
        self._items = sorted(items, key=_order)
        self._ledger = {key: balance for key, balance in sorted(ledger.items()) if balance}

    @property
    def source(self) -> SourceNote:
        """Which system, when it was read, and what it cannot tell."""
        return self._source

    def lines(self, ageing: AgeingPolicy) -> Sequence[ExposureLine]:
        """Open items added up by client, currency and bucket."""
        return lines_of(self._items, ageing, self._as_of)

    def items(self) -> Iterator[OpenItem]:
        """Every open item: in order of client, due date, document and instalment."""
        return iter(self._items)

    def ledger(self) -> Ledger:
        """What each client owes by the system's own books."""
        return self._ledger


def _order(item: OpenItem) -> tuple[str, date, str, int]:
    return item.client_id, item.due_on, item.document, item.instalment
