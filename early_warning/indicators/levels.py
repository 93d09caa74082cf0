"""Absolute levels of one day: records exported, contacts moved to another owner."""

from collections.abc import Collection

import numpy as np

from early_warning.indicators.found import Hits, Look, findings
from early_warning.indicators.own import earlier
from models.activity import EventKind
from models.reasons import Reason, because
from models.warning import Finding, RuleId
from models.warning_policy import Levels, Trust

_EXPORTED = "{records} client records were exported on {day}, more than {level}."
_MOVED = "{records} contacts or clients were moved to another owner on {day}, more than {level}."


def mass_export(look: Look) -> list[Finding]:
    """More records exported on one day than a level allows, trusted destinations left out."""
    rows = look.grid.rows([EventKind.EXPORT])
    return _over(look, RuleId.MASS_EXPORT, look.policy.mass_export, rows, _EXPORTED)


def contacts_moved(look: Look) -> list[Finding]:
    """More contacts or clients moved on one day than a level allows. To whom does not matter."""
    every: Collection[Trust] = tuple(Trust)
    rows = look.grid.rows([EventKind.TRANSFER], every)
    return _over(look, RuleId.CONTACTS_MOVED, look.policy.bulk_contacts, rows, _MOVED)


def _over(look: Look, rule: RuleId, levels: Levels, rows: np.ndarray, sentence: str) -> list[Finding]:
    grid, unusual = look.grid, look.policy.unusual
    table = grid.table(rows, grid.records)
    cells = grid.cells(table, levels.low + 1)
    value = table[cells].astype(np.float64)
    grade = (value > levels.low).astype(np.int64) + (value > levels.medium) + (value > levels.high)
    # Whoever does as much again and again does their work: the first days were told, the next are no news.
    least = np.maximum(levels.low + 1, unusual.ordinary_share * value)
    often = earlier(table, grid.seen, cells, look.policy.windows.baseline, least)
    grade[often >= unusual.ordinary_days] = 0
    passed = (0, levels.low, levels.medium, levels.high)

    def reason(at: int) -> Reason:
        return because(sentence, records=int(value[at]), day=grid.day(cells[1][at]), level=passed[grade[at]])

    return findings(look, Hits(rule, "", *cells, grade, rows, grid.events, 1, reason), burst=0)
