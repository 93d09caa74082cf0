"""The post: sends what waits in the outbox of a case. A mail that cannot leave never holds the case."""

import logging
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from enum import StrEnum
from urllib.parse import urlsplit

from sqlalchemy import Connection

from activities.alert_mail import alert_mail
from activities.talk_mail import talk_mail
from models.errors import OffboardError, UnknownCase
from reports.letters import Facts, Sum
from reports.messages import compose, mail_id
from store import cases, decisions, gates, outbox, people, reports
from store.cases import CaseRow
from store.database import Database
from store.gates import GateRow
from store.links import Purpose, make_link
from store.outbox import ABOUT_ALERTS, ASKING, MessageKind, OutboxMessage
from systems.mail.port import Mailer

# Long after the deadline a link still opens, so that its page can say what became of the gate.
LINK_LIFE_AFTER_DEADLINE = timedelta(days=60)
DECIDING = (*ASKING, MessageKind.REFUSED)


log = logging.getLogger("offboard.mail")


class Try(StrEnum):
    """What became of one more try. `settled` left, or is no longer true; `kept` waits for another try.

    `none`: none waits, or the mail system does not answer, so that the others need not be tried now.
    """

    SETTLED = "settled"
    KEPT = "kept"
    NONE = "none"


class Links:
    """Makes the addresses that people follow. `public_url` is where the approval page answers."""

    def __init__(self, secret: str, public_url: str) -> None:
        self._secret = secret
        self._public_url = public_url.rstrip("/")
        self.host = urlsplit(public_url).hostname or ""

    def url(self, connection: Connection, row: GateRow, person: str, purpose: Purpose) -> str:
        """Address of the page for one person and one round: the same one every time."""
        expires_at = row.due_at + LINK_LIFE_AFTER_DEADLINE
        fields = (row.case_id, row.gate, row.round, person, purpose, expires_at, row.opened_at)
        return f"{self._public_url}/d/{make_link(connection, self._secret, *fields)}"


class Post:
    """Turns waiting messages into mails."""

    def __init__(self, database: Database, mailer: Mailer, links: Links) -> None:
        self._database = database
        self._mailer = mailer
        self._links = links

    def deliver(self, case_id: str) -> int:
        """Send every waiting message of a case once; returns how many left.

        A message that cannot leave keeps its reason and is tried at the next call; where the mail system itself does
        not answer, the others wait too. Nothing is locked in our database while the mail system is spoken to. A
        process that dies between sending and writing it down sends that one message again, a little later, with the
        same Message-ID. Raises Unavailable when our database does not answer.
        """
        tried: list[str] = []
        sent = 0
        while True:
            with self._database.begin() as connection:
                message = outbox.claim(connection, case_id, tried, at=_now())
            if message is None:
                return sent
            tried.append(message.id)
            failure = self._send(message)
            sent += failure is None
            if _is_down(failure):
                return sent

    def retry_one(self) -> Try:
        """Try one message of any case whose time has come, also of a case that has ended."""
        with self._database.begin() as connection:
            message = outbox.claim_due(connection, at=_now())
        if message is None:
            return Try.NONE
        failure = self._send(message)
        if _is_down(failure):
            return Try.NONE
        return Try.KEPT if failure else Try.SETTLED

    def _send(self, message: OutboxMessage) -> OffboardError | None:
        try:
            mail = self._compose(message)
            if mail is None:
                return None
            self._mailer.send(mail)
        except OffboardError as failure:
            with self._database.begin() as connection:
                outbox.mark_failed(connection, message, failure.message, at=_now())
            if message.attempts == 1:  # once a message: the later tries fail for the same reason
                log.warning("a mail to %s could not leave and is kept: %s", message.recipient_id, failure.message)
            return failure
        with self._database.begin() as connection:
            outbox.mark_sent(connection, message.id, at=_now())
        return None

    def _compose(self, message: OutboxMessage) -> EmailMessage | None:
        """The mail; None when the message is settled meanwhile: nobody is asked for what is decided."""
        with self._database.begin() as connection:
            if message.kind is MessageKind.TALK:
                return talk_mail(connection, message, self._links.host, at=_now())
            if message.kind in ABOUT_ALERTS:
                return alert_mail(connection, message, self._links.host, at=_now())
            case = cases.get(connection, message.case_id)
            row = _round_of(connection, message)
            if message.kind in ASKING and (row is None or row.closed_at or case.ended_at):
                outbox.drop(connection, message.id)
                return None
            return compose(
                people.get(connection, message.recipient_id),
                self._facts(connection, case, message, row),
                message_id=mail_id(message.id, self._links.host),
                thread_id=mail_id(message.thread, self._links.host),
                sent_at=_now(),
            )

    def _facts(self, connection: Connection, case: CaseRow, message: OutboxMessage, row: GateRow | None) -> Facts:
        tidings = message.tidings
        silent = _silent(connection, row) if message.kind is MessageKind.ESCALATION and row else ()
        wanted = {case.employee_id, *silent, *([tidings.by] if tidings.by else [])}
        names = people.names(connection, wanted)
        decided = decisions.get(connection, tidings.decision_id) if tidings.decision_id else None
        linked = row or next(iter(gates.newest_of(connection, case.id)), None)
        purpose = Purpose.DECIDE if message.kind in DECIDING else Purpose.FOLLOW
        return Facts(
            kind=message.kind,
            case_id=case.id,
            leaver=names[case.employee_id],
            last_working_day=case.plan.dates.last_working_day,
            link=self._links.url(connection, linked, message.recipient_id, purpose) if linked else None,
            gate=tidings.gate or "",
            ladder=tidings.ladder,
            due_at=row.due_at if row else None,
            money=_money_at_risk(connection, row) if row else None,
            silent=", ".join(names.get(person, person) for person in silent),
            verdict=tidings.verdict if message.kind is MessageKind.DECIDED else None,
            by=names.get(tidings.by, tidings.by) if tidings.by else "",
            at=tidings.at,
            note=decided.note if decided else "",
            refusal=tidings.refusal,
            phase=tidings.phase,
        )


def _now() -> datetime:
    return datetime.now(UTC)


def _is_down(failure: OffboardError | None) -> bool:
    return failure is not None and failure.detail.get("reason") == "no_answer"


def _round_of(connection: Connection, message: OutboxMessage) -> GateRow | None:
    told = message.tidings
    if told.gate is None or told.round is None:
        return None
    return gates.of_round(connection, message.case_id, told.gate, told.round)


def _silent(connection: Connection, row: GateRow) -> tuple[str, ...]:
    before = gates.of_round(connection, row.case_id, row.gate, row.round - 1)
    return before.approvers if before else ()


def _money_at_risk(connection: Connection, row: GateRow) -> tuple[Sum, ...] | None:
    """What the report of the round says is owed; None while it could not be read."""
    try:
        report = reports.load(connection, row.case_id, row.report_version)
    except UnknownCase:
        return None
    if report.receivables is None:
        return None
    return tuple(
        Sum(currency=each.currency, total=each.total, overdue=each.overdue)
        for each in (report.receivables, *report.receivables.others)
        if each.open_items
    )
