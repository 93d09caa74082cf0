"""How messages leave the outbox: who takes which one, what waits longer, what goes together, what became of it."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, RowMapping, delete, func, select, tuple_, update

from store.outbox import ABOUT_CASES, ASKING, OutboxMessage
from store.tables import outbox

LONGEST_ERROR = 500  # characters of a server's answer that are kept
# A server that answers at all does so within seconds: a claim this old belongs to a process that died.
CLAIM_LIFE = timedelta(minutes=2)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
MOST_TOGETHER = 500  # messages in one digest


def claim(connection: Connection, case_id: str, tried: Collection[str], *, at: datetime) -> OutboxMessage | None:
    """The oldest message of a case that waits, except those in `tried`; from the commit on it is ours to send.

    Messages that somebody else is sending are passed over, until their claim is so old that the sender must be dead.
    """
    return next(iter(_claim(connection, outbox.c.case_id == case_id, outbox.c.id.not_in(tried), at=at)), None)


def claim_due(connection: Connection, *, at: datetime) -> OutboxMessage | None:
    """The oldest message of any case that nobody has tried yet, or whose pause or wait is over; now ours."""
    return next(iter(_claim(connection, outbox.c.retry_at.is_(None) | (outbox.c.retry_at <= at), at=at)), None)


def claim_others(connection: Connection, message: OutboxMessage, *, at: datetime) -> list[OutboxMessage]:
    """Everything else about cases that waits for the recipient of `message`, also for later; now ours, oldest first."""
    theirs = (outbox.c.recipient_id == message.recipient_id, outbox.c.kind.in_(ABOUT_CASES), outbox.c.id != message.id)
    return _claim(connection, *theirs, at=at, limit=MOST_TOGETHER)


def waiting_for(connection: Connection, person: str, *, at: datetime) -> int:
    """How many messages about cases wait for a person and are nobody's to send yet."""
    theirs = (outbox.c.recipient_id == person, outbox.c.kind.in_(ABOUT_CASES), outbox.c.sent_at.is_(None), _free(at))
    return connection.execute(select(func.count()).select_from(outbox).where(*theirs)).scalar_one()


def cases_written_about(connection: Connection, message: OutboxMessage, *, since: datetime) -> int:
    """About how many other cases the recipient got word since then, or gets it from who was there before us."""
    mine = select(outbox.c.claimed_at, outbox.c.id).where(outbox.c.id == message.id).subquery()
    before = tuple_(outbox.c.claimed_at, outbox.c.id) < select(mine.c.claimed_at, mine.c.id).scalar_subquery()
    query = select(func.count(outbox.c.case_id.distinct())).where(
        outbox.c.recipient_id == message.recipient_id,
        outbox.c.case_id != message.case_id,
        outbox.c.kind.in_(ABOUT_CASES),
        (outbox.c.sent_at > since) | (outbox.c.sent_at.is_(None) & (outbox.c.claimed_at > since) & before),
    )
    return connection.execute(query).scalar_one()


def asked_in(connection: Connection, message: OutboxMessage, number: int) -> bool:
    """True when the recipient has, or gets, a message of its own that asks for the round `number` of the same gate."""
    told = outbox.c.payload["tidings"]
    query = select(outbox.c.id).where(
        outbox.c.case_id == message.case_id,
        outbox.c.recipient_id == message.recipient_id,
        outbox.c.kind.in_(ASKING),
        told["gate"].astext == message.tidings.gate,
        told["round"].as_integer() == number,
    )
    return connection.execute(query.limit(1)).first() is not None


def _free(at: datetime) -> ColumnElement[bool]:
    return outbox.c.claimed_at.is_(None) | (outbox.c.claimed_at < at - CLAIM_LIFE)


def _claim(connection: Connection, *which: ColumnElement[bool], at: datetime, limit: int = 1) -> list[OutboxMessage]:
    oldest = (
        select(outbox.c.id)
        .where(outbox.c.sent_at.is_(None), _free(at), *which)
        .order_by(outbox.c.created_at, outbox.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte()
    )
    claiming = update(outbox).where(outbox.c.id.in_(select(oldest.c.id))).returning(outbox)
    claimed = connection.execute(claiming.values(claimed_at=at, attempts=outbox.c.attempts + 1)).mappings()
    return sorted((_message(row) for row in claimed), key=lambda each: (each.queued_at, each.id))


def _message(row: RowMapping) -> OutboxMessage:
    return OutboxMessage(
        id=row["id"],
        case_id=row["case_id"],
        recipient_id=row["recipient_id"],
        kind=row["kind"],
        tidings=row["payload"]["tidings"],
        thread=row["payload"]["thread"],
        attempts=row["attempts"],
        queued_at=row["created_at"],
    )


def mark_sent(connection: Connection, messages: Iterable[OutboxMessage], *, at: datetime, error: str = "") -> None:
    """The messages left; they are never sent again. `error` is why they took another way than the one chosen."""
    sent = {"sent_at": at, "claimed_at": None, "retry_at": None, "error": error[:LONGEST_ERROR] or None}
    connection.execute(update(outbox).where(outbox.c.id.in_([each.id for each in messages])).values(sent))


def mark_failed(connection: Connection, messages: Iterable[OutboxMessage], error: str, *, at: datetime) -> None:
    """The messages could not leave; each waits for the next step of its case, or for the end of a pause that grows."""
    for message in messages:
        pause = min(FIRST_PAUSE * 2 ** min(message.attempts - 1, 10), LONGEST_PAUSE)
        failed = {"claimed_at": None, "retry_at": at + pause, "error": error[:LONGEST_ERROR]}
        unsent = update(outbox).where(outbox.c.id == message.id, outbox.c.sent_at.is_(None))
        connection.execute(unsent.values(failed))


def hold(connection: Connection, message: OutboxMessage, until: datetime) -> None:
    """Nobody is to be disturbed with the message before then; the try under way was none."""
    held = {"claimed_at": None, "retry_at": until, "attempts": outbox.c.attempts - 1}
    connection.execute(update(outbox).where(outbox.c.id == message.id, outbox.c.sent_at.is_(None)).values(held))


def drop(connection: Connection, message_id: str) -> None:
    """Take back a message that is no longer true, before it was sent.

    One whose sender died may have left without our knowing: it stays in the books, as settled.
    """
    mine = outbox.c.id == message_id
    connection.execute(delete(outbox).where(mine, (outbox.c.attempts <= 1) | outbox.c.error.is_not(None)))
    settled = {"sent_at": func.now(), "claimed_at": None, "retry_at": None}
    connection.execute(update(outbox).where(mine).values(settled))
