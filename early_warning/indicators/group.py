"""Above the peer group: for whose own past says too little, and for who left their own past behind as well."""

import numpy as np

from early_warning.indicators.channels import CHANNELS
from early_warning.indicators.found import Hits, Look, findings, graded
from early_warning.indicators.grid import Flags, Table
from early_warning.indicators.own import Floats, Past
from early_warning.indicators.past import Cells, Reach, cells_of
from early_warning.indicators.peers import others
from models.reasons import Reason, because
from models.warning import Finding, RuleId

_LATELY = 7  # calendar days: one turn of the week


def peer_group(look: Look) -> list[Finding]:
    """A day above the policy's quantile of the peers' days and robustly far from their median.

    Whoever is always above their peers is left alone: a known own past must be exceeded too.
    """
    found: list[Finding] = []
    burst, fewest = look.policy.windows.burst, look.policy.windows.fewest_baseline

    def worth(value: Floats, own: Past) -> Flags:
        return (own.days < fewest) | (value > own.largest)

    for name, channel in CHANNELS.items():
        rows = look.grid.rows(channel.kinds)
        table = look.grid.table(rows, look.grid.records)
        cells = cells_of(look, table, Reach(look.policy.unusual.fewest_records, burst), worth)
        most, ratio = _beyond(look, table, cells)

        def reason(at: int, say: str = channel.peers, x: Cells = cells, most: Floats = most) -> Reason:
            return because(say, records=int(x.value[at]), share=f"{100 * look.policy.peer_quantile:g}",
                           most=f"{most[at]:g}", day=look.grid.day(x.column[at]))  # fmt: skip

        grade = graded(ratio, look.policy)
        hits = Hits(RuleId.PEER_GROUP, name, cells.person, cells.column, grade, rows, look.grid.events, 1, reason)
        found += findings(look, hits, burst)
    return found


def _beyond(look: Look, table: Table, cells: Cells) -> tuple[Floats, Floats]:
    """The peers' quantile, and how many times the peers' limit each cell is; 0 for who is not compared."""
    most, ratio = np.zeros(len(cells.person)), np.zeros(len(cells.person))
    enough = cells.past.days >= look.policy.windows.fewest_baseline
    worth = ~enough | (cells.level > cells.past.largest)
    for positions, members in look.peers.split(cells.person):
        for at in positions[worth[positions]]:
            days = others(table, look.grid.seen, members, int(cells.person[at]), int(cells.column[at]), _LATELY)
            if len(days) < look.policy.unusual.fewest_peers:
                continue
            median = np.median(days)
            mad = np.median(np.abs(days - median))
            if mad == 0:  # only absolute levels speak then
                continue
            most[at] = np.quantile(days, look.policy.peer_quantile)
            limit = max(float(most[at]), float(median + look.policy.robust_z * mad / 0.6745))
            ratio[at] = cells.value[at] / max(limit, look.policy.unusual.fewest_records)
    return most, ratio
