"""From a cell of the grid to a finding: severity by steps, one finding for a burst, keys that stay the same."""

from collections.abc import Callable
from datetime import date
from typing import NamedTuple

import numpy as np
import pandas as pd

from early_warning.indicators.grid import Flags, Grid, Ints
from early_warning.indicators.own import Floats
from early_warning.indicators.peers import Peers
from models.reasons import Reason
from models.warning import Finding, RuleId, Severity
from models.warning_policy import WarningPolicy

SEVERITIES = tuple(Severity)
MOST_IDS = 50


class Look(NamedTuple):
    """What a rule is given."""

    grid: Grid
    peers: Peers
    policy: WarningPolicy
    claims: pd.DataFrame
    events: pd.DataFrame
    triggers: pd.DataFrame
    as_of: date


class Hits(NamedTuple):
    """Cells that a rule found; `severity` is 1 for low to 3 for high, 0 for none.

    `rows` of the roll-up stand behind them, over `span` days; `events` is how many events are counted in each row.
    """

    rule: RuleId
    what: str
    person: Ints
    column: Ints
    severity: Ints
    rows: Flags
    events: Ints
    span: int
    reason: Callable[[int], Reason]


def graded(ratio: Floats, policy: WarningPolicy) -> Ints:
    """Severities of figures over their threshold: above it 1, at twice 2, at four times 3 (or as the policy steps)."""
    medium, high = policy.unusual.steps
    return (ratio > 1) * (1 + (ratio >= medium).astype(np.int64) + (ratio >= high))


def steps(count: int, policy: WarningPolicy) -> Severity:
    """The severity of a number of like things."""
    medium, high = policy.unusual.steps
    return SEVERITIES[(count >= medium) + (count >= high)]


def findings(look: Look, hits: Hits, burst: int) -> list[Finding]:
    """One finding for every cell whose severity was not reached on any of the `burst` days before it."""
    grid = look.grid
    grades = np.zeros((len(grid.people), grid.width), np.int8)
    grades[hits.person, hits.column] = hits.severity
    before = np.zeros(len(hits.person), np.int8)
    for back in range(1, burst + 1):
        columns = hits.column - back
        np.maximum(before, np.where(columns >= 0, grades[hits.person, np.maximum(columns, 0)], 0), out=before)
    since = grid.told_from(hits.rule, look.policy.windows)
    kept = np.flatnonzero((hits.severity > before) & (hits.column >= since[hits.person]))
    start = hits.column - hits.span + 1
    counts = grid.total(hits.rows, hits.events, hits.person[kept], start[kept], hits.column[kept])
    return [_finding(look, hits, int(at), int(count)) for at, count in zip(kept, counts, strict=True)]


def _finding(look: Look, hits: Hits, at: int, count: int) -> Finding:
    grid, column = look.grid, int(hits.column[at])
    day = grid.day(column)
    told = Told(grid.day(column - hits.span + 1), day, SEVERITIES[hits.severity[at] - 1], count, hits.reason(at))
    key = f"{day}:{hits.what}" if hits.what else str(day)
    return finding(look.policy, hits.rule, grid.people[hits.person[at]], key, told)


class Told(NamedTuple):
    """What a finding says; see `Finding`."""

    first: date
    day: date
    severity: Severity
    events: int
    reason: Reason
    event_ids: tuple[str, ...] = ()


def finding(policy: WarningPolicy, rule: RuleId, person: str, key: str, told: Told) -> Finding:
    """A finding with the points of the policy. Its key ends in the severity: only a rise makes a new finding."""
    rules = policy.rules[rule]
    return Finding(
        key=f"{rule}:{person}:{key}:{told.severity}",
        rule=rule,
        employee_id=person,
        points=rules.points.get(told.severity, 0),
        supporting=rules.supports(told.severity),
        **told._asdict(),
    )
