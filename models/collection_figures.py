"""How well is collected: DSO and CEI (features 4.4). DSO moves with sales; CEI is what a successor is judged by."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from models.amounts import HUNDRED, TENTH, ZERO, plain, share_of
from models.receivables import CollectionFigures


class SalesWindow(NamedTuple):
    """What lies before an audit in one currency: the last `days` days up to and including the day of the audit.

    `opening` is what was owed (the salesperson's part, credits included) at the end of the day before the window;
    `credit_sales` is what was invoiced in it; credit notes are not taken off.
    """

    currency: str
    days: int
    opening: Decimal
    credit_sales: Decimal


class Closing(NamedTuple):
    """What is owed in one currency at the end of a window."""

    total: Decimal
    overdue: Decimal
    largest_client_share: Decimal


def figures(window: SalesWindow, closing: Closing, as_of: date) -> CollectionFigures:
    """DSO in days and CEI in per cent, to one decimal, over one window.

    DSO = receivables / credit sales x days; None without sales, and where the clients owe less than nothing.
    CEI = (opening + sales - closing) / (opening + sales - closing not yet due) x 100; None where nothing could be
    collected. 100 means that nothing which fell due is still open.
    """
    owed, sold = closing.total, window.credit_sales
    collectable = window.opening + sold - (owed - closing.overdue)
    collected = window.opening + sold - owed
    return CollectionFigures(
        as_of=as_of,
        days=window.days,
        receivables=plain(owed),
        credit_sales=plain(sold),
        days_sales_outstanding=_tenth(owed * window.days / sold) if sold > 0 and owed >= 0 else None,
        collection_effectiveness_index=_tenth(HUNDRED * max(ZERO, collected) / collectable)
        if collectable > 0
        else None,
        overdue_share=share_of(closing.overdue, owed),
        largest_client_share=closing.largest_client_share,
    )


def _tenth(value: Decimal) -> Decimal:
    return plain(value.quantize(TENTH, ROUND_HALF_UP))
