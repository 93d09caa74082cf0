"""Events come in, and the roll-up with them: in one statement, so that an event is counted exactly when it is new.

The day of an event is that of the person's time zone; off hours are those of the policy, weekends and the public
holidays of the person's country. Both are judged when the event comes in: who moves later keeps the days of before.
"""

from collections.abc import Iterator, Sequence
from datetime import date, time, timedelta
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    Date,
    FromClause,
    Select,
    String,
    Subquery,
    Text,
    Time,
    and_,
    cast,
    column,
    delete,
    func,
    literal,
    or_,
    select,
    table,
    text,
)
from sqlalchemy.dialects.postgresql import Insert, insert

from models.activity import EventKind
from models.errors import BadDates
from models.working_days import WorkCalendar
from store.tables import employees
from store.tables.behaviour import MONTHS, activity_days, activity_events

DAY = timedelta(days=1)
SATURDAY = 5
Hours = tuple[time, time]  # from, until; they may go over midnight
EVENT = tuple(each.name for each in activity_events.columns)
_CELL = ("employee_id", "day", "kind", "destination", "events", "records", "after_hours")
_COUNTS = ("events", "records", "after_hours")
_TURN = "hashtextextended('activity', 2)"
_ZONES = table("pg_timezone_names", column("name"))


def add_events(connection: Connection, rows: Subquery, off_hours: Hours) -> None:
    """Keep the events that are not here yet, and count those. `rows` has the columns EVENT, all of known people.

    What is here already is left alone, however often it comes.
    """
    _wait_for_turn(connection)
    months = _months_of(connection, rows)
    _make_months(connection, months)
    new = insert(activity_events).from_select(EVENT, select(*(rows.c[name] for name in EVENT)))
    fresh = new.on_conflict_do_nothing().returning(*activity_events.c).cte("fresh")
    connection.execute(_add(_cells(connection, fresh, months, off_hours)))


def rebuild(
    connection: Connection, first: date, last: date, off_hours: Hours, employee_ids: Sequence[str] | None = None
) -> None:
    """Count these days again from the events, of some people or of all: for repair, and when the hours have changed.

    Zones and countries are those of today. Events that come in wait until the transaction ends.
    """
    _wait_for_turn(connection)
    old = delete(activity_days).where(activity_days.c.day.between(first, last))
    if employee_ids is not None:
        old = old.where(activity_days.c.employee_id.in_(employee_ids))
    connection.execute(old)
    connection.execute(_add(_recount(connection, first, last, off_hours, employee_ids)))


def people_adrift(
    connection: Connection, first: date, last: date, off_hours: Hours, employee_ids: Sequence[str] | None = None
) -> list[str]:
    """Ids of people, among some or all, for whom the roll-up of these days is not what their events say now."""
    _wait_for_turn(connection)
    counted = _recount(connection, first, last, off_hours, employee_ids)
    kept = select(*(activity_days.c[name] for name in _CELL)).where(activity_days.c.day.between(first, last))
    if employee_ids is not None:
        kept = kept.where(activity_days.c.employee_id.in_(employee_ids))
    surplus, missing = (each.subquery() for each in (kept.except_(counted), counted.except_(kept)))
    found = select(surplus.c.employee_id).union(select(missing.c.employee_id)).order_by("employee_id")
    return list(connection.execute(found).scalars())


def comes_in_now(connection: Connection) -> bool:
    """True while somebody else brings or counts events. If not, nobody else does until this transaction ends."""
    mine: bool = connection.execute(text(f"SELECT pg_try_advisory_xact_lock({_TURN})")).scalar_one()
    return not mine


def _recount(
    connection: Connection, first: date, last: date, off_hours: Hours, employee_ids: Sequence[str] | None
) -> Select[Any]:
    kept = activity_events.c
    # A local day begins up to 14 hours before that of UTC and ends up to 12 hours after it.
    rows = select(activity_events).where(kept.occurred_at >= first - DAY, kept.occurred_at < last + 2 * DAY)
    if employee_ids is not None:
        rows = rows.where(kept.employee_id.in_(employee_ids))
    found = rows.subquery()
    cells = _cells(connection, found, _months_of(connection, found), off_hours).subquery()
    return select(*(cells.c[name] for name in _CELL)).where(cells.c.day.between(first, last))


