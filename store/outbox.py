"""Messages that wait to be sent, written in the transaction of what they tell: none is lost, none is sent for nothing.

A row holds ids, figures and times only; names and links are filled in when the message is sent.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from models.approvals import Ladder, Refusal, Verdict
from models.base import ChainId, EmployeeId, Moment, TalkId, Value
from models.case import Phase
from store import gates
from store.tables import cases, outbox

LONGEST_ERROR = 500  # characters of a mail server's answer that are kept
# A mail server that answers at all does so within seconds: a claim this old belongs to a process that died.
CLAIM_LIFE = timedelta(minutes=2)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)


class MessageKind(StrEnum):
    """What a message tells."""

    ASK = "ask"
    REMINDER = "reminder"
    ESCALATION = "escalation"
    DECIDED = "decided"
    TIMED_OUT = "timed_out"
    REFUSED = "refused"
    CASE_ENDED = "case_ended"
    ALERT = "alert"
    ALERT_REMINDER = "alert_reminder"
    ALERT_ESCALATION = "alert_escalation"
    ALERT_GREW = "alert_grew"
    TALK = "talk"


ASKING = (MessageKind.ASK, MessageKind.REMINDER, MessageKind.ESCALATION)
ABOUT_ALERTS = (
    MessageKind.ALERT,
    MessageKind.ALERT_REMINDER,
    MessageKind.ALERT_ESCALATION,
    MessageKind.ALERT_GREW,
)


class Tidings(Value):
    """The facts of a message. `gate` and `round` are None for what concerns the whole case.

    `silent` were asked about an alert before and did not answer.
    """

    gate: str | None = None
    round: int | None = None
    ladder: Ladder = Ladder.APPROVER
    verdict: Verdict | None = None
    by: EmployeeId | None = None
    at: Moment | None = None
    decision_id: str | None = None
    refusal: Refusal | None = None
    phase: Phase | None = None
    silent: tuple[EmployeeId, ...] = ()


class OutboxMessage(Value):
    """One message to one person about a case or an alert, named by `case_id`.

    `thread` is the id of the first message about it to that person.
    `attempts` counts the tries, the one under way among them.
    """

    id: str
    case_id: ChainId | TalkId
    recipient_id: EmployeeId
    kind: MessageKind
    tidings: Tidings
    thread: str
    attempts: int


def put(
    connection: Connection,
    case_id: str,
    recipient_id: str,
    kind: MessageKind,
    tidings: Tidings,
    *,
    key: str,
    at: datetime,
) -> None:
    """Queue a message. `key` tells messages of one kind to one person apart; the same message twice is queued once."""
    name = f"{case_id}/{kind.value}/{key}/{recipient_id}"
    thread = func.coalesce(outbox.c.payload["thread"].astext, outbox.c.id)
    earlier = select(thread).where(outbox.c.case_id == case_id, outbox.c.recipient_id == recipient_id)
    first = connection.execute(earlier.order_by(outbox.c.created_at, outbox.c.id).limit(1)).scalar_one_or_none()
    payload = {"tidings": tidings.model_dump(mode="json", exclude_none=True), "thread": first or name}
    row = insert(outbox).values(
        id=name, case_id=case_id, recipient_id=recipient_id, kind=kind, payload=payload, created_at=at
    )
    connection.execute(row.on_conflict_do_nothing())


def announce_end(connection: Connection, case_id: str, phase: Phase, *, at: datetime) -> None:
    """Tell the person who started the case, and those who were asked last at each gate, how it ended."""
    starter = connection.execute(select(cases.c.requested_by).where(cases.c.id == case_id)).scalar_one()
    asked = [approver for row in gates.newest_of(connection, case_id) for approver in row.approvers]
    for person in dict.fromkeys([starter, *asked]):
        if person:
            put(connection, case_id, person, MessageKind.CASE_ENDED, Tidings(phase=phase, at=at), key=phase, at=at)


def claim(connection: Connection, case_id: str, tried: Collection[str], *, at: datetime) -> OutboxMessage | None:
    """The oldest message of a case that waits, except those in `tried`; from the commit on it is ours to send.

    Messages that somebody else is sending are passed over, until their claim is so old that the sender must be dead.
    """
    return _claim(connection, outbox.c.case_id == case_id, outbox.c.id.not_in(tried), at=at)


def claim_due(connection: Connection, *, at: datetime) -> OutboxMessage | None:
    """The oldest message of any case that nobody has tried yet, or whose pause after a failure is over; now ours."""
    return _claim(connection, outbox.c.retry_at.is_(None) | (outbox.c.retry_at <= at), at=at)


def _claim(connection: Connection, *which: ColumnElement[bool], at: datetime) -> OutboxMessage | None:
    free = outbox.c.claimed_at.is_(None) | (outbox.c.claimed_at < at - CLAIM_LIFE)
    oldest = (
        select(outbox.c.id)
        .where(outbox.c.sent_at.is_(None), free, *which)
        .order_by(outbox.c.created_at, outbox.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    claiming = update(outbox).where(outbox.c.id == oldest.scalar_subquery()).returning(outbox)
    claimed = claiming.values(claimed_at=at, attempts=outbox.c.attempts + 1)
    row = connection.execute(claimed).mappings().one_or_none()
    if row is None:
        return None
    return OutboxMessage(
        id=row["id"],
        case_id=row["case_id"],
        recipient_id=row["recipient_id"],
        kind=row["kind"],
        tidings=row["payload"]["tidings"],
        thread=row["payload"]["thread"],
        attempts=row["attempts"],
    )


def mark_sent(connection: Connection, message_id: str, *, at: datetime) -> None:
    """The message left; it is never sent again."""
    sent = {"sent_at": at, "claimed_at": None, "retry_at": None, "error": None}
    connection.execute(update(outbox).where(outbox.c.id == message_id).values(sent))


def mark_failed(connection: Connection, message: OutboxMessage, error: str, *, at: datetime) -> None:
    """The message could not leave; it waits for the next step of its case, or for the end of a pause that grows."""
    pause = min(FIRST_PAUSE * 2 ** min(message.attempts - 1, 10), LONGEST_PAUSE)
    failed = {"claimed_at": None, "retry_at": at + pause, "error": error[:LONGEST_ERROR]}
    unsent = update(outbox).where(outbox.c.id == message.id, outbox.c.sent_at.is_(None))
    connection.execute(unsent.values(failed))


def drop(connection: Connection, message_id: str) -> None:
    """Take back a message that is no longer true, before it was sent."""
    connection.execute(delete(outbox).where(outbox.c.id == message_id))
