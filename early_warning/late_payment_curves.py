"""When an invoice is paid, as one curve: the chance that it is still open so many days after its due date.

The days from 90 before the due date on are cut into intervals. In each of them an open invoice is settled with a chance
of its own (a hazard); the curve is what is left after all of them. An invoice that is open already has the same curve
from its own day on, so that nothing is lost of those that are not paid yet, and an old debt is not judged as a new one.
"""

from typing import NamedTuple

import numpy as np

from early_warning.late_payment_book import Book, Known
from early_warning.metrics import Floats, Places

STARTS = np.array([-90, -60, -45, -30, -20, -10, -5, 0, 5, 10, 20, 30, 45, 60, 90, 120], dtype=np.int64)
ENDS = np.array([*STARTS[1:], 180], dtype=np.int64)
LENGTHS = (ENDS - STARTS).astype(np.float64)
INTERVALS = len(ENDS)
WEIGHT_OF_ALL = 3.0  # invoices of the average client that are added to the past of each
HORIZON = 90  # days after the day asked; days late are counted to there, or to 180 where that is later
SMALLEST = 1e-9


class AtRisk(NamedTuple):
    """Invoices that were open at the start of an interval, where it is known how the interval ended for them."""

    rows: Places
    intervals: Places
    settled: Places
    known_on: Places


def at_risk(book: Book, until: int) -> AtRisk:
    """What the intervals of all invoices had come to by the end of a day."""
    parts = []
    for interval in range(INTERVALS):
        start, end = book.due + STARTS[interval], book.due + ENDS[interval]
        settled = book.settled <= end
        known_on = np.where(settled, book.settled, end)
        rows = np.flatnonzero((book.issued <= start) & (book.settled > start) & (known_on <= until))
        count = np.full(len(rows), interval, dtype=np.int64)
        parts.append(AtRisk(rows, count, settled[rows].astype(np.int64), known_on[rows]))
    return AtRisk(*(np.concatenate([part[column] for part in parts]) for column in range(4)))


class OwnPast:
    """Hazards of each client's own past, shrunk to those of all clients (`of_all`): what is used while no model is
    better."""

    def __init__(self, book: Book, until: int) -> None:
        found = at_risk(book, until)
        self._known = Known(book.clients[found.rows] * INTERVALS + found.intervals, found.known_on, found.settled)
        times = np.bincount(found.intervals, minlength=INTERVALS)
        settled = np.bincount(found.intervals, weights=found.settled, minlength=INTERVALS).astype(np.float64)
        self.of_all = _of_all(times, settled)

    def hazards(self, clients: Places, days: Places) -> Floats:
        """One row an invoice, one column an interval, as known before the days asked. Client -1 has no past."""
        columns = []
        for interval in range(INTERVALS):
            before = self._known.before(clients * INTERVALS + interval, days)
            times = np.where(clients < 0, 0, before.times)
            settled = np.where(clients < 0, 0, before.sums[0])
            columns.append((settled + WEIGHT_OF_ALL * self.of_all[interval]) / (times + WEIGHT_OF_ALL))
        return np.column_stack(columns)


class Curves:
    """The curve of each invoice, from its hazards: between the ends of intervals, and past the last one, it falls
    by the same share every day."""

    def __init__(self, hazards: Floats) -> None:
        logs = np.log1p(-np.clip(hazards, SMALLEST, 1 - SMALLEST))
        self._logs = np.concatenate([np.zeros((len(hazards), 1)), np.cumsum(logs, axis=1)], axis=1)

    def log_open(self, days: Places) -> Floats:
        """The logarithm of the chance to be open so many days after the due date, one figure an invoice."""
        place = np.clip(np.searchsorted(STARTS, days, "right") - 1, 0, INTERVALS - 1)
        part = np.maximum(0.0, (days - STARTS[place]) / LENGTHS[place])
        rows = np.arange(len(days))
        start = self._logs[rows, place]
        return np.asarray(start + part * (self._logs[rows, place + 1] - start))

    def still_open(self, now: Places, later: Places) -> Floats:
        """The chance that what is open at the end of day `now` is open at the end of day `later`."""
        return np.exp(self.log_open(np.maximum(now, later)) - self.log_open(now))

    def days_late(self, now: Places) -> Floats:
        """Days between the due date and the payment that are expected, those that have passed among them."""
        passed = np.maximum(now, 0)
        last = np.maximum(ENDS[-1], now + HORIZON)
        at, open_at, total = passed, self.still_open(now, passed), passed.astype(np.float64)
        for end in [*ENDS[ENDS > 0], None]:
            then = last if end is None else np.minimum(last, np.maximum(passed, end))
            open_then = self.still_open(now, then)
            total += (then - at) * _mean_between(open_at, open_then)
            at, open_at = then, open_then
        return total


def _of_all(times: Places, settled: Floats) -> Floats:
    """Hazards of all clients together; an interval that few reached leans on the one before it, day by day."""
    found, daily = [], 0.0
    for interval in range(INTERVALS):
        lent = 1.0 - (1.0 - daily) ** LENGTHS[interval]
        hazard = (settled[interval] + WEIGHT_OF_ALL * lent) / (times[interval] + WEIGHT_OF_ALL)
        daily = 1.0 - (1.0 - min(hazard, 1 - SMALLEST)) ** (1.0 / LENGTHS[interval])
        found.append(hazard)
    return np.array(found)


def _mean_between(first: Floats, last: Floats) -> Floats:
    """The mean of what falls evenly in its logarithm."""
    first, last = np.maximum(first, 1e-300), np.maximum(last, 1e-300)
    fall = np.log(first) - np.log(last)
    flat = fall < 1e-6
    return np.where(flat, (first + last) / 2, (first - last) / np.where(flat, 1.0, fall))
