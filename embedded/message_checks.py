"""What `offboard doctor` says about messages that could not leave, or took another way than the one chosen."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, func, select

from embedded.finding import Finding, ill, well
from models.reasons import because
from store.database import Database
from store.tables import outbox

# A greylisting server takes the second or third try.
PATIENT_TRIES = 3
LOOKED_BACK = timedelta(days=1)

MEND = because("See the mail server, the channels file or the person's address. Every message is kept and tried again.")
MEND_CHANNEL = because("See the chat and the channels file: docs/messages.md says what the codes mean.")


def check_messages(database: Database, now: datetime | None = None) -> list[Finding]:
    """Messages that still wait after several tries, and messages of the last day that left by mail instead."""
    at = now or datetime.now(UTC)
    stuck = outbox.c.sent_at.is_(None) & (outbox.c.attempts >= PATIENT_TRIES) & outbox.c.error.is_not(None)
    detoured = (outbox.c.sent_at > at - LOOKED_BACK) & outbox.c.error.is_not(None)
    findings = []
    if found := _newest(database, stuck):
        number, error = found
        problem = because("{number} messages could not leave so far; the newest: {error}", number=number, error=error)
        findings.append(ill("Messages", problem, MEND))
    if found := _newest(database, detoured):
        number, error = found
        problem = because("{number} messages took another way; the newest: {error}", number=number, error=error)
        findings.append(ill("Messages", problem, MEND_CHANNEL))
    return findings or [well("Messages")]


def _newest(database: Database, which: ColumnElement[bool]) -> tuple[int, str] | None:
    with database.begin() as connection:
        number = connection.execute(select(func.count()).select_from(outbox).where(which)).scalar_one()
        newest = select(outbox.c.error).where(which).order_by(outbox.c.created_at.desc(), outbox.c.id).limit(1)
        error = connection.execute(newest).scalar_one_or_none()
    return (number, error) if number and error else None
