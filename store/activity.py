"""What people did, as rows: the roll-up a scan reads, single events where their order counts, claims, and feed health.

Writing is in `store/roll_up.py`.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from sqlalchemy import ColumnElement, Connection, CursorResult, Date, cast, func, select

from models.activity import EventKind
from models.errors import PolicyError
from store.tables import employees, interactions, invoices, opportunities, orders, payments
from store.tables.behaviour import activity_days, activity_events, expense_claims

DAY = timedelta(days=1)


def days(
    connection: Connection, employee_ids: Sequence[str], first: date, last: date
) -> CursorResult[str, date, str, str, int, int, int]:
    """The roll-up of some people from `first` to `last`, by person and day.

    Columns: employee_id, day, kind, destination, events, records, after_hours (events outside working hours).
    """
    table = activity_days.c
    columns = (table.employee_id, table.day, table.kind, table.destination, table.events, table.records,
               table.after_hours)  # fmt: skip
    query = select(*columns).where(table.employee_id.in_(employee_ids), table.day.between(first, last))
    return connection.execute(query.order_by(table.employee_id, table.day, table.kind, table.destination))


def events(
    connection: Connection, employee_ids: Sequence[str], first: date, last: date, kinds: Sequence[EventKind]
) -> CursorResult[str, str, datetime, str, str, str, int]:
    """Single events of some kinds, by person and time; the days are those of UTC.

    Columns: id, employee_id, occurred_at, kind, item, destination, records.
    """
    table = activity_events.c
    columns = (table.id, table.employee_id, table.occurred_at, table.kind, table.item, table.destination, table.records)
    query = select(*columns).where(
        table.employee_id.in_(employee_ids),
        table.occurred_at >= datetime.combine(first, time(), UTC),
        table.occurred_at < datetime.combine(last + DAY, time(), UTC),
        table.kind.in_(kinds),
    )
    return connection.execute(query.order_by(table.employee_id, table.occurred_at, table.id))


def claims(
    connection: Connection, employee_ids: Sequence[str], first: date, last: date
) -> CursorResult[str, str, date, date, str, str, Decimal, str, str, str]:
    """Claims of some people for what was spent from `first` to `last` and claimed by then, by person and day.

    Columns: id, employee_id, spent_on, claimed_on, category, merchant, amount, currency, attendees, and the country of
    the person.
    """
    table = expense_claims.c
    columns = (table.id, table.employee_id, table.spent_on, table.claimed_on, table.category, table.merchant,
               table.amount, table.currency, table.attendees, employees.c.country)  # fmt: skip
    query = (
        select(*columns)
        .join(employees, employees.c.id == table.employee_id)
        .where(table.employee_id.in_(employee_ids), table.spent_on.between(first, last), table.claimed_on <= last)
    )
    return connection.execute(query.order_by(table.employee_id, table.spent_on, table.id))


def touched_since(connection: Connection, moment: datetime) -> list[str]:
    """Ids of people whose roll-up was written at `moment` or later, in order.

    An import shows its rows when it ends and dates them by when it wrote them: whoever asks again and again passes a
    moment before the last time they asked, by as much as their longest import takes.
    """
    table = activity_days.c
    query = select(table.employee_id).where(table.updated_at >= moment).distinct().order_by(table.employee_id)
    return list(connection.execute(query).scalars())


# The day that tells how far each feed has come.
_FEEDS: dict[str, ColumnElement[date]] = {
    "activity_events": activity_days.c.day,
    "expense_claims": expense_claims.c.claimed_on,
    "interactions": cast(interactions.c.occurred_at, Date),
    "opportunities": func.coalesce(opportunities.c.closed_on, opportunities.c.opened_on),
    "orders": orders.c.ordered_on,
    "invoices": invoices.c.issued_on,
    "payments": payments.c.paid_on,
}


def newest(connection: Connection, feed: str, as_of: date) -> date | None:
    """The newest day up to `as_of` that a feed has brought; None when it brought none. Raises PolicyError."""
    day = _FEEDS.get(feed)
    if day is None:
        raise PolicyError("there is no feed {feed!r}; known feeds: {known}", feed=feed, known=", ".join(sorted(_FEEDS)))
    found: date | None = connection.execute(select(func.max(day)).where(day <= as_of)).scalar_one()
    return found
