"""The peers of a person: the same manager and role, else the same department and role, else the same role."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from early_warning.indicators.grid import Flags, Ints, Table
from early_warning.indicators.own import Floats

_GROUPS = (("manager_id", "role"), ("department", "role"), ("role",))


@dataclass(frozen=True)
class Peers:
    """`group` is the number of everybody's group, -1 without one; `members` their rows."""

    group: Ints
    members: list[Ints]

    def split(self, person: Ints) -> Iterator[tuple[Ints, Ints]]:
        """Cells by the group of their person: positions of the cells, and the members. Without a group: no turn."""
        numbers = self.group[person]
        order = np.argsort(numbers, kind="stable")
        bounds = np.flatnonzero(np.diff(numbers[order])) + 1
        for positions in np.split(order, bounds) if len(order) else []:
            if numbers[positions[0]] >= 0:
                yield positions, self.members[int(numbers[positions[0]])]


def peers_of(people: pd.DataFrame, fewest: int) -> Peers:
    """The smallest group of at least `fewest` people, for everybody. `people` is in the order of the grid."""
    group = np.full(len(people), -1, np.int64)
    members: list[Ints] = []
    for columns in _GROUPS:
        if not set(columns) <= set(people.columns):
            continue
        together: defaultdict[tuple[object, ...], list[int]] = defaultdict(list)
        for row, key in enumerate(people[list(columns)].itertuples(index=False, name=None)):
            if all(isinstance(part, str) and part for part in key):
                together[key].append(row)
        for rows in together.values():
            alone = [row for row in rows if group[row] < 0]
            if len(rows) >= fewest and alone:
                group[alone] = len(members)
                members.append(np.array(rows, np.int64))
    return Peers(group, members)


@dataclass(frozen=True)
class Lately:
    """What counts as lately: each number of `days` up to a day, against `span` days before, at least `fewest` seen."""

    days: tuple[int, ...]
    span: int
    fewest: int


def lift(table: Table, seen: Flags, peers: Peers, cells: tuple[Ints, Ints], lately: Lately) -> Floats:
    """How far a cell's whole group rose against its own past: the median member's ratio, never below 1.

    Half of a group does not rise because of one person. Where fewer than half of the members can be compared, 1.
    """
    person, column = cells
    risen = np.ones(len(person))
    for positions, members in peers.split(person):
        columns, back = np.unique(column[positions], return_inverse=True)
        for days in lately.days:
            ratio = _ratio(table[members], seen[members], columns, days, lately)
            ratio[:, np.isfinite(ratio).sum(axis=0) * 2 < len(members)] = 1
            risen[positions] = np.maximum(np.nanmedian(ratio, axis=0)[back], risen[positions])
    return risen


def _ratio(values: Table, seen: Flags, columns: Ints, recent: int, lately: Lately) -> Floats:
    """Per member and column: mean of lately over mean of before, one added to both; nan where nothing compares."""
    middle = np.maximum(columns + 1 - recent, 0)
    start = np.maximum(middle - lately.span, 0)
    sums = np.pad(np.cumsum(values * seen, axis=1, dtype=np.float64), ((0, 0), (1, 0)))
    days = np.pad(np.cumsum(seen, axis=1, dtype=np.int64), ((0, 0), (1, 0)))
    now: Ints
    before: Ints
    now, before = days[:, columns + 1] - days[:, middle], days[:, middle] - days[:, start]
    new = (sums[:, columns + 1] - sums[:, middle]) / np.maximum(now, 1)
    old = (sums[:, middle] - sums[:, start]) / np.maximum(before, 1)
    return np.where((now > 0) & (before >= lately.fewest), (new + 1) / (old + 1), np.nan)


def others(table: Table, seen: Flags, members: Ints, person: int, column: int, days: int) -> Floats:
    """What the other members did on the days they were seen, of the last `days` up to a column."""
    rows = members[members != person]
    recent = slice(max(column - days + 1, 0), column + 1)
    return table[rows, recent][seen[rows, recent]].astype(np.float64)
