"""Collect, hide, send, clean up: four steps on one item, in this order, within the window."""

from collections import defaultdict
from datetime import timedelta
from typing import NamedTuple

import pandas as pd

from early_warning.indicators.found import MOST_IDS, SEVERITIES, Look, Told, finding
from early_warning.indicators.trust import LEVELS, trust_codes
from models.activity import EventKind
from models.reasons import because
from models.warning import Finding, RuleId
from models.warning_policy import Trust

STAGES = (
    (EventKind.EXPORT, EventKind.DOWNLOAD),
    (EventKind.RENAME, EventKind.ARCHIVE),
    (EventKind.MAIL_OUT, EventKind.SHARE, EventKind.DEVICE),
    (EventKind.DELETE,),
)
SEQUENCE_KINDS = tuple(kind for stage in STAGES for kind in stage)
_STAGE = {str(kind): number for number, stage in enumerate(STAGES) for kind in stage}
_SENT = 2
_DONE = "Files that were collected, hidden, sent out and deleted, in this order, until {day}: {files}."


class Step(NamedTuple):
    """One event of a chain."""

    at: pd.Timestamp
    id: str
    stage: int
    competitor: bool


def sequence(look: Look) -> list[Finding]:
    """Complete chains, one finding per person and day of the last step; one to a competitor is critical, else high."""
    grid = look.grid
    if look.events.empty:
        return []
    found: defaultdict[tuple[str, int, int], list[list[Step]]] = defaultdict(list)
    for (person, _), steps in _steps(look).items():
        row = grid.people.get_indexer(pd.Index([person]))[0]
        if row < 0 or not grid.asked[row]:
            continue
        for chain in _chains(steps, timedelta(days=look.policy.windows.sequence)):
            column = (chain[-1].at.date() - grid.first).days
            if grid.judged[row] <= column < grid.width:
                grade = 3 if any(step.competitor for step in chain) else 2
                found[person, column, grade].append(chain)
    return [_found(look, person, grade, files) for (person, _, grade), files in found.items()]


def _found(look: Look, person: str, grade: int, files: list[list[Step]]) -> Finding:
    steps = sorted(step for chain in files for step in chain)
    last = files[0][-1].at.date()
    ids = tuple(step.id for step in steps)[:MOST_IDS]
    reason = because(_DONE, files=len(files), day=last)
    told = Told(steps[0].at.date(), last, SEVERITIES[grade], len(steps), reason, ids)
    return finding(look.policy, RuleId.SEQUENCE, person, str(last), told)


def _steps(look: Look) -> dict[tuple[str, str], list[Step]]:
    """The steps of everybody by item, in order; only where all four stages occur and nothing went to trusted places."""
    events = look.events
    items = events["item"].fillna("").astype(str).str.strip().str.casefold()
    stage = events["kind"].astype(str).map(_STAGE)
    trust = trust_codes(events["destination"], _days(events), look.policy.destinations)
    trusted = (stage == _SENT) & (trust == LEVELS.index(Trust.TRUSTED))
    wanted = (items != "") & stage.notna() & ~trusted
    events = events.assign(item=items, stage=stage, competitor=trust == LEVELS.index(Trust.COMPETITOR))[wanted]
    whole = events.groupby(["employee_id", "item"])["stage"].transform("nunique") == len(STAGES)
    events = events[whole].assign(occurred_at=lambda frame: pd.to_datetime(frame["occurred_at"], utc=True))
    chosen: defaultdict[tuple[str, str], list[Step]] = defaultdict(list)
    columns = ["employee_id", "item", "occurred_at", "id", "stage", "competitor"]
    ordered = events.sort_values(["occurred_at", "stage", "id"], kind="stable")[columns]
    for person, item, at, event, number, competitor in ordered.itertuples(index=False, name=None):
        chosen[person, item].append(Step(at, event, int(number), bool(competitor) and int(number) == _SENT))
    return chosen


def _days(events: pd.DataFrame) -> pd.Series:
    return pd.to_datetime(events["occurred_at"], utc=True).dt.tz_localize(None).dt.normalize()


def _chains(steps: list[Step], window: timedelta) -> list[list[Step]]:
    """Complete chains that do not overlap. Of every stage the chain that began last is kept: it fits best."""
    chains: list[list[Step]] = []
    open_at: list[list[Step]] = [[] for _ in STAGES]
    for step in steps:
        if step.stage == 0:
            open_at[0] = [step]
            continue
        begun = open_at[step.stage - 1]
        if begun and step.at - begun[0].at <= window:
            open_at[step.stage] = [*begun, step]
        if open_at[-1]:
            chains.append(open_at[-1])
            open_at = [[] for _ in STAGES]
    return chains
