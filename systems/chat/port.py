"""What Offboard asks of a chat system."""

from typing import Protocol

from models.base import Value


class ChatMessage(Value):
    """Lines for a group: `text` holds no name, no amount and no signed link; `link` is the address of the inbox."""

    text: str
    link: str

    @property
    def content(self) -> str:
        """Both, as services show them that know no markup."""
        return f"{self.text}\n{self.link}"


class Messenger(Protocol):
    """A way into a chat."""

    def send(self, message: ChatMessage) -> None:
        """Hand a message over; on return the chat system has said that it took it.

        Raises Refused when it says no, with its own code in `detail["answer"]`; Unavailable when another try may do
        better: `detail["reason"]` is `no_answer`, `rate_limited`, or `garbled` for an answer that cannot be read.
        Neither holds the address or the secret.
        """
