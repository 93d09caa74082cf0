"""Where it went: to a personal address, to a competitor. Trusted destinations count nothing, unknown ones by volume."""

import numpy as np

from early_warning.indicators.found import Hits, Look, findings
from early_warning.indicators.grid import TAKING
from early_warning.indicators.own import earlier
from models.reasons import Reason, because
from models.warning import Finding, RuleId
from models.warning_policy import Trust

_SENT = {
    Trust.PERSONAL: "{records} records or files went to a personal destination on {day}.",
    Trust.COMPETITOR: "{records} records or files went to a competitor on {day}.",
}


def destination(look: Look) -> list[Finding]:
    """Anything to a personal destination is low, many records are medium; to a competitor each is one step more."""
    return [*_sent(look, Trust.PERSONAL, 0), *_sent(look, Trust.COMPETITOR, 1)]


def _sent(look: Look, trust: Trust, more: int) -> list[Finding]:
    grid, policy = look.grid, look.policy
    rows = grid.rows(TAKING, [trust])
    table = grid.table(rows, np.maximum(grid.records, 1))
    cells = grid.cells(table, 1, policy.windows.burst)
    value = table[cells].astype(np.float64)
    many, high = policy.unusual.destination_records, policy.unusual.steps[1] * policy.unusual.destination_records
    grade = np.minimum(1 + more + (value >= many).astype(np.int64) + (value >= high), 3)
    if trust is Trust.PERSONAL:
        least = np.maximum(1, policy.unusual.ordinary_share * value)
        often = earlier(table, grid.seen, cells, policy.windows.baseline, least)
        grade[often >= policy.unusual.ordinary_days] = 0

    def reason(at: int) -> Reason:
        return because(_SENT[trust], records=int(value[at]), day=grid.day(cells[1][at]))

    return findings(
        look, Hits(RuleId.DESTINATION, trust, *cells, grade, rows, grid.events, 1, reason), policy.windows.burst
    )
