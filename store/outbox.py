"""Messages that wait to be sent, written in the transaction of what they tell: none is lost, none is sent for nothing.

A row holds ids, figures and times only; names and links are filled in when the message is sent. store/sending.py has
the other half: how messages leave.
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.postgresql import insert

from models.approvals import Ladder, Refusal, Verdict
from models.base import ChainId, EmployeeId, Moment, TalkId, Value
from models.case import Phase
from store import gates
from store.tables import cases, outbox


class MessageKind(StrEnum):
    """What a message tells.

    `collect` tells who collects what clients owe, `collect_missed` that a date was missed, also to their manager.
    `handed_over` asks who answers for somebody else now (a delegation, a hand-over, a re-assignment). `question` goes
    to who started the case, `answer` to who asked. `decided` with the verdict `sent_back` says that a new plan is
    wanted.
    """

    ASK = "ask"
    REMINDER = "reminder"
    ESCALATION = "escalation"
    HANDED_OVER = "handed_over"
    QUESTION = "question"
    ANSWER = "answer"
    DECIDED = "decided"
    TIMED_OUT = "timed_out"
    REFUSED = "refused"
    CASE_ENDED = "case_ended"
    ALERT = "alert"
    ALERT_REMINDER = "alert_reminder"
    ALERT_ESCALATION = "alert_escalation"
    ALERT_GREW = "alert_grew"
    TALK = "talk"
    COLLECT = "collect"
    COLLECT_REMINDER = "collect_reminder"
    COLLECT_MISSED = "collect_missed"
    COLLECT_SILENT = "collect_silent"


ASKING = (MessageKind.ASK, MessageKind.REMINDER, MessageKind.ESCALATION, MessageKind.HANDED_OVER)
ABOUT_CASES = (
    *ASKING,
    MessageKind.QUESTION,
    MessageKind.ANSWER,
    MessageKind.DECIDED,
    MessageKind.TIMED_OUT,
    MessageKind.REFUSED,
    MessageKind.CASE_ENDED,
)
ABOUT_ALERTS = (
    MessageKind.ALERT,
    MessageKind.ALERT_REMINDER,
    MessageKind.ALERT_ESCALATION,
    MessageKind.ALERT_GREW,
)
ABOUT_COLLECTION = (
    MessageKind.COLLECT,
    MessageKind.COLLECT_REMINDER,
    MessageKind.COLLECT_MISSED,
    MessageKind.COLLECT_SILENT,
)


class Tidings(Value):
    """The facts of a message. `gate` and `round` are None for what concerns the whole case.

    `silent` were asked about an alert before and did not answer. `question_id` is the question that was asked or
    answered.
    """

    gate: str | None = None
    round: int | None = None
    ladder: Ladder = Ladder.APPROVER
    verdict: Verdict | None = None
    by: EmployeeId | None = None
    at: Moment | None = None
    decision_id: str | None = None
    question_id: str | None = None
    refusal: Refusal | None = None
    phase: Phase | None = None
    silent: tuple[EmployeeId, ...] = ()


class OutboxMessage(Value):
    """One message to one person about a case or an alert, named by `case_id`.

    `thread` is the id of the first message about it to that person.
    `attempts` counts the tries, the one under way among them; `queued_at` is when it became true.
    """

    id: str
    case_id: ChainId | TalkId
    recipient_id: EmployeeId
    kind: MessageKind
    tidings: Tidings
    thread: str
    attempts: int
    queued_at: Moment


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
