"""The slow leak: under every daily limit, but in a month far more than a person ever takes."""

from typing import NamedTuple

import numpy as np

from early_warning.indicators.found import Hits, Look, findings, graded
from early_warning.indicators.grid import TAKING, Flags, Ints, Table
from early_warning.indicators.own import AT_ONCE, Floats, values_before
from early_warning.indicators.peers import Lately, lift
from models.reasons import Reason, because
from models.warning import Finding, RuleId

_LEAK = "{records} records were taken out in the {days} days to {day}; usual before, in such a time: {usual}."
_LARGEST = 0.9  # quantile of the own days from which on a past day counts no more: one campaign is no usual


class Month(NamedTuple):
    """Per cell: days seen in the reference before the window, what was taken in it, its usual, excess and noise."""

    known: Ints
    taken: Floats
    usual: Floats
    excess: Floats
    noise: Floats


def cumulative(look: Look) -> list[Finding]:
    """Records beyond the own usual within the window: more than the policy's limit, and beyond the own noise.

    The usual is that of the days before the window. No single day counts more than the policy says: large days are
    the business of other rules. A leak is told as of the day on which it passed the limit, for as long as that day is
    within the window; it is one finding, and one more when it grows.
    """
    grid, policy, windows = look.grid, look.policy, look.policy.windows
    rows = grid.rows(TAKING)
    table = grid.table(rows, grid.records)
    span = windows.cumulative
    sums = np.cumsum(table, axis=1, dtype=np.float64)
    sums[:, span:] -= sums[:, :-span].copy()
    cells = grid.cells(sums.astype(np.float32), policy.cumulative_records + 1, 2 * span)
    risen = lift(table, grid.seen, look.peers, cells, Lately((span,), windows.baseline, windows.fewest_baseline))
    month = _months(look, table, cells, risen)
    limit = np.maximum(policy.cumulative_records, policy.robust_z * month.noise)
    ratio = np.where(month.known >= windows.fewest_baseline, month.excess / limit, 0)

    def reason(at: int) -> Reason:
        return because(_LEAK, records=int(month.taken[at]), days=span, usual=round(month.usual[at]),
                       day=grid.day(cells[1][at]))  # fmt: skip

    grade = graded(ratio, policy)
    return findings(look, Hits(RuleId.CUMULATIVE, "", *cells, grade, rows, grid.events, span, reason), span)


def _months(look: Look, table: Table, cells: tuple[Ints, Ints], risen: Floats) -> Month:
    parts = [
        _month(look, table, (cells[0][at : at + AT_ONCE], cells[1][at : at + AT_ONCE]), risen[at : at + AT_ONCE])
        for at in range(0, max(len(risen), 1), AT_ONCE)
    ]
    return Month(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _month(look: Look, table: Table, cells: tuple[Ints, Ints], risen: Floats) -> Month:
    seen: Flags = look.grid.seen
    person, column = cells
    span, base = look.policy.windows.cumulative, look.policy.windows.baseline
    now = values_before(table, seen, person, column + 1, span)
    before = np.sort(values_before(table, seen, person, column + 1 - span, base), axis=1)
    here, there = np.isfinite(now), np.isfinite(before)
    days, known = here.sum(axis=1), there.sum(axis=1)
    largest = before[np.arange(len(known)), np.maximum((known * _LARGEST).astype(int) - 1, 0)]
    usual_days = np.minimum(np.where(there, before, 0), np.where(known > 0, largest, 0)[:, None])
    mean = usual_days.sum(axis=1) / np.maximum(known, 1)
    spread = np.sqrt((there * (usual_days - mean[:, None]) ** 2).sum(axis=1) / np.maximum(known - 1, 1))
    mean, spread = mean * risen, spread * risen
    over = np.minimum(np.where(here, now, 0) - here * mean[:, None], look.policy.unusual.cumulative_day)
    # The usual is itself a mean of so many days: its own error counts too.
    noise = spread * np.sqrt(days * (1 + days / np.maximum(known, 1)))
    return Month(known, np.where(here, now, 0).sum(axis=1), mean * days, over.sum(axis=1), noise)
