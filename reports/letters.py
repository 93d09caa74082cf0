"""What a mail about a case says, sentence by sentence, before it becomes text or HTML."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from models.approvals import Ladder, Refusal, Verdict
from models.base import CaseId, Moment, Value
from models.case import Phase
from reports.language import Language
from reports.letter_words import GATES, IN_PLACE_OF, LEADS, REFUSALS, SUBJECTS, VOTES, WHY_YOU
from store.outbox import ASKING, MessageKind

ABOUT_QUESTIONS = (MessageKind.QUESTION, MessageKind.ANSWER)
DECIDING = (*ASKING, MessageKind.ANSWER)


class Sum(Value):
    """Money at risk in one currency: `total` owed by the clients of the leaver, `overdue` of it past its due date."""

    currency: str
    total: Decimal
    overdue: Decimal


class VoteLine(Value):
    """One vote by name; `principal` is whose it is when somebody else cast it."""

    by: str
    principal: str = ""
    verdict: Verdict


class Facts(Value):
    """What a mail is about. Names are plain text; `money` is None while it is not known, which is not zero.

    `silent` are the names of those who were asked before; `note` is the reason that came with a decision; `principal`
    is whose seat it is: that of the reader where they are asked, that of `by` where somebody decided. Of `people` who
    are asked `needed` must approve.
    """

    kind: MessageKind
    case_id: CaseId
    leaver: str
    last_working_day: date
    link: str | None = None
    gate: str = ""
    ladder: Ladder = Ladder.APPROVER
    due_at: Moment | None = None
    money: tuple[Sum, ...] | None = None
    silent: str = ""
    principal: str = ""
    people: int = 1
    needed: int = 1
    votes: tuple[VoteLine, ...] = ()
    verdict: Verdict | None = None
    by: str = ""
    at: Moment | None = None
    note: str = ""
    question: str = ""
    answer: str = ""
    refusal: Refusal | None = None
    phase: Phase | None = None


@dataclass(frozen=True)
class Letter:
    """A mail in words. `rows` are labels with what they label, joined by `colon`; `invitation` belongs to `link`."""

    subject: str
    lead: str
    rows: tuple[tuple[str, str], ...]
    colon: str
    invitation: str
    link: str | None
    notes: tuple[str, ...]


def letter(facts: Facts, words: Language, zone: str) -> Letter:
    """Put the facts into words: the key message first, then who, what, until when, how much."""
    about = ".".join(part for part in (facts.kind, facts.verdict, facts.phase) if part)
    asking = facts.kind in ASKING
    decided_for = "" if asking else facts.principal
    filled = {
        "name": facts.leaver,
        "case": facts.case_id,
        "gate": gate_name(facts.gate, words),
        "silent": facts.silent,
        "by": _voter(facts.by, decided_for, words),
        "due": words.moment(facts.due_at, zone) if facts.due_at else "",
        "day": words.day(facts.due_at.astimezone(ZoneInfo(zone)).date()) if facts.due_at else "",
    }
    return Letter(
        subject=words.text(SUBJECTS[about], **filled),
        lead=words.text(LEADS[about], **filled),
        rows=tuple(_rows(facts, words, zone)),
        colon=words.text(": "),
        invitation=words.text(_invitation(facts)),
        link=facts.link,
        notes=tuple(_notes(facts, words)),
    )


def _invitation(facts: Facts) -> str:
    if facts.kind is MessageKind.QUESTION:
        return "Answer in your inbox"
    return "See the facts and decide" if facts.kind in DECIDING else "See the case"


def gate_name(gate: str, words: Language) -> str:
    """A gate in the reader's language."""
    return words.text(GATES[gate]) if gate in GATES else gate.replace("_", " ")


def _rows(facts: Facts, words: Language, zone: str) -> Iterator[tuple[str, str]]:
    day = words.day(facts.last_working_day)
    leaver = words.text("{name}, last working day {day}", name=facts.leaver, day=day)
    yield words.text("Who leaves"), leaver
    yield words.text("Case"), facts.case_id
    if facts.kind in ASKING:
        yield from _rows_of_question(facts, words, zone)
    elif facts.kind in ABOUT_QUESTIONS:
        yield words.text("Question"), facts.question
        if facts.answer:
            yield words.text("Answer"), facts.answer
        if facts.due_at:
            yield words.text("To be decided until"), words.moment(facts.due_at, zone)
    if facts.votes:
        yield words.text("Votes"), words.text("; ").join(_vote(vote, words) for vote in facts.votes)
    if facts.refusal:
        yield words.text("Why not"), words.text(REFUSALS[facts.refusal])
    if facts.at:
        yield words.text("Time"), words.moment(facts.at, zone)
    if facts.note:
        yield words.text("Reason given"), facts.note


def _rows_of_question(facts: Facts, words: Language, zone: str) -> Iterator[tuple[str, str]]:
    yield words.text("To decide"), words.text("whether the departure and its handover may go ahead as planned")
    if facts.due_at:
        yield words.text("Until"), words.moment(facts.due_at, zone)
    yield words.text("Money at risk"), _money(facts.money, words)
    gate = gate_name(facts.gate, words)
    why = IN_PLACE_OF if facts.principal else WHY_YOU[facts.ladder]
    yield words.text("Why you"), words.text(why, gate=gate, principal=facts.principal)
    if facts.people > 1:
        quorum = words.text("{needed} of the {people} people who are asked", needed=facts.needed, people=facts.people)
        yield words.text("Must approve"), quorum


def _voter(by: str, principal: str, words: Language) -> str:
    return words.text("{by} for {principal}", by=by, principal=principal) if principal else by


def _vote(vote: VoteLine, words: Language) -> str:
    return words.text(VOTES[vote.verdict], by=_voter(vote.by, vote.principal, words))


def _money(sums: tuple[Sum, ...] | None, words: Language) -> str:
    if sums is None:
        return words.text("not known yet; the receivables could not be read so far")
    if not sums:
        return words.text("none: the clients owe nothing")
    parts = (
        words.text(
            "{total} owed by this person's clients, {overdue} of it overdue",
            total=words.money(each.total, each.currency),
            overdue=words.money(each.overdue, each.currency),
        )
        for each in sums
    )
    return words.text("; ").join(parts)


def _notes(facts: Facts, words: Language) -> Iterator[str]:
    if facts.kind in ASKING:
        yield words.text("Opening the link decides nothing. It is yours alone: please do not pass it on.")
        yield words.text("Silence is never an approval: without an answer the policy says who is asked next.")
    elif facts.kind is MessageKind.REFUSED:
        yield words.text("What you sent is kept with the case as evidence.")
    elif facts.kind is MessageKind.QUESTION:
        yield words.text("The deadline does not move: please answer soon.")
    elif facts.verdict is Verdict.SENT_BACK:
        yield words.text("Nothing is handed over until there is a new plan, and those who decide are asked about it.")
