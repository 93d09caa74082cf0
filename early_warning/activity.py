"""What the indicators look at, read for some people and their peers, and no more of it than the rules need."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

import pandas as pd
from sqlalchemy import ColumnElement, Connection, Date, Row, Select, and_, cast, literal, select, union_all

from early_warning.indicators.frames import CLAIMS, DAYS, EVENTS, PEOPLE, TRIGGERS, Activity, frame
from early_warning.indicators.grid import judged_from, reach
from early_warning.indicators.peers import peers_of
from early_warning.indicators.sequence import SEQUENCE_KINDS, STAGES
from models.case import Phase
from models.people import EmployeeStatus
from models.warning import TriggerKind
from models.warning_policy import WarningPolicy, Windows
from store import activity
from store.tables import cases, employees
from store.tables.behaviour import watchlist

_MOST_OF_A_ROLE = 200  # who has no peers closer by is compared with so many of the same role

Starts = dict[str, date]


def load_activity(connection: Connection, employee_ids: Sequence[str], as_of: date, policy: WarningPolicy) -> Activity:
    """The frames for `find`: the people asked for, their peers, and what is known at the end of `as_of`.

    Whole teams in one call cost least, because peers are read too.
    """
    people = _people(connection, sorted(set(employee_ids)), policy)
    triggers = frame(TRIGGERS, connection.execute(triggers_query(employee_ids, as_of, policy.windows)))
    starts = _starts(people, triggers, as_of, policy)
    days = frame(DAYS, (row for ids, first in _together(starts, reach(policy.windows)) for row in
                        activity.days(connection, ids, first, as_of)))  # fmt: skip
    asked = {person: starts[person] for person in people["employee_id"][people["asked"]]}
    return Activity(
        people=people,
        days=days,
        events=_events(connection, days, asked, as_of, policy),
        claims=frame(CLAIMS, activity.claims(connection, list(asked), _claims_from(as_of, policy.windows), as_of)),
        triggers=triggers,
    )


def triggers_query(employee_ids: Sequence[str], as_of: date, windows: Windows) -> Select[tuple[str, str, date]]:
    """Whose window is open on a day: a notice, unless it was withdrawn, or a named person's wish."""
    notice = cast(cases.c.plan["dates"]["notice_date"].astext, Date)
    given = select(cases.c.employee_id, literal(TriggerKind.NOTICE).label("kind"), notice.label("day")).where(
        cases.c.phase != Phase.WITHDRAWN
    )
    wished = select(watchlist.c.employee_id, literal(TriggerKind.WATCHLIST), watchlist.c.since).where(
        watchlist.c.until >= as_of
    )
    every = union_all(given, wished).subquery()
    live = every.c.day.between(as_of - timedelta(days=windows.after_trigger), as_of)
    found = select(every.c.employee_id, every.c.kind, every.c.day)
    return found.where(every.c.employee_id.in_(employee_ids), live).order_by(*every.c)


def _people(connection: Connection, ids: list[str], policy: WarningPolicy) -> pd.DataFrame:
    """Who is asked for, then peers from ever further away, for as long as somebody has too few."""
    table = employees.c
    known = _rows(connection, table.id.in_(ids))
    asked = set(known)
    fewest, limit = policy.unusual.fewest_peers, None
    for nearness in (("manager_id",), ("department",), ()):
        lonely = _without_peers(known, asked, fewest)
        wanted = {tuple(getattr(known[one], name) for name in (*nearness, "role")) for one in lonely}
        limit = None if nearness else _MOST_OF_A_ROLE
        for values in sorted(group for group in wanted if all(group)):
            matches = [table[name] == value for name, value in zip((*nearness, "role"), values, strict=True)]
            known |= _rows(connection, and_(*matches, table.status != EmployeeStatus.LEFT), limit)
    return frame(PEOPLE, ((*row, one in asked) for one, row in sorted(known.items())))


def _rows(
    connection: Connection, which: ColumnElement[bool], limit: int | None = None
) -> dict[str, Row[tuple[object, ...]]]:
    columns = [employees.c[name] for name in ("id", *PEOPLE[1:-1])]
    query = select(*columns).where(which).order_by(employees.c.id).limit(limit)
    return {row.id: row for row in connection.execute(query)}


def _without_peers(known: dict[str, Row[tuple[object, ...]]], asked: set[str], fewest: int) -> list[str]:
    rows = [(*row, True) for row in known.values()]
    groups = peers_of(frame(PEOPLE, rows), fewest).group
    return [one for one, group in zip(known, groups, strict=True) if one in asked and group < 0]


def _starts(people: pd.DataFrame, triggers: pd.DataFrame, as_of: date, policy: WarningPolicy) -> Starts:
    """The first judged day of everybody; the peers of who is looked at further back are needed as far back."""
    usual = as_of - timedelta(days=policy.windows.judged - 1)
    ids = list(people["employee_id"])
    starts = dict.fromkeys(ids, usual)
    peers = peers_of(people, policy.unusual.fewest_peers)
    for person, first in judged_from(pd.Index(ids), triggers, policy.windows, as_of).items():
        row = ids.index(person)
        for member in (row, *(peers.members[peers.group[row]] if peers.group[row] >= 0 else ())):
            starts[ids[member]] = min(starts[ids[member]], first)
    return starts


def _together(starts: Starts, back: int) -> Iterable[tuple[list[str], date]]:
    """People by the first day that is needed of them: `back` days before their first judged one."""
    groups: defaultdict[date, list[str]] = defaultdict(list)
    for person, start in starts.items():
        groups[start - timedelta(days=back)].append(person)
    return ((ids, first) for first, ids in sorted(groups.items()))


def _events(
    connection: Connection, days: pd.DataFrame, asked: Starts, as_of: date, policy: WarningPolicy
) -> pd.DataFrame:
    """Single events of who took all four steps of a sequence within the days that matter; most people took none."""
    back = policy.windows.sequence + 1  # a day more: events count their days in UTC
    since = {person: start - timedelta(days=back) for person, start in asked.items()}
    late = [day >= since.get(person, date.max) for person, day in zip(days["employee_id"], days["day"], strict=True)]
    stage = days["kind"].map({str(kind): number for number, stage in enumerate(STAGES) for kind in stage})
    steps = stage[late].groupby(days["employee_id"]).nunique()
    suspects = {person: asked[str(person)] for person in steps.index[steps == len(STAGES)]}
    return frame(EVENTS, (row for ids, first in _together(suspects, back) for row in
                          activity.events(connection, ids, first, as_of, SEQUENCE_KINDS)))  # fmt: skip


def _claims_from(as_of: date, windows: Windows) -> date:
    """Far enough back for what was usual before the oldest live trigger, and for whole months."""
    return as_of - timedelta(days=windows.before_trigger + windows.after_trigger + windows.judged + 31)
