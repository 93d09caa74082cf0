"""Figures of items added up: by client and currency, weighted by amount, and by currency. Money stays Decimal."""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

import numpy as np

from early_warning.late_payment_book import column
from early_warning.late_payment_question import Question
from early_warning.metrics import Floats
from models.amounts import TENTH, ZERO, plain
from models.payment_forecast import ClientForecast, CurrencyForecast

CENT, THOUSANDTH = Decimal("0.01"), Decimal("0.001")


class Expected(NamedTuple):
    """One figure an item: chance of late, days late, and the chance to be paid within each of the periods."""

    late: Floats
    days_late: Floats
    paid: tuple[Floats, ...]


def by_client(question: Question, expected: Expected) -> list[ClientForecast]:
    """In the order of work, the currency with most clients first."""
    items = question.items
    keys = sorted({(item.currency, item.client_id) for item in items})
    places = {key: place for place, key in enumerate(keys)}
    of_item = column(places[item.currency, item.client_id] for item in items)
    owed = [ZERO] * len(keys)
    for item, place in zip(items, of_item.tolist(), strict=True):
        owed[place] += item.outstanding
    money = np.array([float(item.outstanding) for item in items])
    weight = money / np.bincount(of_item, weights=money, minlength=len(keys))[of_item]
    late, days_late, *paid = (
        np.bincount(of_item, weights=weight * figures, minlength=len(keys)).tolist()
        for figures in (expected.late, expected.days_late, *expected.paid)
    )
    of_key = np.zeros(len(keys), dtype=np.int64)
    of_key[of_item] = np.arange(len(items))
    known = question.past.settled_count(question.asked.clients[of_key], question.asked.days[of_key]).tolist()
    found = []
    for at, (currency, client) in enumerate(keys):
        cash = _cash(owed[at], [each[at] for each in paid])
        found.append(
            ClientForecast(
                client=client,
                currency=currency,
                open=plain(owed[at]),
                expected_days_late=plain(Decimal(days_late[at]).quantize(TENTH)),
                cash_30=cash[0],
                cash_60=cash[1],
                cash_90=cash[2],
                late_probability=plain(Decimal(min(1.0, late[at])).quantize(THOUSANDTH)),
                observations=known[at],
            )
        )
    sizes = Counter(currency for currency, _ in keys)
    return sorted(found, key=lambda each: (-sizes[each.currency], each.currency, -each.money_days, each.client))


def totals(clients: Sequence[ClientForecast]) -> tuple[CurrencyForecast, ...]:
    """One line a currency, in the order in which they come."""
    sums: dict[str, list[Decimal]] = {}
    for each in clients:
        line = sums.setdefault(each.currency, [ZERO] * 4)
        for at, amount in enumerate((each.open, each.cash_30, each.cash_60, each.cash_90)):
            line[at] += amount
    return tuple(
        CurrencyForecast(
            currency=currency,
            open=plain(line[0]),
            cash_30=plain(line[1]),
            cash_60=plain(line[2]),
            cash_90=plain(line[3]),
        )
        for currency, line in sums.items()
    )


def _cash(owed: Decimal, shares: Sequence[float]) -> list[Decimal]:
    """Money to the cent; never more than is owed, never less than in the shorter period."""
    found, least = [], ZERO
    for share in shares:
        least = min(owed, max(least, (owed * Decimal(share)).quantize(CENT)))
        found.append(plain(least))
    return found
