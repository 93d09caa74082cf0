"""The post: sends what waits in the outbox. A message that cannot leave never holds the case."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum

from activities.links import Links
from activities.manners import Manners
from activities.parcels import Packer, Parcel, sign_in_mail
from models.errors import OffboardError
from models.people import Employee
from store import sending
from store.database import Database
from store.outbox import OutboxMessage
from systems.mail.port import Mailer

__all__ = ["Links", "Manners", "Post", "Try"]

log = logging.getLogger("offboard.mail")


class Try(StrEnum):
    """What became of one more try. `settled` left, or is no longer true; `kept` waits for another try.

    `none`: none waits, or the mail system does not answer, so that the others need not be tried now.
    """

    SETTLED = "settled"
    KEPT = "kept"
    NONE = "none"


def _now() -> datetime:
    return datetime.now(UTC)


class Post:
    """Turns waiting messages into mails and lines in a chat. `manners` say when, and which."""

    def __init__(
        self,
        database: Database,
        mailer: Mailer,
        links: Links,
        manners: Manners | None = None,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self._database = database
        self._mailer = mailer
        self._links = links
        self._clock = clock
        self._packer = Packer(links, manners or Manners())

    def deliver(self, case_id: str) -> int:
        """Send every waiting message of a case once; returns how many left or were no longer true.

        A message that cannot leave keeps its reason and is tried at the next call; where the mail system itself does
        not answer, the others wait too. Nothing is locked in our database while another system is spoken to. A
        process that dies between sending and writing it down sends that one message again, a little later, with the
        same Message-ID. Raises Unavailable when our database does not answer.
        """
        tried: list[str] = []
        sent = 0
        while True:
            with self._database.begin() as connection:
                message = sending.claim(connection, case_id, tried, at=self._clock())
            if message is None:
                return sent
            tried.append(message.id)
            done = self._send(message)
            if done is Try.NONE:
                return sent
            sent += done is Try.SETTLED

    def retry_one(self) -> Try:
        """Try one message of any case whose time has come, also of a case that has ended."""
        with self._database.begin() as connection:
            message = sending.claim_due(connection, at=self._clock())
        return Try.NONE if message is None else self._send(message)

    def send_code(self, person: Employee, code: str, now: datetime) -> None:
        """Mail a sign-in code at once; it is kept nowhere. Raises Unavailable, or Refused without a usable address."""
        self._mailer.send(sign_in_mail(person, code, self._links.host, now))

    def _send(self, message: OutboxMessage) -> Try:
        parcel = Parcel(messages=(message,))
        try:
            with self._database.begin() as connection:
                packed = self._packer.pack(connection, message, now=self._clock())
            if packed is None:
                return Try.SETTLED
            parcel = packed
            if parcel.is_held:
                return Try.KEPT
            if parcel.chat and parcel.said:
                parcel.chat.send(parcel.said)
            elif parcel.mail:
                self._mailer.send(parcel.mail)
        except OffboardError as failure:
            return self._keep(parcel, message, failure)
        with self._database.begin() as connection:
            sending.mark_sent(connection, parcel.messages, at=self._clock(), error=parcel.detour)
        return Try.SETTLED

    def _keep(self, parcel: Parcel, message: OutboxMessage, failure: OffboardError) -> Try:
        with self._database.begin() as connection:
            sending.mark_failed(connection, parcel.messages, failure.message, at=self._clock())
        if message.attempts == 1:  # once a message: the later tries fail for the same reason
            log.warning("a message to %s could not leave and is kept: %s", message.recipient_id, failure.message)
        # A chat that does not answer says nothing about the others.
        down = failure.detail.get("system") == "mail" and failure.detail.get("reason") == "no_answer"
        return Try.NONE if down else Try.KEPT
