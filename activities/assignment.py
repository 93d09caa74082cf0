"""Who takes what, at the best total: a min-cost flow over a matrix of points, exact and the same on every run.

Rows and columns must come sorted by id: ties then fall the same way whatever the order of the source.
"""

from typing import cast

import numpy as np
from numpy.typing import NDArray
from ortools.graph.python import min_cost_flow

from models.successor_fit import FULL

Points = NDArray[np.int64]

NOBODY = -1
DENSE = 4_000_000  # pairs up to which every pair takes part; beyond, only the best of each row, in rounds


def assign(points: Points, weights: Points, room: Points) -> Points:
    """Give each row (client) a column (person) or NOBODY; no column gets more than its `room`.

    `points` is 0..10,000 and `weights` is at least 1, at most 1,000. Maximises the sum of weight x points; as many rows
    as there is room for are assigned. Equal totals prefer the earlier column. Up to 4,000,000 pairs the result is
    optimal; beyond that each row offers only its best columns, and rows left over are offered the room left over.
    """
    chosen = np.full(points.shape[0], NOBODY, dtype=np.int64)
    room = room.copy()
    while True:
        rows, columns = np.flatnonzero(chosen == NOBODY), np.flatnonzero(room > 0)
        if not len(rows) or not len(columns):
            return chosen
        found = _flow(points[np.ix_(rows, columns)], weights[rows], room[columns])
        placed = found != NOBODY
        chosen[rows[placed]] = columns[found[placed]]
        room -= np.bincount(chosen[rows[placed]], minlength=len(room))


def next_in_line(points: Points, chosen: Points, left: Points) -> Points:
    """Who comes second for each row: the best of the others, those with room `left` first; NOBODY when there is none.

    Of a row that has nobody (`chosen` is NOBODY) the answer means nothing.
    """
    if points.shape[1] < 2:
        return np.full(len(points), NOBODY, dtype=np.int64)
    others = points + np.where(left > 0, 2 * FULL, 0)
    others[np.arange(len(points)), chosen] = NOBODY
    second: Points = others.argmax(axis=1)
    return second


def _flow(points: Points, weights: Points, room: Points) -> Points:
    """One flow: row -> column -> sink, and row -> sink for a row that stays behind."""
    rows, columns = points.shape
    row, column = _pairs(points)
    # Staying behind costs more than the worst person. One step in the real cost outweighs all ties together:
    # the solver multiplies by the number of nodes, and 1,000 x 20,000 x 4,000,000 x 50,000 still fits into 64 bits.
    offered = len(row) // rows
    step = len(row) + 1
    tie = np.tile(np.arange(offered), rows)
    cost = weights[row] * (FULL - points[row, column]) * step + tie
    behind = weights * (2 * FULL) * step
    sink = rows + columns
    everybody = np.arange(rows)
    solver = min_cost_flow.SimpleMinCostFlow()
    offers = solver.add_arcs_with_capacity_and_unit_cost(row, rows + column, np.ones(len(row), dtype=np.int64), cost)
    solver.add_arcs_with_capacity_and_unit_cost(
        np.arange(rows, sink), np.full(columns, sink), room, np.zeros(columns, dtype=np.int64)
    )
    solver.add_arcs_with_capacity_and_unit_cost(everybody, np.full(rows, sink), np.ones(rows, dtype=np.int64), behind)
    solver.set_nodes_supplies(np.append(everybody, sink), np.append(np.ones(rows, dtype=np.int64), -rows))
    status = solver.solve()
    if status != solver.OPTIMAL:
        raise ArithmeticError(f"the assignment of {rows} items to {columns} people has no solution: {status}")
    taken = np.asarray(solver.flows(offers)) > 0
    chosen = np.full(rows, NOBODY, dtype=np.int64)
    chosen[row[taken]] = column[taken]
    return chosen


def _pairs(points: Points) -> tuple[Points, Points]:
    """The pairs that take part: all of them, or for very large matrices the best columns of each row."""
    rows, columns = points.shape
    keep = max(1, DENSE // rows)
    if columns <= keep:
        return np.repeat(np.arange(rows), columns), np.tile(np.arange(columns), rows)
    best = np.sort(np.argsort(-points, axis=1, kind="stable")[:, :keep], axis=1)
    return np.repeat(np.arange(rows), keep), cast(Points, best.reshape(-1))
