"""Runs the indicators: pure rules over frames of activity, those that the policy enables."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import NamedTuple

from early_warning.indicators.claims import claims
from early_warning.indicators.cumulative import cumulative
from early_warning.indicators.destination import destination
from early_warning.indicators.found import Look
from early_warning.indicators.frames import Activity
from early_warning.indicators.grid import Grid, build
from early_warning.indicators.group import peer_group
from early_warning.indicators.levels import contacts_moved, mass_export
from early_warning.indicators.past import after_hours, novelty, own_baseline
from early_warning.indicators.peers import peers_of
from early_warning.indicators.sequence import sequence
from early_warning.indicators.together import together
from models.warning import Finding, RuleId
from models.warning_policy import WarningPolicy

RULES: tuple[Callable[[Look], list[Finding]], ...] = (
    mass_export,
    own_baseline,
    novelty,
    peer_group,
    cumulative,
    sequence,
    destination,
    after_hours,
    contacts_moved,
    claims,
)


class Found(NamedTuple):
    """The findings by key, and who has too short a past for the rules that compare with it."""

    findings: list[Finding]
    insufficient: tuple[str, ...]


def find(frames: Activity, policy: WarningPolicy, as_of: date) -> Found:
    """What the rules find about the people asked for in the days judged by a scan as of the end of `as_of`.

    The same frames give the same findings in whatever order their rows come; a finding has the same key on every later
    day on which its facts are still judged. Supporting findings are told too, whether they count or not.
    """
    grid = build(frames, policy, as_of)
    people = frames.people.drop_duplicates("employee_id").sort_values("employee_id")
    peers = peers_of(people, policy.unusual.fewest_peers)
    # What came within a burst before the judged days is looked at as well: it may stand together with what is judged.
    wider = replace(grid, judged=grid.judged - policy.windows.burst)
    look = Look(wider, peers, policy, frames.claims, frames.events, frames.triggers, as_of)
    found = together((one for rule in RULES for one in rule(look) if policy.rules[one.rule].enabled), policy)
    rows = {person: row for row, person in enumerate(grid.people)}
    since = {rule: grid.told_from(rule, policy.windows) for rule in RuleId}
    told = (one for one in found if (one.day - grid.first).days >= since[one.rule][rows[one.employee_id]])
    return Found(sorted(told, key=lambda one: one.key), _insufficient(grid, policy))


def _insufficient(grid: Grid, policy: WarningPolicy) -> tuple[str, ...]:
    past = grid.seen[:, -policy.windows.baseline - 1 : -1].sum(axis=1)
    few = grid.asked & (past < policy.windows.fewest_baseline)
    return tuple(grid.people[few])
