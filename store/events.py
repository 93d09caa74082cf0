"""Events for other programs: written in the transaction of what they tell, delivered to each endpoint on its own.

A row holds ids and figures only. Every copy of the hook may deliver: a delivery is claimed before it is sent.
"""

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert

from models.base import Moment, Value
from models.canonical_json import canonical
from models.events import DATA_OF, EventData, EventType
from store.tables import event_deliveries, event_endpoints, events

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://offboard/events")
LONGEST_ERROR = 200  # characters
# A receiver has ten seconds: a claim this old belongs to a process that died.
CLAIM_LIFE = timedelta(minutes=1)
SPREAD_AT_ONCE = 500
GONE = "gone"
_OPEN = event_deliveries.c.delivered_at.is_(None) & event_deliveries.c.given_up_at.is_(None)


class Delivery(Value):
    """One event on its way to one endpoint. `body` is what is sent; `attempts` counts the one under way."""

    event_id: str
    endpoint_id: str
    body: bytes
    attempts: int


class Backlog(Value):
    """How the deliveries to an endpoint stand. `oldest` is the first that waits after a failure."""

    endpoint_id: str
    failing: int
    oldest: Moment | None
    given_up: int
    gone: bool


def put(connection: Connection, case_id: str, kind: EventType, data: EventData, *, key: str = "", at: datetime) -> None:
    """Tell what happened at `at`. `key` tells events of one kind of a case apart; the same twice is told once."""
    if not isinstance(data, DATA_OF[kind]):
        raise TypeError(f"{kind.value} does not carry {type(data).__name__}")
    row = insert(events).values(
        id=f"evt_{uuid.uuid5(_NAMESPACE, f'{case_id}/{kind.value}/{key}').hex}",
        case_id=case_id,
        type=kind,
        data=data.model_dump(mode="json"),
        created_at=at,
    )
    connection.execute(row.on_conflict_do_nothing())


def subscribe(connection: Connection, endpoints: Collection[str]) -> None:
    """The endpoints listen from now on, also those that had said that they were gone."""
    if not endpoints:
        return
    rows = insert(event_endpoints).values([{"id": endpoint} for endpoint in sorted(endpoints)])
    connection.execute(rows.on_conflict_do_update(index_elements=["id"], set_={"gone_at": None}))


def spread(connection: Connection, endpoints: Collection[str], *, at: datetime) -> int:
    """Make a delivery to each endpoint of what happened since the last time; returns how many events that were.

    Without endpoints nobody hears of it, now or later.
    """
    fresh = select(events.c.id).where(events.c.spread_at.is_(None)).order_by(events.c.created_at, events.c.id)
    taken = fresh.limit(SPREAD_AT_ONCE).with_for_update(skip_locked=True)
    spreading = update(events).where(events.c.id.in_(taken)).values(spread_at=at)
    found = connection.execute(spreading.returning(events.c.id)).scalars().all()
    if found and endpoints:
        listening = event_endpoints.c.id.in_(endpoints) & event_endpoints.c.gone_at.is_(None)
        pairs = (
            select(events.c.id, event_endpoints.c.id, events.c.created_at)
            .join(event_endpoints, literal(value=True))
            .where(events.c.id.in_(found), listening)
        )
        columns = ["event_id", "endpoint_id", "created_at"]
        connection.execute(insert(event_deliveries).from_select(columns, pairs).on_conflict_do_nothing())
    return len(found)


def claim(connection: Connection, endpoint_id: str, limit: int, *, at: datetime) -> list[Delivery]:
    """The oldest deliveries to an endpoint whose time has come; from the commit on they are ours to send."""
    waiting = event_deliveries.c.retry_at.is_(None) | (event_deliveries.c.retry_at <= at)
    free = event_deliveries.c.claimed_at.is_(None) | (event_deliveries.c.claimed_at < at - CLAIM_LIFE)
    oldest = (
        select(event_deliveries.c.event_id)
        .where(event_deliveries.c.endpoint_id == endpoint_id, _OPEN, waiting, free)
        .order_by(event_deliveries.c.created_at, event_deliveries.c.event_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    claimed = (
        update(event_deliveries)
        .where(event_deliveries.c.event_id.in_(oldest), event_deliveries.c.endpoint_id == endpoint_id, _OPEN)
        .where(event_deliveries.c.event_id == events.c.id)
        .values(claimed_at=at, attempts=event_deliveries.c.attempts + 1)
        .returning(event_deliveries.c.attempts, events)
    )
    rows = sorted(connection.execute(claimed).mappings(), key=lambda row: (row["created_at"], row["id"]))
    return [
        Delivery(
            event_id=row["id"],
            endpoint_id=endpoint_id,
            body=_body(row["type"], row["created_at"], row["data"]),
            attempts=row["attempts"],
        )
        for row in rows
    ]


def _body(kind: str, at: datetime, data: dict[str, object]) -> bytes:
    return canonical({"type": kind, "timestamp": at.isoformat(), "data": data})


def mark_delivered(connection: Connection, delivery: Delivery, *, at: datetime) -> None:
    """The endpoint has it."""
    _settle(connection, delivery, delivered_at=at, retry_at=None, error=None)


def mark_failed(
    connection: Connection, delivery: Delivery, error: str, retry_at: datetime | None, at: datetime
) -> None:
    """The endpoint did not take it; without `retry_at` it is given up."""
    given_up = {"given_up_at": at} if retry_at is None else {}
    _settle(connection, delivery, retry_at=retry_at, error=error[:LONGEST_ERROR], **given_up)


def mark_gone(connection: Connection, delivery: Delivery, *, at: datetime) -> None:
    """The endpoint answered that it wants nothing more: what waits for it is given up, and nothing more is made."""
    leave = update(event_endpoints).where(event_endpoints.c.id == delivery.endpoint_id)
    connection.execute(leave.values(gone_at=at))
    rest = update(event_deliveries).where(event_deliveries.c.endpoint_id == delivery.endpoint_id, _OPEN)
    connection.execute(rest.values(claimed_at=None, retry_at=None, given_up_at=at, error=GONE))


def backlog(connection: Connection, endpoints: Collection[str], given_up_after: datetime) -> list[Backlog]:
    """How the endpoints stand that have any trouble: failing deliveries, and those given up since then."""
    failing = _OPEN & event_deliveries.c.error.is_not(None)
    query = (
        select(
            event_endpoints.c.id,
            event_endpoints.c.gone_at,
            func.count().filter(failing).label("failing"),
            func.min(event_deliveries.c.created_at).filter(failing).label("oldest"),
            func.count().filter(event_deliveries.c.given_up_at >= given_up_after).label("given_up"),
        )
        .outerjoin(event_deliveries, event_deliveries.c.endpoint_id == event_endpoints.c.id)
        .where(event_endpoints.c.id.in_(endpoints))
        .group_by(event_endpoints.c.id)
        .order_by(event_endpoints.c.id)
    )
    rows = connection.execute(query)
    found = [
        Backlog(
            endpoint_id=row.id,
            failing=row.failing,
            oldest=row.oldest,
            given_up=row.given_up,
            gone=row.gone_at is not None,
        )
        for row in rows
    ]
    return [each for each in found if each.failing or each.given_up or each.gone]


def _settle(connection: Connection, delivery: Delivery, **values: object) -> None:
    mine = (event_deliveries.c.event_id == delivery.event_id) & (event_deliveries.c.endpoint_id == delivery.endpoint_id)
    connection.execute(update(event_deliveries).where(mine, _OPEN).values(claimed_at=None, **values))
