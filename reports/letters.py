"""What a mail says, sentence by sentence, before it becomes text or HTML."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from models.approvals import Ladder, Refusal, Verdict
from models.base import CaseId, Moment, Value
from models.case import Phase
from reports.language import Language
from store.outbox import ASKING, MessageKind

# Gates as the shipped policies name them; a gate of a company's own policy is shown as the policy writes it.
GATES = {
    "sales_manager": "sales management",
    "finance": "finance",
    "hr": "human resources",
    "it": "IT",
    "legal": "the legal department",
}

SUBJECTS = {
    "ask": "Please decide by {day}: {name} is leaving ({case})",
    "reminder": "Reminder, please decide by {day}: {name} is leaving ({case})",
    "escalation": "Now yours to decide, by {day}: {name} is leaving ({case})",
    "timed_out": "No answer for {gate} in time: departure of {name} ({case})",
    "refused": "Your decision does not count: departure of {name} ({case})",
    "decided.approved": "Approved for {gate}: departure of {name} ({case})",
    "decided.declined": "Declined for {gate}: departure of {name} ({case})",
    "case_ended.closed": "Closed: departure of {name} ({case})",
    "case_ended.declined": "Declined: departure of {name} ({case})",
    "case_ended.withdrawn": "Withdrawn: departure of {name} ({case})",
}

LEADS = {
    "ask": "{name} is leaving. Please approve or decline for {gate} by {due}.",
    "reminder": ("Your answer is still missing: {name} is leaving. Please approve or decline for {gate} by {due}."),
    "escalation": (
        "{silent} did not answer in time, so the question comes to you: {name} is leaving. "
        "Please approve or decline for {gate} by {due}."
    ),
    "timed_out": (
        "Nobody answered for {gate} in time. Silence is never an approval: the departure of {name} does not go ahead."
    ),
    "refused": "Your decision for {gate} on the departure of {name} does not count.",
    "decided.approved": "{by} approved the departure of {name} for {gate}.",
    "decided.declined": "{by} declined the departure of {name} for {gate}.",
    "case_ended.closed": "The departure of {name} is complete and the case is closed.",
    "case_ended.declined": "The departure of {name} was not approved. The case is ended.",
    "case_ended.withdrawn": "The departure of {name} was withdrawn. The case is ended and what it changed is undone.",
}

WHY_YOU = {
    Ladder.APPROVER: "You are the one who decides for {gate} in this case.",
    Ladder.ESCALATION: "You are next in line after the person who did not answer.",
    Ladder.FALLBACK: "Those who come first could not be asked or did not answer; the policy then turns to you.",
}

REFUSALS = {
    Refusal.LATE: "It came after the deadline.",
    Refusal.ALREADY_DECIDED: "The gate was decided already.",
    Refusal.NOT_OPEN: "The gate was not open.",
    Refusal.NOT_AN_APPROVER: "You are not, or no longer, the one who is asked.",
    Refusal.SEPARATION_OF_DUTIES: "Nobody may decide who leaves, who started the case or who takes over its clients.",
    Refusal.REPORT_CHANGED: "The report changed after you saw it; you are asked again about the new one.",
    Refusal.REASON_MISSING: "A refusal needs a reason, and none was given.",
    Refusal.MALFORMED: "It could not be read.",
}


class Sum(Value):
    """Money at risk in one currency: `total` owed by the clients of the leaver, `overdue` of it past its due date."""

    currency: str
    total: Decimal
    overdue: Decimal


class Facts(Value):
    """What a mail is about. Names are plain text; `money` is None while it is not known, which is not zero.

    `silent` are the names of those who were asked before; `note` is the reason that came with a decision.
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
    verdict: Verdict | None = None
    by: str = ""
    at: Moment | None = None
    note: str = ""
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
    filled = {
        "name": facts.leaver,
        "case": facts.case_id,
        "gate": gate_name(facts.gate, words),
        "silent": facts.silent,
        "by": facts.by,
        "due": words.moment(facts.due_at, zone) if facts.due_at else "",
        "day": words.day(facts.due_at.astimezone(ZoneInfo(zone)).date()) if facts.due_at else "",
    }
    return Letter(
        subject=words.text(SUBJECTS[about], **filled),
        lead=words.text(LEADS[about], **filled),
        rows=tuple(_rows(facts, words, zone)),
        colon=words.text(": "),
        invitation=words.text("See the facts and decide") if asking else words.text("See the case"),
        link=facts.link,
        notes=tuple(_notes(facts, words)),
    )


def gate_name(gate: str, words: Language) -> str:
    """A gate in the reader's language."""
    return words.text(GATES[gate]) if gate in GATES else gate.replace("_", " ")


def _rows(facts: Facts, words: Language, zone: str) -> Iterator[tuple[str, str]]:
    day = words.day(facts.last_working_day)
    leaver = words.text("{name}, last working day {day}", name=facts.leaver, day=day)
    yield words.text("Who leaves"), leaver
    yield words.text("Case"), facts.case_id
    if facts.kind in ASKING:
        yield words.text("To decide"), words.text("whether the departure and its handover may go ahead as planned")
        if facts.due_at:
            yield words.text("Until"), words.moment(facts.due_at, zone)
        yield words.text("Money at risk"), _money(facts.money, words)
        yield words.text("Why you"), words.text(WHY_YOU[facts.ladder], gate=gate_name(facts.gate, words))
    if facts.refusal:
        yield words.text("Why not"), words.text(REFUSALS[facts.refusal])
    if facts.at:
        yield words.text("Time"), words.moment(facts.at, zone)
    if facts.note:
        yield words.text("Reason given"), facts.note


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
        yield words.text("Silence is never an approval: without an answer the question goes on to somebody else.")
    elif facts.kind is MessageKind.REFUSED:
        yield words.text("What you sent is kept with the case as evidence.")
