"""Mail through an SMTP server."""

import smtplib
import ssl
from email.message import EmailMessage
from urllib.parse import SplitResult, unquote, urlsplit

from models.errors import Refused, Unavailable

PORTS = {"smtp": 25, "smtps": 465}
CLOSING = 421  # the server stops, or takes no more from us for now
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class SmtpMailer:
    """`url`: smtp://user:password@host:port, or smtps:// for TLS from the first byte. `timeout` in seconds.

    With smtp:// the connection is encrypted as soon as the server offers it, and a password never leaves the machine
    in the clear. Raises Refused for a URL that cannot be meant.
    """

    def __init__(self, url: str, sender: str, *, timeout: float = 10) -> None:
        self._place = _place(url)
        self._sender = sender
        self._timeout = timeout

    def send(self, message: EmailMessage) -> None:
        """Send one message on a connection of its own. Errors: see the port."""
        if "From" not in message:
            message["From"] = self._sender
        try:
            with self._connect() as server:
                self._secure(server)
                server.send_message(message)
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError, smtplib.SMTPNotSupportedError) as refused:
            code = _code(refused)
            if code == CLOSING:
                raise self._lost(str(code)) from refused
            raise Unavailable(
                "the mail server refused this recipient or this message ({answer}); it is kept and tried again",
                answer=code or type(refused).__name__,
                system="mail",
                reason="refused",
            ) from refused
        except (OSError, smtplib.SMTPException) as lost:
            raise self._lost(type(lost).__name__) from lost

    def _lost(self, answer: str) -> Unavailable:
        return Unavailable(
            "the mail server {host} did not take the message ({answer}); it is kept and tried again",
            host=self._place.hostname,
            answer=answer,
            system="mail",
            reason="no_answer",
        )

    def _connect(self) -> smtplib.SMTP:
        host, port = self._place.hostname or "", self._place.port or PORTS[self._place.scheme]
        if self._place.scheme == "smtps":
            return smtplib.SMTP_SSL(host, port, timeout=self._timeout, context=ssl.create_default_context())
        return smtplib.SMTP(host, port, timeout=self._timeout)

    def _secure(self, server: smtplib.SMTP) -> None:
        server.ehlo()
        encrypted = self._place.scheme == "smtps"
        if not encrypted and server.has_extn("starttls"):
            server.starttls(context=ssl.create_default_context())
            server.ehlo()
            encrypted = True
        if self._place.username is None:
            return
        if not encrypted and self._place.hostname not in LOOPBACK:
            raise smtplib.SMTPException("the server offers no encryption, so the password was not sent")
        server.login(unquote(self._place.username), unquote(self._place.password or ""))


def _code(refused: smtplib.SMTPException) -> int | None:
    """What the server said, as a number; a mail of ours has one recipient."""
    match refused:
        case smtplib.SMTPRecipientsRefused(recipients=dict() as said):
            return next((code for code, _ in said.values()), None)
        case smtplib.SMTPResponseException(smtp_code=int() as code):
            return code
    return None


def _place(url: str) -> SplitResult:
    place = urlsplit(url)
    try:
        known = place.scheme in PORTS and place.hostname and (place.port or True)
    except ValueError:
        known = False
    if not known:
        raise Refused(
            "the address of the mail server cannot be read; nothing was sent. "
            "Write it as smtp://user:password@host:port or smtps://user:password@host:port."
        )
    return place
