"""Mails to people: the same words as plain text and as HTML, in the language and the time zone of the reader."""

import hashlib
import re
import unicodedata
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from models.errors import Refused
from models.people import Employee
from reports.language import language
from reports.letters import Facts, Letter, letter
from reports.plain import TURNING

LONGEST_LINE = 2000  # characters of a name, a reason or a question that a mail shows
WRITTEN_BY_PEOPLE = ("leaver", "silent", "by", "principal", "note", "question", "answer", "gate")
_PLAIN_ADDRESS = re.compile(r"[^\s\"\\<>()\[\]@,;:]+@[^\s\"\\<>()\[\]@,;:]+")
_BREAKS = frozenset({"Cc", "Zl", "Zp"})
_BIDI = dict.fromkeys(TURNING)

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates") / "mail"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def compose(recipient: Employee, facts: Facts, *, message_id: str, thread_id: str, sent_at: datetime) -> EmailMessage:
    """One mail to one person, without `From`, which the mail system knows.

    `message_id` and `thread_id` come from `mail_id`; they are equal for the first mail of a thread. Raises Refused when
    the person has no usable address. Line breaks inside names end up as spaces, so no header can be slipped in.
    """
    content = letter(cleaned(facts), language(recipient.language), zone_of(recipient))
    return envelope(recipient, content, message_id=message_id, thread_id=thread_id, sent_at=sent_at)


def cleaned(facts: Facts) -> Facts:
    """The facts with every text of a person on one line."""
    lines = {name: one_line(getattr(facts, name)) for name in WRITTEN_BY_PEOPLE}
    votes = tuple(
        vote.model_copy(update={"by": one_line(vote.by), "principal": one_line(vote.principal)}) for vote in facts.votes
    )
    return facts.model_copy(update={**lines, "votes": votes})


def envelope(
    recipient: Employee, content: Letter, *, message_id: str, thread_id: str, sent_at: datetime
) -> EmailMessage:
    """The mail that holds a letter, without `From`. Raises Refused as `compose` does."""
    words = language(recipient.language)
    message = EmailMessage(policy=SMTP)
    message["To"] = _address(recipient)
    message["Subject"] = content.subject
    message["Date"] = format_datetime(sent_at)
    message["Message-ID"] = message_id
    if message_id != thread_id:
        message["In-Reply-To"] = thread_id
        message["References"] = thread_id
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_templates.get_template("letter.txt").render(letter=content))
    page = _templates.get_template("letter.html").render(letter=content, tag=words.tag)
    message.add_alternative(page, subtype="html")
    message["Content-Language"] = words.tag  # last: setting the content clears what describes it
    return message


def mail_id(name: str, host: str) -> str:
    """A Message-ID that is the same for the same message on every try, so that a repeat is seen as one.

    Only a hash of `name` is shown; `host` says who made it.
    """
    place = "".join(letter if letter.isascii() and (letter.isalnum() or letter in ".-") else "-" for letter in host)
    return f"<{hashlib.sha256(name.encode()).hexdigest()[:40]}@{place.strip('.-') or 'offboard'}>"


def one_line(text: str) -> str:
    """Text of a person on one line: no line breaks, no control characters, nothing that turns the text around."""
    spaced = "".join(" " if unicodedata.category(sign) in _BREAKS else sign for sign in text.translate(_BIDI))
    return " ".join(spaced.split())[:LONGEST_LINE]


def _address(recipient: Employee) -> Address:
    # No name beside the address: Python folds long quoted names wrongly, and part of a name could become an address.
    if not _PLAIN_ADDRESS.fullmatch(recipient.email or ""):
        raise _no_address(recipient)
    try:
        return Address(addr_spec=recipient.email or "")
    except (ValueError, MessageError) as unusable:
        raise _no_address(recipient) from unusable


def _no_address(recipient: Employee) -> Refused:
    return Refused(
        "employee {employee} has no usable e-mail address; the message is kept. Import an address, or take the "
        "decision with `offboard decide`.",
        employee=recipient.id,
    )


def zone_of(recipient: Employee) -> str:
    """The time zone in which a person reads, UTC where theirs is not one."""
    try:
        return ZoneInfo(recipient.time_zone).key
    except (ValueError, OSError, ZoneInfoNotFoundError):  # no name at all, a folder of zones, an unknown name
        return "UTC"