def _cells(connection: Connection, source: FromClause, months: Sequence[date], off_hours: Hours) -> Select[Any]:
    """The roll-up of the events in `source`, which lie in `months`."""
    zone = func.coalesce(_ZONES.c.name, "UTC")  # a zone that PostgreSQL does not know would stop the whole import
    known = source.join(employees, employees.c.id == source.c.employee_id)
    seen = (
        select(*(source.c[name] for name in ("employee_id", "kind", "destination", "records")), employees.c.country,
               func.timezone(zone, source.c.occurred_at).label("local"))
        .select_from(known.outerjoin(_ZONES, _ZONES.c.name == employees.c.time_zone))
        .offset(0)  # a fence: without it the local time is computed again wherever it is used
        .subquery("seen")
    )  # fmt: skip
    day, off = cast(seen.c.local, Date), _days_off(connection, months)
    is_off = or_(
        off.c.day.is_not(None),
        seen.c.kind == EventKind.AFTER_HOURS.value,
        _outside(cast(seen.c.local, Time), off_hours),
    )
    return (
        select(seen.c.employee_id, day.label("day"), seen.c.kind, seen.c.destination, func.count().label("events"),
               func.sum(seen.c.records).label("records"), func.count().filter(is_off).label("after_hours"))
        .select_from(seen.outerjoin(off, and_(off.c.country == seen.c.country, off.c.day == day)))
        .group_by(seen.c.employee_id, day, seen.c.kind, seen.c.destination)
    )  # fmt: skip


def _add(cells: Select[Any]) -> Insert:
    new = insert(activity_days).from_select((*_CELL, "updated_at"), cells.add_columns(func.clock_timestamp()))
    sums = {name: activity_days.c[name] + new.excluded[name] for name in _COUNTS}
    return new.on_conflict_do_update(
        index_elements=activity_days.primary_key.columns, set_={**sums, "updated_at": new.excluded.updated_at}
    )


def _outside(clock: ColumnElement[time], off_hours: Hours) -> ColumnElement[bool]:
    since, until = off_hours
    both = or_ if since > until else and_
    return both(clock >= since, clock < until)


def _days_off(connection: Connection, months: Sequence[date]) -> Subquery:
    """`country` and `day` of every day without work in these months, and on the days beside them."""
    days = {day for month in months for day in _days_around(month)}
    found = [
        (country, day)
        for country in connection.execute(select(employees.c.country).distinct()).scalars()
        for day in sorted(_off_in(country, days))
    ]
    countries, off = ([pair[at] for pair in found] for at in (0, 1))
    return select(
        func.unnest(cast(literal(countries, ARRAY(String)), ARRAY(Text))).label("country"),
        func.unnest(cast(literal(off, ARRAY(Date)), ARRAY(Date))).label("day"),
    ).subquery("off")


def _off_in(country: str, days: set[date]) -> set[date]:
    try:
        calendar = WorkCalendar(country, "UTC", time())
    except BadDates:  # no country, or one whose holidays nobody has listed
        return {day for day in days if day.weekday() >= SATURDAY}
    return {day for day in days if not calendar.is_working_day(day)}


def _days_around(month: date) -> Iterator[date]:
    day, end = month - DAY, _next(month)
    while day <= end:
        yield day
        day += DAY


def _next(month: date) -> date:
    return (month + 31 * DAY).replace(day=1)


def _months_of(connection: Connection, rows: Subquery) -> list[date]:
    month = cast(func.date_trunc("month", func.timezone("UTC", rows.c.occurred_at)), Date)
    return list(connection.execute(select(month).distinct().order_by(month)).scalars())


def _make_months(connection: Connection, months: Sequence[date]) -> None:
    """The partitions of these months. A new one is attached, which unlike creating it in place stops no reader."""
    found = connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = :months"), {"months": MONTHS})
    there = set(found.scalars())
    for month in months:
        name = f"events_{month:%Y_%m}"
        if name not in there:
            connection.execute(text(f"CREATE TABLE {MONTHS}.{name} (LIKE {activity_events.name} INCLUDING DEFAULTS)"))
            bounds = f"FROM ('{month} 00:00+00') TO ('{_next(month)} 00:00+00')"
            connection.execute(
                text(f"ALTER TABLE {activity_events.name} ATTACH PARTITION {MONTHS}.{name} FOR VALUES {bounds}")
            )


def _wait_for_turn(connection: Connection) -> None:
    """One writer at a time, until its transaction ends: two that bring the same events would stop one another."""
    connection.execute(text(f"SELECT pg_advisory_xact_lock({_TURN})"))
