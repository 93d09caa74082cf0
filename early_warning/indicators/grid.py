"""People by days: the roll-up as matrices, so that a rule looks at everybody at once."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_warning.indicators.frames import Activity
from early_warning.indicators.trust import LEVELS, trust_codes
from models.activity import EventKind
from models.warning import RuleId
from models.warning_policy import Trust, WarningPolicy, Windows

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Table = npt.NDArray[np.float32]

TAKING = (EventKind.EXPORT, EventKind.DOWNLOAD, EventKind.PRINT, EventKind.MAIL_OUT, EventKind.SHARE, EventKind.DEVICE)
UNTRUSTED = tuple(trust for trust in Trust if trust is not Trust.TRUSTED)
KINDS = tuple(EventKind)


def reach(windows: Windows) -> int:
    """How many days before the first judged day the rules look.

    Back to when a month that is still on was told, a month before that in which it was not yet, and the days that one
    adds up (or as many bursts: one that may stand together with a judged day, two beside the own past). Before it all,
    a baseline.
    """
    return 3 * max(windows.cumulative, windows.burst) + windows.baseline


def judged_from(people: pd.Index, triggers: pd.DataFrame, windows: Windows, as_of: date) -> dict[str, date]:
    """The first day that is judged for who has a live trigger: the time before it is looked at again."""
    asked = set(people)
    first: dict[str, date] = {}
    for person, day in zip(triggers["employee_id"], pd.to_datetime(triggers["day"]).dt.date, strict=True):
        if person in asked and 0 <= (as_of - day).days <= windows.after_trigger:
            first[person] = min(first.get(person, date.max), day - timedelta(days=windows.before_trigger))
    return first


@dataclass(frozen=True)
class Grid:
    """`people` in order; columns are days from `first` to the scan's. Rows of the roll-up stay sparse until asked for.

    `judged` is the first column judged per person; nothing is told about who is not `asked`.
    """

    people: pd.Index
    asked: Flags
    first: date
    width: int
    judged: Ints
    seen: Flags
    person: Ints
    column: Ints
    kind: npt.NDArray[np.int8]
    trust: npt.NDArray[np.int8]
    events: Ints
    records: Ints
    after_hours: Ints

    def told_from(self, rule: RuleId, windows: Windows) -> Ints:
        """The first column per person of which a rule tells: the judged ones, or those of a month that is still on."""
        if rule is not RuleId.CUMULATIVE:
            return self.judged
        return np.minimum(self.judged, self.width - windows.judged - windows.cumulative + 1)

    def day(self, column: int) -> date:
        """The day of a column."""
        return self.first + timedelta(days=int(column))

    def rows(self, kinds: Collection[EventKind], trusts: Collection[Trust] = UNTRUSTED) -> Flags:
        """The sparse rows of some kinds that went to destinations of some trust."""
        wanted = np.isin(self.kind, [KINDS.index(kind) for kind in kinds])
        return wanted & np.isin(self.trust, [LEVELS.index(trust) for trust in trusts])

    def table(self, rows: Flags, amounts: Ints) -> Table:
        """A matrix of people by days with the sums of some rows."""
        cells = self.person[rows] * self.width + self.column[rows]
        sums = np.bincount(cells, weights=amounts[rows], minlength=len(self.people) * self.width)
        return sums.reshape(len(self.people), self.width).astype(np.float32)

    def total(self, rows: Flags, amounts: Ints, person: Ints, first: Ints, last: Ints) -> Ints:
        """The sum of some rows per person, from a first to a last column."""
        cells = self.person[rows] * self.width + self.column[rows]
        order = np.argsort(cells, kind="stable")
        totals = np.concatenate(([0], np.cumsum(amounts[rows][order])))
        start = np.searchsorted(cells[order], person * self.width + np.maximum(first, 0), side="left")
        end = np.searchsorted(cells[order], person * self.width + last, side="right")
        found: Ints = totals[end] - totals[start]
        return found

    def cells(self, table: Table, least: float, back: int = 0) -> tuple[Ints, Ints]:
        """Persons and columns whose figure is at least `least`, from `back` days before the judged ones on."""
        start = max(int(self.judged.min(initial=self.width)) - back, 0)
        person, column = np.nonzero((table[:, start:] >= least) & self.asked[:, None])
        column = column + start
        wanted = column >= self.judged[person] - back
        return person[wanted].astype(np.int64), column[wanted].astype(np.int64)


def build(frames: Activity, policy: WarningPolicy, as_of: date) -> Grid:
    """The grid of some frames for a scan as of the end of a day. Later rows and unknown people are left out."""
    known = frames.people.drop_duplicates("employee_id").sort_values("employee_id")
    people = pd.Index(known["employee_id"])
    early = judged_from(people, frames.triggers, policy.windows, as_of)
    usual = as_of - timedelta(days=policy.windows.judged - 1)
    starts = [min(early.get(person, usual), usual) for person in people]
    first = min(starts, default=usual) - timedelta(days=reach(policy.windows))
    width = (as_of - first).days + 1

    rows = frames.days
    person = people.get_indexer(pd.Index(rows["employee_id"])).astype(np.int64)
    on = pd.to_datetime(rows["day"]).to_numpy().astype("datetime64[D]")
    column = (on - np.datetime64(first)).astype(np.int64)
    kept = (person >= 0) & (column >= 0) & (column < width)
    rows, person, column = rows[kept], person[kept], column[kept]
    seen = np.zeros((len(people), width), bool)
    seen[person, column] = True
    return Grid(
        people=people,
        asked=known["asked"].to_numpy(bool) if "asked" in known else np.ones(len(people), bool),
        first=first,
        width=width,
        judged=np.array([(start - first).days for start in starts], np.int64),
        seen=seen,
        person=person,
        column=column,
        kind=pd.Index([str(kind) for kind in KINDS]).get_indexer(pd.Index(rows["kind"].astype(str))).astype(np.int8),
        trust=trust_codes(rows["destination"], rows["day"], policy.destinations),
        events=rows["events"].to_numpy(np.int64),
        records=rows["records"].to_numpy(np.int64),
        after_hours=rows["after_hours"].to_numpy(np.int64),
    )
