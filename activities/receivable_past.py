"""What a system of record says about the past: invoices and how they were paid, and what was open a window ago."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from activities.known_clients import check_known
from models.ageing import AgeingPolicy
from models.amounts import ZERO, share_of
from models.collection_figures import Closing, SalesWindow, figures
from models.errors import Unavailable
from models.exposure import part_of
from models.open_items import ExposureLine, Portions, SettledItem
from models.reasons import Reason, because
from models.receivables import CollectionFigures, CurrencyAudit, ReceivableAudit
from systems.receivables.port import ReceivableSource

WINDOW = 90  # days over which collection is measured, and before which it is measured again
LOOK_BACK = timedelta(days=5 * 365)  # of invoices: older ones say little of how a client pays now
_HOW_PAID = because("how invoices of the past were paid")
_WHAT_WAS_OPEN = because("what was open {days} days before", days=WINDOW)


class Past(NamedTuple):
    """What is known of the past. `before` is what was open one and two windows ago, both or none.

    None is what the system does not tell; `cannot` says so to readers.
    """

    invoices: Sequence[SettledItem] | None = None
    before: tuple[Sequence[ExposureLine], Sequence[ExposureLine]] | None = None
    cannot: tuple[Reason, ...] = ()


def past_of(source: ReceivableSource, portions: Portions, ageing: AgeingPolicy, as_of: date) -> Past:
    """Read the past of these clients. It is read before the present, so that a system that died meanwhile is noticed
    there: without its past an audit is less, without its present it is nothing.
    """
    if not portions:
        return Past()
    try:
        invoices = tuple(source.history(as_of, as_of - LOOK_BACK, portions))
    except Unavailable:  # nor is it asked anything more: who is silent costs as much time again
        return Past(cannot=(_HOW_PAID, _WHAT_WAS_OPEN))
    try:
        one, two = (_open_on(source, portions, ageing, as_of - timedelta(days=WINDOW * back)) for back in (1, 2))
    except Unavailable:
        return Past(invoices, cannot=(_WHAT_WAS_OPEN,))
    return Past(invoices, (one, two))


def windows_of(past: Past, portions: Portions, as_of: date) -> tuple[SalesWindow, ...]:
    """What DSO and CEI of the window that ends with the audit are made of, a currency at a time."""
    if past.invoices is None or past.before is None:
        return ()
    opening, sold = _sums(past.before[0]), _sold(past.invoices, portions, as_of)
    return tuple(
        SalesWindow(currency, WINDOW, opening.get(currency, ZERO), sold.get(currency, ZERO))
        for currency in sorted({*opening, *sold})
    )


def with_earlier(result: ReceivableAudit, past: Past, portions: Portions) -> ReceivableAudit:
    """The audit with the figures of one window ago beside those of today, so that a reader sees what changed."""
    if result.main is None or past.invoices is None or past.before is None:
        return result
    day = result.as_of - timedelta(days=WINDOW)
    earlier = {each.currency: each.found for each in _earlier(past.invoices, past.before, portions, day)}

    def widened(audit: CurrencyAudit) -> CurrencyAudit:
        more = earlier.get(audit.currency)
        return audit.model_copy(update={"figures": (*audit.figures, more)}) if more else audit

    return result.model_copy(
        update={"main": widened(result.main), "others": tuple(widened(each) for each in result.others)}
    )


class _Earlier(NamedTuple):
    currency: str
    found: CollectionFigures


def _earlier(
    invoices: Sequence[SettledItem],
    before: tuple[Sequence[ExposureLine], Sequence[ExposureLine]],
    portions: Portions,
    day: date,
) -> Iterator[_Earlier]:
    closing, opening = before
    then, sold = _sums(opening), _sold(invoices, portions, day)
    for currency, total in _sums(closing).items():
        lines = [line for line in closing if line.currency == currency]
        window = SalesWindow(currency, WINDOW, then.get(currency, ZERO), sold.get(currency, ZERO))
        late = sum((line.overdue for line in lines), ZERO)
        yield _Earlier(currency, figures(window, Closing(total, late, _largest(lines)), day))


def _open_on(source: ReceivableSource, portions: Portions, ageing: AgeingPolicy, day: date) -> Sequence[ExposureLine]:
    with source.snapshot(portions, day) as snapshot:
        check_known(snapshot.source)
        return snapshot.lines(ageing)


def _sums(lines: Sequence[ExposureLine]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for line in lines:
        sums[line.currency] = sums.get(line.currency, ZERO) + line.outstanding
    return sums


def _sold(invoices: Sequence[SettledItem], portions: Portions, until: date) -> dict[str, Decimal]:
    """What was invoiced in the window up to a day, the salesperson's part."""
    since = until - timedelta(days=WINDOW)
    sums: dict[str, Decimal] = {}
    for item in invoices:
        if since < item.issued_on <= until:
            sums[item.currency] = sums.get(item.currency, ZERO) + part_of(item.amount, portions[item.client_id])
    return sums


def _largest(lines: Sequence[ExposureLine]) -> Decimal:
    owed: dict[str, Decimal] = {}
    for line in lines:
        owed[line.client] = owed.get(line.client, ZERO) + line.outstanding
    debts = [total for total in owed.values() if total > 0]
    return share_of(max(debts, default=ZERO), sum(debts, ZERO))
