"""What a bot says to a group: that something waits, and where. No name, no amount, no signed link."""

from collections.abc import Sequence
from datetime import datetime

from reports.language import Language
from reports.letters import Facts
from store.outbox import ASKING


def chat_text(waiting: Sequence[Facts], words: Language, zone: str) -> str:
    """A few lines about one message, or about several that leave together."""
    if len(waiting) > 1:
        asking = sum(facts.kind in ASKING for facts in waiting)
        lines = [words.count("Offboard has {n} message.", "Offboard has {n} messages.", len(waiting))]
        if asking:
            lines.append(words.count("{n} waits for a decision.", "{n} wait for a decision.", asking))
    else:
        asks = waiting[0].kind in ASKING
        said = words.text("Something waits for a decision in Offboard.") if asks else words.text("News from Offboard.")
        lines = [said, words.text("Case") + words.text(": ") + waiting[0].case_id]
    if due := _first_deadline(waiting):
        lines.append(words.text("Until") + words.text(": ") + words.moment(due, zone))
    return "\n".join(lines)


def _first_deadline(waiting: Sequence[Facts]) -> datetime | None:
    return min((facts.due_at for facts in waiting if facts.kind in ASKING and facts.due_at), default=None)
