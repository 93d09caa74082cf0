"""Invoices of the past as columns, and counting what was known of them before a day.

Everything is a whole number (days, and logarithms of amounts in millionths), so that sums are exact: what happens after
a day cannot change what was known before it, not even in the last digit.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import numpy as np

from early_warning.metrics import Places
from models.open_items import SettledItem

NEVER = (1 << 22) - 1  # a day after all others: what is open has not been settled yet
_DAYS = 1 << 22  # more than any day, so that keys and days sort as one number
MILLIONTH = 1_000_000


@dataclass(frozen=True)
class Book:
    """Invoices as columns, in one order whatever the order of the source. Days are ordinals; `settled` may be NEVER.

    `clients` and `accounts` are places in `client_ids` and in `account_ids` (a client in a currency).
    """

    client_ids: dict[str, int]
    account_ids: dict[tuple[str, str], int]
    currency_ids: dict[str, int]
    documents: tuple[str, ...]
    clients: Places
    accounts: Places
    currencies: Places
    issued: Places
    due: Places
    settled: Places
    log_amounts: Places

    def __len__(self) -> int:
        return len(self.issued)

    def invoices(self) -> Iterator[tuple[str, str]]:
        """Client and document of every invoice."""
        names = list(self.client_ids)
        return ((names[client], document) for client, document in zip(self.clients, self.documents, strict=True))

    @property
    def late(self) -> Places:
        """1 for what was not settled by its due date; of open items, as if they were never paid."""
        return (self.settled > self.due).astype(np.int64)


def log_amount(amount: float) -> int:
    """The logarithm of an amount in millionths."""
    return round(math.log(amount) * MILLIONTH)


def book_of(history: Iterable[SettledItem], as_of: date) -> Book:
    """What was known of these invoices at the end of a day. Credits take no part."""
    until = as_of.toordinal()
    known = [item for item in history if item.issued_on <= as_of and item.amount > 0]
    known.sort(key=lambda item: (item.client_id, item.issued_on, item.document, item.due_on, item.amount))
    clients = {name: place for place, name in enumerate(sorted({item.client_id for item in known}))}
    accounts = {key: place for place, key in enumerate(sorted({(item.client_id, item.currency) for item in known}))}
    currencies = {name: place for place, name in enumerate(sorted({item.currency for item in known}))}
    return Book(
        client_ids=clients,
        account_ids=accounts,
        currency_ids=currencies,
        documents=tuple(item.document for item in known),
        clients=column(clients[item.client_id] for item in known),
        accounts=column(accounts[item.client_id, item.currency] for item in known),
        currencies=column(currencies[item.currency] for item in known),
        issued=column(item.issued_on.toordinal() for item in known),
        due=column(item.due_on.toordinal() for item in known),
        settled=column(_settled(item, until) for item in known),
        log_amounts=column(log_amount(float(item.amount)) for item in known),
    )


class Before(NamedTuple):
    """What was known before the days asked: how often, and the sums of the values."""

    times: Places
    sums: tuple[Places, ...]
    last_day: Places


class Known:
    """Events of many keys: each with the day from which it is known, and whole numbers to add up."""

    def __init__(self, keys: Places, days: Places, *values: Places) -> None:
        places = keys * _DAYS + days
        order = np.argsort(places, kind="stable")
        self._places = places[order]
        self._days = days[order]
        self._sums = [np.concatenate([[0], np.cumsum(value[order])]) for value in values]

    def before(self, keys: Places, days: Places, last: int | None = None) -> Before:
        """What was known of each key before its day; of the `last` events alone when given."""
        end = np.searchsorted(self._places, keys * _DAYS + days, "left")
        start = np.searchsorted(self._places, keys * _DAYS, "left")
        if last is not None:
            start = np.maximum(start, end - last)
        last_day = np.zeros(len(end), dtype=np.int64)
        some = end > start
        last_day[some] = self._days[end[some] - 1]
        return Before(end - start, tuple(sums[end] - sums[start] for sums in self._sums), last_day)


def _settled(item: SettledItem, until: int) -> int:
    if item.settled_on is None or item.settled_on.toordinal() > until:
        return NEVER
    return item.settled_on.toordinal()


def column(values: Iterable[int]) -> Places:
    """Whole numbers as a column."""
    return np.fromiter(values, dtype=np.int64)
