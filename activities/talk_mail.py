"""The mail that suggests a talk, put together when it leaves."""

from datetime import datetime
from email.message import EmailMessage

from sqlalchemy import Connection

from models.people import EmployeeStatus
from reports.language import language
from reports.messages import envelope, mail_id
from reports.talk_letter import talk_letter
from store import people, sending, talks
from store.outbox import OutboxMessage


def talk_mail(connection: Connection, message: OutboxMessage, host: str, *, at: datetime) -> EmailMessage | None:
    """The mail; None when the person is leaving or gone meanwhile: there is nothing to talk about any more."""
    talk = talks.get(connection, message.case_id)
    if people.get(connection, talk.employee_id).status is not EmployeeStatus.ACTIVE:
        sending.drop(connection, message.id)
        return None
    recipient = people.get(connection, message.recipient_id)
    return envelope(
        recipient,
        talk_letter(talk.alias, talk.day, language(recipient.language)),
        message_id=mail_id(message.id, host),
        thread_id=mail_id(message.thread, host),
        sent_at=at,
    )
