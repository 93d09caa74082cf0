"""One mail in place of many: a line for everything that waits for a person, and one link to their inbox."""

from collections.abc import Sequence
from datetime import UTC, datetime

from models.approvals import Verdict
from models.case import Phase
from reports.language import Language
from reports.letter_words import DECIDED_LINES, ENDED_LINES, LINES
from reports.letters import Facts, Letter, gate_name
from store.outbox import ASKING, MessageKind

LAST = datetime.max.replace(tzinfo=UTC)


def digest_letter(waiting: Sequence[Facts], inbox: str, words: Language, zone: str) -> Letter:
    """Put what waits into words: first what is to be decided, by deadline, then the news, by case.

    The subject says how many and names nobody.
    """
    asking = sum(facts.kind in ASKING for facts in waiting)
    ordered = sorted(waiting, key=lambda facts: (*_urgency(facts), facts.case_id))
    subject = words.count("{n} message from Offboard", "{n} messages from Offboard", len(waiting))
    lead = words.count("{n} message has come together.", "{n} messages have come together.", len(waiting))
    if asking:
        lead = words.count("{n} decision waits for you.", "{n} decisions wait for you.", asking)
    return Letter(
        subject=subject,
        lead=lead,
        rows=tuple((_what(facts, words), _about(facts, words, zone)) for facts in ordered),
        colon=words.text(": "),
        invitation=words.text("Open your inbox"),
        link=inbox,
        notes=(words.text("This mail stands in for one mail each. Nothing is decided by opening it."),),
    )


def _urgency(facts: Facts) -> tuple[bool, datetime]:
    asks = facts.kind in ASKING
    return not asks, facts.due_at if asks and facts.due_at else LAST


def _what(facts: Facts, words: Language) -> str:
    match facts:
        case Facts(kind=MessageKind.DECIDED, verdict=Verdict() as verdict):
            said = DECIDED_LINES[verdict]
        case Facts(kind=MessageKind.CASE_ENDED, phase=Phase() as phase):
            said = ENDED_LINES[phase]
        case _:
            said = LINES[facts.kind]
    return words.text(said, gate=gate_name(facts.gate, words))


def _about(facts: Facts, words: Language, zone: str) -> str:
    if facts.due_at and facts.kind in ASKING:
        due = words.moment(facts.due_at, zone)
        return words.text("{name} ({case}), until {due}", name=facts.leaver, case=facts.case_id, due=due)
    return words.text("{name} ({case})", name=facts.leaver, case=facts.case_id)
