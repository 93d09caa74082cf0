"""Scans as rows: when each ran, how the feeds were, how far it came, and up to when it has seen what came in."""

from datetime import date, datetime

from sqlalchemy import Connection, RowMapping, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from models.base import Moment, Value
from models.scan import FinishScan, ScanKind, ScanPlan
from store.tables.behaviour import scans

# What a transaction that has written will show later, it has dated after its start. One without a number of its own has
# written nothing yet, and will date what it writes later than now.
_OLDEST_AT_WORK = text(
    "SELECT least(now(), min(xact_start)) FROM pg_stat_activity "
    "WHERE datname = current_database() AND backend_xid IS NOT NULL AND pid <> pg_backend_pid()"
)


class ScanRow(Value):
    """One scan. `finished_at` and `counts` are None while it runs, and when it never came to its end."""

    id: str
    kind: ScanKind
    as_of: date
    model_version: str
    policy_version: str
    people: int
    degraded: tuple[str, ...]
    absent: tuple[str, ...]
    started_at: Moment
    finished_at: Moment | None = None
    counts: dict[str, int] | None = None


def begin(connection: Connection, plan: ScanPlan, *, at: datetime) -> None:
    """Write down that a scan has begun; a repeat changes nothing."""
    row = insert(scans).values(
        id=plan.scan_id,
        kind=plan.kind,
        as_of=plan.as_of,
        model_version=plan.model_version,
        policy_version=plan.policy_version,
        people=plan.people,
        degraded=list(plan.feeds.degraded),
        absent=list(plan.feeds.absent),
        seen_until=plan.seen_until,
        started_at=at,
    )
    connection.execute(row.on_conflict_do_nothing())


def finish(connection: Connection, done: FinishScan, *, at: datetime) -> None:
    """Write down how a scan ended; the first end stays."""
    ended = update(scans).where(scans.c.id == done.plan.scan_id, scans.c.finished_at.is_(None))
    counts = {
        **done.counts.model_dump(),
        "alerts_opened": len(done.raised.opened) + done.raised.more_opened,
        "alerts_joined": len(done.raised.joined) + done.raised.more_joined,
        "talks_suggested": done.talks.suggested,
        "nobody_to_ask": done.talks.nobody_to_ask,
    }
    connection.execute(ended.values(finished_at=at, counts=counts))


def newest(connection: Connection, limit: int) -> list[ScanRow]:
    """The last scans that began, the newest first."""
    query = select(scans).order_by(scans.c.started_at.desc(), scans.c.id).limit(limit)
    return [_scan_of(row) for row in connection.execute(query).mappings()]


def last_of(connection: Connection, kind: ScanKind) -> ScanRow | None:
    """The newest scan of a kind that came to its end."""
    query = select(scans).where(scans.c.kind == kind, scans.c.finished_at.is_not(None))
    row = connection.execute(query.order_by(scans.c.started_at.desc(), scans.c.id).limit(1)).mappings().first()
    return _scan_of(row) if row else None


def seen_until(connection: Connection) -> datetime | None:
    """Up to when finished scans have seen all that came in; None before the first one."""
    query = select(func.max(scans.c.seen_until)).where(scans.c.finished_at.is_not(None))
    found: datetime | None = connection.execute(query).scalar_one()
    return found


def visible_until(connection: Connection) -> datetime:
    """Everything that was written before this moment can be seen now; imports that are under way come after it."""
    moment: datetime = connection.execute(_OLDEST_AT_WORK).scalar_one()
    return moment


def _scan_of(row: RowMapping) -> ScanRow:
    return ScanRow.model_validate({name: row[name] for name in ScanRow.model_fields})
