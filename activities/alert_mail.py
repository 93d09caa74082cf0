"""Mails about alerts: put together when they leave, from our books as they are then."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from email.message import EmailMessage
from itertools import groupby

from sqlalchemy import Connection

from models.warning import AlertState, Finding
from reports.alert_letters import AlertFacts, RuleLine, alert_letter
from reports.language import language
from reports.messages import envelope, mail_id, one_line, zone_of
from store import alerts, people, sending
from store.outbox import OutboxMessage


def alert_mail(connection: Connection, message: OutboxMessage, host: str, *, at: datetime) -> EmailMessage | None:
    """The mail; None when the alert is decided meanwhile: nobody is asked for what is decided."""
    alert = alerts.get(connection, message.case_id)
    if alert.state is not AlertState.NEEDS_REVIEW:
        sending.drop(connection, message.id)
        return None
    silent = people.names(connection, set(message.tidings.silent))
    facts = AlertFacts(
        kind=message.kind,
        alert_id=alert.id,
        alias=alert.alias,
        severity=alert.severity,
        due_at=alert.due_at,
        events=alert.events,
        rules=tuple(_lines(alerts.findings_of(connection, alert.id))),
        ladder=message.tidings.ladder,
        silent=one_line(", ".join(silent.get(person, person) for person in message.tidings.silent)),
        protection=alert.protection,
        protected_until=alert.protected_until,
    )
    recipient = people.get(connection, message.recipient_id)
    letter = alert_letter(facts, language(recipient.language), zone_of(recipient))
    return envelope(
        recipient,
        letter,
        message_id=mail_id(message.id, host),
        thread_id=mail_id(message.thread, host),
        sent_at=at,
    )


def _lines(found: Iterable[Finding]) -> Iterator[RuleLine]:
    for rule, group in groupby(sorted(found, key=lambda each: each.rule), key=lambda each: each.rule):
        seen = list(group)
        yield RuleLine(
            rule=rule,
            events=max(each.events for each in seen),
            first=min(each.first for each in seen),
            last=max(each.day for each in seen),
        )
