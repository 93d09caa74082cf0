"""When a message leaves and which way: at once, later, together with others, by mail or into a chat."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection

from models.people import Employee
from models.preferences import MAIL, Preferences, leaves_at
from reports.messages import zone_of
from store import gates, sending
from store.outbox import ABOUT_CASES, ASKING, MessageKind, OutboxMessage
from systems.chat.port import Messenger

# Somebody who gets word of many cases at once gets the rest of it together, after this time.
GATHERING = timedelta(minutes=10)
# A chat that took a message neither the first time nor after two pauses is passed by: the next try is a mail.
TRIES_IN_CHAT = 3
# The answer to an act of their own does not wait.
AT_ONCE = (MessageKind.REFUSED,)


@dataclass(frozen=True)
class Manners:
    """`channels` are the chats by name. `one_by_one` messages about as many cases leave singly; more go together."""

    channels: Mapping[str, Messenger] = field(default_factory=dict)
    one_by_one: int = 5

    def held_until(
        self, connection: Connection, message: OutboxMessage, person: Employee, chosen: Preferences, now: datetime
    ) -> datetime | None:
        """Until when a message waits; None when it leaves now. Alerts and suggestions never wait.

        A deadline ends every wait when half of the time to it has passed.
        """
        if message.kind in AT_ONCE or message.kind not in ABOUT_CASES:
            return None
        due_at = _deadline(connection, message)
        moment = leaves_at(chosen, zone_of(person), message.queued_at, due_at, now)
        gathered = min(message.queued_at, now) + GATHERING
        if moment <= now < gathered and self._is_crowded(connection, message, now):
            moment = min(gathered, message.queued_at + (due_at - message.queued_at) / 2) if due_at else gathered
        # What was queued by a clock ahead of ours does not wait for ours to catch up.
        return moment if moment > max(now, message.queued_at) else None

    def together(
        self, connection: Connection, message: OutboxMessage, chosen: Preferences, now: datetime
    ) -> list[OutboxMessage]:
        """What leaves with a message whose time has come: itself alone, or everything that waits for the person."""
        if message.kind not in ABOUT_CASES:
            return [message]
        others = sending.waiting_for(connection, message.recipient_id, at=now)
        if others and (chosen.digest or others >= self.one_by_one):
            return [message, *sending.claim_others(connection, message, at=now)]
        return [message]

    def channel(self, message: OutboxMessage, chosen: Preferences) -> tuple[Messenger | None, str]:
        """The chat that a message goes into, None for a mail; and why it is a mail although a chat was chosen."""
        if chosen.channel == MAIL or message.kind not in ABOUT_CASES:
            return None, ""
        chat = self.channels.get(chosen.channel)
        if chat is None:
            return None, f"the channel {chosen.channel} is not in the channels file; sent by mail"
        if message.attempts > TRIES_IN_CHAT:
            return None, f"the channel {chosen.channel} failed {TRIES_IN_CHAT} times; sent by mail"
        return chat, ""

    def _is_crowded(self, connection: Connection, message: OutboxMessage, now: datetime) -> bool:
        return sending.cases_written_about(connection, message, since=now - GATHERING) >= self.one_by_one


def _deadline(connection: Connection, message: OutboxMessage) -> datetime | None:
    told = message.tidings
    if message.kind not in {*ASKING, MessageKind.QUESTION} or told.gate is None or told.round is None:
        return None
    row = gates.of_round(connection, message.case_id, told.gate, told.round)
    return row.due_at if row else None
