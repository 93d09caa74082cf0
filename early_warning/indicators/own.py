"""A person's own past: the days on which they were seen before the day that is judged."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from early_warning.indicators.grid import Flags, Ints, Table

Floats = npt.NDArray[np.float64]
AT_ONCE = 50_000  # cells whose pasts are held in memory together


class Past(NamedTuple):
    """Per cell: how many days were seen, their median, median absolute deviation (MAD) and largest; 0 without any."""

    days: Ints
    median: Floats
    mad: Floats
    largest: Floats

    def z(self, value: Floats) -> Floats:
        """Robust z, 0.6745 (x - median) / MAD; 0 where the MAD is 0, because then only absolute levels speak."""
        apart = np.divide(value - self.median, self.mad, out=np.zeros_like(value), where=self.mad > 0)
        return 0.6745 * apart


def past(table: Table, seen: Flags, cells: tuple[Ints, Ints], span: int, gap: int = 0) -> Past:
    """The past of every cell within the `span` days before it, or before the `gap` days before it."""
    parts = [
        _past(table, seen, cells[0][at : at + AT_ONCE], cells[1][at : at + AT_ONCE] - gap, span)
        for at in range(0, max(len(cells[0]), 1), AT_ONCE)
    ]
    return Past(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def earlier(table: Table, seen: Flags, cells: tuple[Ints, Ints], span: int, least: Floats) -> Ints:
    """On how many of those days the figure was at least `least`."""
    values = values_before(table, seen, *cells, span)
    found: Ints = (np.isfinite(values) & (values >= least[:, None])).sum(axis=1)
    return found


def values_before(table: Table, seen: Flags, person: Ints, column: Ints, span: int) -> Floats:
    """The figures of the days before, infinite where the person was not seen."""
    columns = column[:, None] - np.arange(1, span + 1)
    rows, inside = person[:, None], columns >= 0
    columns = np.maximum(columns, 0)
    return np.where(inside & seen[rows, columns], table[rows, columns], np.inf).astype(np.float64)


def _past(table: Table, seen: Flags, person: Ints, column: Ints, span: int) -> Past:
    values = np.sort(values_before(table, seen, person, column, span), axis=1)
    days = np.isfinite(values).sum(axis=1)
    median = _middle(values, days)
    apart = np.sort(np.abs(values - median[:, None]), axis=1)
    largest = values[np.arange(len(days)), np.maximum(days - 1, 0)]
    return Past(days, median, _middle(apart, days), np.where(days > 0, largest, 0))


def _middle(ordered: Floats, days: Ints) -> Floats:
    rows = np.arange(len(days))
    low, high = ordered[rows, np.maximum(days - 1, 0) // 2], ordered[rows, days // 2 * (days > 0)]
    with np.errstate(invalid="ignore"):
        return np.where(days > 0, (low + high) / 2, 0.0)
