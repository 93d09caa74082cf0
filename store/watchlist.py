"""People who are watched by name: who asked for it, why, and until when. Its evidence is a chain of its own."""

from datetime import date, datetime, timedelta

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert

from store import evidence
from store.tables.behaviour import watchlist

CHAIN = "watchlist"


def add(connection: Connection, employee_id: str, by: str, reason: str, *, until: date, at: datetime) -> None:
    """Watch a person from today until a day; a second time today replaces the first."""
    values = {"until": until, "by_id": by, "reason": reason}
    row = insert(watchlist).values(employee_id=employee_id, since=at.date(), **values)
    connection.execute(row.on_conflict_do_update(index_elements=["employee_id", "since"], set_=values))
    body: dict[str, object] = {"employee": employee_id, "until": until.isoformat(), "reason": reason}
    evidence.append(connection, CHAIN, "watch.began", body, at=at, actor=by)


def end(connection: Connection, employee_id: str, by: str, reason: str, *, at: datetime) -> int:
    """End every watch of a person with yesterday; returns how many ended. A watch of today alone is over at once."""
    today = at.date()
    running = (watchlist.c.employee_id == employee_id) & (watchlist.c.until >= today)
    ended = connection.execute(update(watchlist).where(running).values(until=today - timedelta(days=1))).rowcount
    if ended:
        body: dict[str, object] = {"employee": employee_id, "reason": reason}
        evidence.append(connection, CHAIN, "watch.ended", body, at=at, actor=by)
    return ended


def current(connection: Connection, today: date) -> list[dict[str, object]]:
    """Who is watched on a day, by person."""
    query = select(watchlist).where(watchlist.c.since <= today, watchlist.c.until >= today)
    rows = connection.execute(query.order_by(watchlist.c.employee_id, watchlist.c.since)).mappings()
    return [dict(row) for row in rows]
