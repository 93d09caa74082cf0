"""The open items behind each figure about receivables: which figures an item is part of, and which items to show."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import NamedTuple

from models.ageing import AgeingBasis, AgeingPolicy
from models.amounts import ZERO, plain
from models.exposure import bucket_of
from models.figures import prefix_of
from models.open_items import OpenItem
from models.report import ReportReceivables

Singly = frozenset[tuple[str, str]]


class Added(NamedTuple):
    """What one open item adds to one figure."""

    figure: str
    amount: Decimal


def adds_to(item: OpenItem, money: ReportReceivables, ageing: AgeingPolicy, singly: Singly) -> Iterator[Added]:
    """Every figure that an open item is part of, with what it adds. `singly` are the clients assessed singly."""
    prefix = prefix_of(money, item.currency)
    late, old = (money.as_of - item.due_on).days, (money.as_of - item.issued_on).days
    first, second = (late, old) if ageing.basis is AgeingBasis.DUE_DATE else (old, late)
    whole = ["total", f"buckets.{bucket_of(first, ageing.buckets)}", f"clients.{item.client_id}.total"]
    if ageing.also:
        whole.append(f"also.{bucket_of(second, ageing.also)}")
    if late > 0:
        whole += ["overdue", f"clients.{item.client_id}.overdue"]
    if (item.client_id, item.currency) in singly:
        whole.append("singly")
    yield from (Added(prefix + name, item.outstanding) for name in whole)
    if item.disputed:
        yield Added(f"{prefix}disputed", item.disputed)


def singly_assessed(money: ReportReceivables) -> frozenset[tuple[str, str]]:
    """Clients with their currency that are assessed singly and owe something there."""
    return frozenset(
        (each.client, audit.currency)
        for audit in money.currencies
        for each in audit.clients
        if each.singly and each.total > 0
    )


class Behind(NamedTuple):
    """The open items behind one figure: how many, what they add up to, and the largest of them with what each adds."""

    items: int
    amount: Decimal
    largest: tuple[tuple[OpenItem, Decimal], ...]


def behind(
    wanted: Iterable[str], items: Iterable[OpenItem], money: ReportReceivables, ageing: AgeingPolicy, most: int
) -> dict[str, Behind]:
    """The items behind the wanted figures, at most `most` of each, the largest first. Reads the items once."""
    singly = singly_assessed(money)
    heaps: dict[str, list[tuple[OpenItem, Decimal]]] = {name: [] for name in wanted}
    counts, sums = dict.fromkeys(heaps, 0), dict.fromkeys(heaps, ZERO)
    for item in items:
        for name, amount in adds_to(item, money, ageing, singly):
            if name not in heaps:
                continue
            counts[name] += 1
            sums[name] += amount
            kept = heaps[name]
            kept.append((item, amount))
            if len(kept) > 2 * most:  # memory stays flat, whatever the size of a book
                heaps[name] = _largest(kept, most)
    return {name: Behind(counts[name], plain(sums[name]), tuple(_largest(kept, most))) for name, kept in heaps.items()}


def _largest(found: list[tuple[OpenItem, Decimal]], most: int) -> list[tuple[OpenItem, Decimal]]:
    key = lambda each: (-abs(each[1]), each[0].client_id, each[0].document, each[0].instalment)  # noqa: E731
    return sorted(found, key=key)[:most]
