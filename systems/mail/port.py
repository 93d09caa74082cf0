"""What Offboard asks of a mail system."""

from email.message import EmailMessage
from typing import Protocol


class Mailer(Protocol):
    """A way for mail to leave."""

    def send(self, message: EmailMessage) -> None:
        """Hand a message over; on return the mail system is responsible for it.

        `From` is filled in where it is missing. Raises Unavailable when the message was not taken;
        `detail["reason"]` is `refused` for this one message, `no_answer` when no other would fare better.
        """
