"""What is sent at one go: one message, or several to one person, as a mail or as lines in a chat."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage

from sqlalchemy import Connection

from activities.alert_mail import alert_mail
from activities.case_facts import facts_of
from activities.collection_mail import collection_mail
from activities.links import Links
from activities.manners import Manners
from activities.talk_mail import talk_mail
from models.people import Employee
from reports.chat_words import chat_text
from reports.digest_letter import digest_letter
from reports.language import language
from reports.letters import Facts
from reports.messages import cleaned, compose, envelope, mail_id, zone_of
from reports.sign_in_letter import sign_in_letter
from store import people, preferences, sending
from store.outbox import ABOUT_ALERTS, ABOUT_COLLECTION, MessageKind, OutboxMessage
from store.sign_in_codes import LIFE
from systems.chat.port import ChatMessage, Messenger

# Messages that are always a mail of their own, and how it is made; None when it is no longer true.
SINGLE = (((MessageKind.TALK,), talk_mail), (ABOUT_COLLECTION, collection_mail), (ABOUT_ALERTS, alert_mail))


@dataclass(frozen=True)
class Parcel:
    """`messages` leave as a `mail`, or `said` in a `chat`; `is_held` when none of it leaves now.

    `detour` is why it is a mail although a chat was chosen.
    """

    messages: tuple[OutboxMessage, ...]
    mail: EmailMessage | None = None
    chat: Messenger | None = None
    said: ChatMessage | None = None
    detour: str = ""
    is_held: bool = False


class Packer:
    """Makes parcels of messages, within one transaction each."""

    def __init__(self, links: Links, manners: Manners) -> None:
        self._links = links
        self._manners = manners

    def pack(self, connection: Connection, message: OutboxMessage, *, now: datetime) -> Parcel | None:
        """The parcel of a message and of what goes with it; None when nothing of it is true any more."""
        for kinds, mail_of in SINGLE:
            if message.kind in kinds:
                mail = mail_of(connection, message, self._links.host, at=now)
                return Parcel(messages=(message,), mail=mail) if mail else None
        person, chosen = people.get(connection, message.recipient_id), preferences.get(connection, message.recipient_id)
        if until := self._manners.held_until(connection, message, person, chosen, now):
            sending.hold(connection, message, until)
            return Parcel(messages=(message,), is_held=True)
        taken = self._manners.together(connection, message, chosen, now)
        told = list(self._true(connection, taken))
        if not told:
            return None
        messages = tuple(each for each, _ in told)
        chat, detour = self._manners.channel(message, chosen)
        if chat:
            text = chat_text([facts for _, facts in told], language(person.language), zone_of(person))
            return Parcel(messages=messages, chat=chat, said=ChatMessage(text=text, link=self._links.inbox))
        return Parcel(messages=messages, mail=self._mail(person, told, now), detour=detour)

    def _true(self, connection: Connection, messages: Sequence[OutboxMessage]) -> Iterator[tuple[OutboxMessage, Facts]]:
        for each in messages:
            facts = facts_of(connection, self._links, each)
            if facts:
                yield each, facts

    def _mail(self, person: Employee, told: Sequence[tuple[OutboxMessage, Facts]], now: datetime) -> EmailMessage:
        host = self._links.host
        if len(told) == 1:
            [(message, facts)] = told
            thread_id = mail_id(message.thread, host)
            return compose(person, facts, message_id=mail_id(message.id, host), thread_id=thread_id, sent_at=now)
        words, zone = language(person.language), zone_of(person)
        letter = digest_letter([cleaned(facts) for _, facts in told], self._links.inbox, words, zone)
        name = mail_id("\n".join(sorted(message.id for message, _ in told)), host)
        return envelope(person, letter, message_id=name, thread_id=name, sent_at=now)


def sign_in_mail(person: Employee, code: str, host: str, now: datetime) -> EmailMessage:
    """The mail with a code. Nothing about the code can be read from its Message-ID."""
    minutes = round(LIFE.total_seconds() / 60)
    name = mail_id(f"sign-in/{person.id}/{now.isoformat()}", host)
    letter = sign_in_letter(code, minutes, language(person.language))
    return envelope(person, letter, message_id=name, thread_id=name, sent_at=now)
