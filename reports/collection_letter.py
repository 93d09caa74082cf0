"""What a mail about money to be collected says: how much, of whom, until when, and what to do next."""

from collections.abc import Iterator
from decimal import Decimal
from zoneinfo import ZoneInfo

from models.base import CaseId, Moment, Value
from reports.language import Language
from reports.letters import Letter
from store.outbox import MessageKind

MOST_LINES = 20  # clients that a mail names; the rest is counted

SUBJECTS = {
    MessageKind.COLLECT: "Yours to collect: what clients of {name} owe ({case})",
    MessageKind.COLLECT_REMINDER: "Money to be collected by {day}: clients of {name} ({case})",
    MessageKind.COLLECT_MISSED: "Not collected by {day}: clients of {name} ({case})",
    MessageKind.COLLECT_SILENT: "No answer to a balance confirmation: clients of {name} ({case})",
}
LEADS = {
    MessageKind.COLLECT: "{name} is leaving, and you collect what these clients owe from now on.",
    MessageKind.COLLECT_REMINDER: "By {due} no more than this may be open of what these clients of {name} owe.",
    MessageKind.COLLECT_MISSED: "On {due} more was open than the plan allows, for clients of {name}.",
    MessageKind.COLLECT_SILENT: "These clients of {name} were asked to confirm a balance and did not answer in time.",
}
NEXT = {
    MessageKind.COLLECT: "Every date of the plan: offboard collection show {case}",
    MessageKind.COLLECT_REMINDER: "What is paid is read from the books every working day; there is nothing to report.",
    MessageKind.COLLECT_MISSED: "Please agree on the next step with the client; finance sees the same figures.",
    MessageKind.COLLECT_SILENT: (
        "Please ask once more, and write the answer down with: offboard collection confirmed {case} CLIENT, or disputed"
    ),
}


class DebtLine(Value):
    """One client in one currency. `left` is what was open when the books were read last; None: not read yet."""

    client: str
    currency: str
    audited: Decimal
    left: Decimal | None
    at_most: Decimal
    due_at: Moment


class CollectionFacts(Value):
    """What the mail is about. `is_own`: the reader collects; else `collector` does. `letters` are not sent yet."""

    kind: MessageKind
    case_id: CaseId
    leaver: str
    collector: str
    is_own: bool
    due_at: Moment | None
    lines: tuple[DebtLine, ...]
    letters: int


def collection_letter(facts: CollectionFacts, words: Language, zone: str) -> Letter:
    """Put the facts into words."""
    due = facts.due_at
    filled = {
        "name": facts.leaver,
        "case": facts.case_id,
        "due": words.moment(due, zone) if due else "",
        "day": words.day(due.astimezone(ZoneInfo(zone)).date()) if due else "",
    }
    return Letter(
        subject=words.text(SUBJECTS[facts.kind], **filled),
        lead=words.text(LEADS[facts.kind], **filled),
        rows=tuple(_rows(facts, words, zone)),
        colon=words.text(": "),
        invitation="",
        link=None,
        notes=tuple(_notes(facts, words)),
    )


def _rows(facts: CollectionFacts, words: Language, zone: str) -> Iterator[tuple[str, str]]:
    yield words.text("Case"), facts.case_id
    if not facts.is_own:
        yield words.text("Collects"), facts.collector
    for line in facts.lines[:MOST_LINES]:
        yield line.client, _debt(line, words, zone, facts.kind)
    if len(facts.lines) > MOST_LINES:
        yield words.text("And more"), words.count("{n} client", "{n} clients", len(facts.lines) - MOST_LINES)


def _debt(line: DebtLine, words: Language, zone: str, kind: MessageKind) -> str:
    owed = words.money(line.audited, line.currency)
    if line.left is None:
        now = words.text("{owed} owed", owed=owed)
    else:
        now = words.text("{left} of {owed} open", left=words.money(line.left, line.currency), owed=owed)
    if kind is MessageKind.COLLECT_SILENT:
        return now
    goal = words.text(
        "at most {amount} by {due}",
        amount=words.money(line.at_most, line.currency),
        due=words.moment(line.due_at, zone),
    )
    return words.text("{now}; {goal}", now=now, goal=goal)


def _notes(facts: CollectionFacts, words: Language) -> Iterator[str]:
    yield words.text(NEXT[facts.kind], case=facts.case_id)
    if facts.letters and facts.is_own:
        letters = words.count("{n} balance confirmation", "{n} balance confirmations", facts.letters)
        yield words.text(
            "Still to be sent: {letters}. To print them: offboard collection letters {case} -o FOLDER",
            letters=letters,
            case=facts.case_id,
        )
