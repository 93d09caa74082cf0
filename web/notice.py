"""Pages that only tell: what became of a question and of a decision, and what happens next."""

from dataclasses import dataclass, field

from models.approvals import Verdict
from reports.language import Language
from store.decisions import StoredDecision
from web.problems import WORDS, Problem
from web.view import GateLine, Time, time
from web.visit import State, Visit
from web.words import gate_name


@dataclass(frozen=True)
class Fact:
    """One line of a list: a label with a text or a moment."""

    label: str
    text: str = ""
    time: Time | None = None


@dataclass(frozen=True)
class Notice:
    """`tone` is `good`, `wait` or `bad`; `status` is that of the HTTP answer; `gates` are shown when not empty."""

    status: int
    tone: str
    title: str
    sentences: tuple[str, ...]
    facts: tuple[Fact, ...] = ()
    gates: tuple[GateLine, ...] = field(default=())


def notice(visit: Visit, words: Language, gates: tuple[GateLine, ...], *, just_now: bool) -> Notice:
    """The notice of a visit whose question this person cannot answer now. `just_now`: it is the receipt of a press."""
    if visit.state is State.FOLLOW:
        return Notice(200, "wait", words.text("How the approvals stand"), (_phase(visit, words),), (), gates)
    if visit.own and visit.state in (State.MINE, State.STORED):
        return _receipt(visit, visit.own, words, gates, just_now)
    problem = visit.state if isinstance(visit.state, Problem) else Problem.NOT_OPEN
    facts = WORDS[problem]
    more = {
        Problem.ALREADY_DECIDED: _decided,
        Problem.LATE: _late,
        Problem.REPORT_CHANGED: _changed,
        Problem.NOT_AN_APPROVER: _passed_on,
    }.get(problem, _nothing_more)(visit, words)
    sentences = (words.text(facts.title), words.text(facts.detail))
    return Notice(facts.status, "bad", sentences[0], (sentences[1],), more, gates)


def _receipt(visit: Visit, own: StoredDecision, words: Language, gates: tuple[GateLine, ...], just_now: bool) -> Notice:
    approved = own.verdict is Verdict.APPROVED
    when = time(own.accepted_at, words, visit.reader.time_zone)
    facts = (
        Fact(words.text("Decision"), words.text("Approved") if approved else words.text("Declined")),
        Fact(words.text("Approval"), gate_name(words, own.gate)),
        Fact(words.text("Received"), time=when),
        Fact(words.text("Report shown"), words.text("version {version}", version=visit.asked.report_version)),
        *((Fact(words.text("Your note"), own.note),) if own.note else ()),
        Fact(words.text("Receipt number"), own.id),
    )
    if visit.state is State.STORED:
        sentences = (
            words.text(
                "It is safe with us, but the case has not confirmed it yet. It will count as of {time}.", time=when.text
            ),
            words.text("You need not do anything. Load this page again later to see the confirmation."),
        )
        return Notice(202, "wait", words.text("Stored, not yet confirmed"), sentences, facts, gates)
    if just_now:
        title = words.text("Approved. Thank you.") if approved else words.text("Declined. Thank you.")
    else:
        title = words.text("You approved this") if approved else words.text("You declined this")
    return Notice(200, "good", title, (_next(visit, words, approved),), facts, gates)


def _next(visit: Visit, words: Language, approved: bool) -> str:
    if not approved:
        return words.text("The handover does not begin. Who started the case is told your reason.")
    waiting = [row.gate for row in visit.newest if row.closed_at is None and row.gate != visit.link.gate]
    if waiting:
        names = words.text(", ").join(gate_name(words, gate) for gate in waiting)
        return words.text("Next: the case still waits for {gates}.", gates=names)
    return words.text("Next: nobody else is asked, and the case goes on by itself.")


def _phase(visit: Visit, words: Language) -> str:
    if visit.case.ended_at is not None:
        return words.text("The case has ended.")
    waiting = [row for row in visit.newest if row.closed_at is None]
    if waiting:
        return words.text("The case waits for people. This page only shows; nothing can be decided here.")
    return words.text("The case waits for nobody. This page only shows; nothing can be decided here.")


def _decided(visit: Visit, words: Language) -> tuple[Fact, ...]:
    row = max(visit.rounds, key=lambda each: each.round)
    approved = row.verdict is Verdict.APPROVED
    facts = [
        Fact(words.text("Decision"), words.text("Approved") if approved else words.text("Declined")),
        Fact(words.text("Decided by"), visit.names.get(row.decided_by or "", "")),
    ]
    if row.closed_at:
        facts.append(Fact(words.text("Decided at"), time=time(row.closed_at, words, visit.reader.time_zone)))
    return tuple(facts)


def _late(visit: Visit, words: Language) -> tuple[Fact, ...]:
    return (Fact(words.text("It was open until"), time=time(visit.asked.due_at, words, visit.reader.time_zone)),)


def _changed(visit: Visit, words: Language) -> tuple[Fact, ...]:
    row = max(visit.rounds, key=lambda each: each.round)
    zone = visit.reader.time_zone
    seen = words.text("version {version}", version=visit.asked.report_version)
    if row.round == visit.asked.round:
        return (Fact(words.text("This link shows"), seen),)
    return (
        Fact(words.text("This link shows"), seen),
        Fact(words.text("Now valid"), words.text("version {version}", version=row.report_version)),
        Fact(words.text("New link sent"), time=time(row.opened_at, words, zone)),
    )


def _passed_on(visit: Visit, words: Language) -> tuple[Fact, ...]:
    row = max(visit.rounds, key=lambda each: each.round)
    asked = ", ".join(visit.names.get(person, person) for person in row.approvers)
    due = time(row.due_at, words, visit.reader.time_zone)
    return (Fact(words.text("Asked now"), asked), Fact(words.text("Open until"), time=due))


def _nothing_more(_visit: Visit, _words: Language) -> tuple[Fact, ...]:
    return ()
