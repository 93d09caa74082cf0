"""Beyond a person's own past: unusual against their median, beyond their largest day, at unusual hours.

When the whole group rises, as at the end of a quarter, a figure is divided by how far the group rose: what is unusual
only for oneself or only for the group is not told.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from early_warning.indicators.channels import CHANNELS
from early_warning.indicators.found import Hits, Look, findings, graded
from early_warning.indicators.grid import Flags, Ints, Table
from early_warning.indicators.own import Floats, Past, past
from early_warning.indicators.peers import Lately, lift
from models.activity import EventKind
from models.reasons import Reason, because
from models.warning import Finding, RuleId
from models.warning_policy import Trust

_NIGHT = "{events} events outside working hours on {day}; the largest own day before: {largest}."


class Cells(NamedTuple):
    """Cells worth a look, with their figure as it is, and as it would be had the group not risen."""

    person: Ints
    column: Ints
    value: Floats
    level: Floats
    past: Past


class Reach(NamedTuple):
    """Cells of at least `least`, from `back` days before the judged ones on; their past ends `gap` days earlier."""

    least: float
    back: int
    gap: int = 0


def cells_of(look: Look, table: Table, reach: Reach, worth: Callable[[Floats, Past], Flags]) -> Cells:
    """The cells that are `worth` a look by their figure and their past, and what their group did.

    A figure only becomes smaller by what the group did, so what is not worth it before is not worth it after.
    """
    grid, windows, unusual = look.grid, look.policy.windows, look.policy.unusual
    every = grid.cells(table, reach.least, reach.back)
    own = past(table, grid.seen, every, windows.baseline, reach.gap)
    kept = np.flatnonzero(worth(table[every].astype(np.float64), own))
    cells = (every[0][kept], every[1][kept])
    lately = Lately((1, unusual.peer_days), windows.baseline, windows.fewest_baseline)
    value = table[cells].astype(np.float64)
    level = value / lift(table, grid.seen, look.peers, cells, lately)
    return Cells(*cells, value, level, Past(own.days[kept], own.median[kept], own.mad[kept], own.largest[kept]))


def beyond(look: Look) -> Callable[[Floats, Past], Flags]:
    """Whatever has enough of an own past and is beyond all of it."""
    fewest = look.policy.windows.fewest_baseline
    return lambda value, own: (own.days >= fewest) & (value > own.largest)


def own_baseline(look: Look) -> list[Finding]:
    """Robust z against the own past above the policy's, of the figures and of their logarithms.

    Both, because records a day have a long tail: by the figures alone everybody is unusual once a month. With a MAD of
    0 nothing is said, as only absolute levels speak then.
    """
    found: list[Finding] = []
    policy = look.policy
    reach = Reach(policy.unusual.fewest_records, policy.windows.burst)
    for name, channel in CHANNELS.items():
        rows = look.grid.rows(channel.kinds)
        table = look.grid.table(rows, look.grid.records)
        cells = cells_of(look, table, reach, lambda value, own: own.z(value) > policy.robust_z)
        grown = past(np.log1p(table), look.grid.seen, (cells.person, cells.column), policy.windows.baseline)
        z = np.minimum(cells.past.z(cells.level), grown.z(np.log1p(cells.level)))
        enough = cells.past.days >= policy.windows.fewest_baseline
        above = cells.level - cells.past.median >= policy.unusual.fewest_records
        ratio = np.where(enough & above, z / policy.robust_z, 0)

        def reason(at: int, say: str = channel.unusual, x: Cells = cells, z: Floats = z) -> Reason:
            return because(say, records=int(x.value[at]), usual=f"{x.past.median[at]:g}", z=f"{z[at]:.1f}",
                           day=look.grid.day(x.column[at]))  # fmt: skip

        found += _told(look, RuleId.OWN_BASELINE, name, (rows, look.grid.events), cells, ratio, reason)
    return found


def novelty(look: Look) -> list[Finding]:
    """Beyond the largest day of the own past, by a factor and by a number of records.

    The past ends before the burst, so that a second such day in it is seen, and raises the severity by a step.
    """
    found: list[Finding] = []
    unusual, burst = look.policy.unusual, look.policy.windows.burst
    for name, channel in CHANNELS.items():
        if not channel.novel:
            continue
        rows = look.grid.rows(channel.kinds)
        table = look.grid.table(rows, look.grid.records)
        cells = cells_of(look, table, Reach(unusual.fewest_records, 2 * burst, burst), beyond(look))
        limit = np.maximum(unusual.novelty_times * cells.past.largest, cells.past.largest + unusual.novelty_records)
        ratio = np.where(cells.past.days >= look.policy.windows.fewest_baseline, cells.level / limit, 0)
        grade = graded(ratio, look.policy)
        grade = np.minimum(grade + (grade > 0) * _again(look, cells, grade > 0), 3)

        def reason(at: int, say: str = channel.novel, x: Cells = cells) -> Reason:
            return because(say, records=int(x.value[at]), largest=int(x.past.largest[at]),
                           day=look.grid.day(x.column[at]))  # fmt: skip

        hits = Hits(RuleId.NOVELTY, name, cells.person, cells.column, grade, rows, look.grid.events, 1, reason)
        found += findings(look, hits, burst)
    return found


def _again(look: Look, cells: Cells, novel: Flags) -> Flags:
    """True for cells with another novel day among those of the burst before them."""
    days = np.zeros((len(look.grid.people), look.grid.width + 1), np.int32)
    days[cells.person[novel], cells.column[novel] + 1] = 1
    days = np.cumsum(days, axis=1)
    again: Flags = (
        days[cells.person, cells.column]
        > days[cells.person, np.maximum(cells.column - look.policy.windows.burst + 1, 0)]
    )
    return again


def after_hours(look: Look) -> list[Finding]:
    """More events outside working hours than ever before, and unusual by robust z where the MAD allows to say so."""
    policy, grid = look.policy, look.grid
    itself = grid.rows([EventKind.AFTER_HOURS], tuple(Trust))
    rows = itself | (grid.after_hours > 0)
    events = np.where(itself, grid.events, grid.after_hours)
    table = grid.table(rows, events)
    cells = cells_of(look, table, Reach(policy.unusual.after_hours_events, policy.windows.burst), beyond(look))
    usual = cells.past.median + policy.robust_z * cells.past.mad / 0.6745
    limit = np.maximum(np.maximum(usual, cells.past.largest), policy.unusual.after_hours_events - 1)
    ratio = np.where(cells.past.days >= policy.windows.fewest_baseline, cells.level / limit, 0)

    def reason(at: int) -> Reason:
        return because(_NIGHT, events=int(cells.value[at]), largest=int(cells.past.largest[at]),
                       day=grid.day(cells.column[at]))  # fmt: skip

    return _told(look, RuleId.AFTER_HOURS, "", (rows, events), cells, ratio, reason)


def _told(
    look: Look, rule: RuleId, what: str, counted: tuple[Flags, Ints], cells: Cells, ratio: Floats,
    reason: Callable[[int], Reason],
) -> list[Finding]:  # fmt: skip
    hits = Hits(rule, what, cells.person, cells.column, graded(ratio, look.policy), *counted, 1, reason)
    return findings(look, hits, look.policy.windows.burst)
