"""Pages that only tell: what became of a question and of a decision, and what happens next."""

from dataclasses import dataclass, field

from models.approvals import Verdict
from reports.language import Language
from store.decisions import StoredDecision
from web.gate.lines import GateLine
from web.gate.visit import State, Visit
from web.moments import Time, time
from web.problems import WORDS, Problem
from web.words import gate_name

SAID = {Verdict.APPROVED: "Approved", Verdict.DECLINED: "Declined", Verdict.SENT_BACK: "Sent back"}
THANKS = {
    Verdict.APPROVED: "Approved. Thank you.",
    Verdict.DECLINED: "Declined. Thank you.",
    Verdict.SENT_BACK: "Sent back. Thank you.",
}
DONE = {
    Verdict.APPROVED: "You approved this",
    Verdict.DECLINED: "You declined this",
    Verdict.SENT_BACK: "You sent this back",
}


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
        Problem.PLAN_SENT_BACK: _sent_back,
    }.get(problem, _nothing_more)(visit, words)
    sentences = (words.text(facts.title), words.text(facts.detail))
    return Notice(facts.status, "bad", sentences[0], (sentences[1],), more, gates)


def _receipt(visit: Visit, own: StoredDecision, words: Language, gates: tuple[GateLine, ...], just_now: bool) -> Notice:
    facts = _facts(visit, own, words)
    if visit.state is State.STORED:
        when = time(own.accepted_at, words, visit.reader.time_zone)
        sentences = (
            words.text(
                "It is safe with us, but the case has not confirmed it yet. It will count as of {time}.", time=when.text
            ),
            words.text("You need not do anything. Load this page again later to see the confirmation."),
        )
        return Notice(202, "wait", words.text("Stored, not yet confirmed"), sentences, facts, gates)
    title = words.text((THANKS if just_now else DONE)[own.verdict])
    return Notice(200, "good", title, _next(visit, own, words), facts, gates)


def _facts(visit: Visit, own: StoredDecision, words: Language) -> tuple[Fact, ...]:
    for_whom = visit.names.get(own.for_id or "", "")
    return (
        Fact(words.text("Decision"), words.text(SAID[own.verdict])),
        Fact(words.text("Approval"), gate_name(words, own.gate)),
        *((Fact(words.text("Answered for"), for_whom),) if for_whom else ()),
        Fact(words.text("Received"), time=time(own.accepted_at, words, visit.reader.time_zone)),
        Fact(words.text("Report shown"), words.text("version {version}", version=visit.asked.report_version)),
        *((Fact(words.text("Your note"), own.note),) if own.note else ()),
        Fact(words.text("Receipt number"), own.id),
    )


def _next(visit: Visit, own: StoredDecision, words: Language) -> tuple[str, ...]:
    ended = visit.hearing.ended
    if ended is Verdict.SENT_BACK:
        return (words.text("A new plan is being made. Whoever is asked about it gets a new link."),)
    if ended is Verdict.DECLINED:
        return (words.text("The handover does not begin. Who started the case is told your reason."),)
    if ended is None:
        facts = {"votes": visit.hearing.approvals, "needed": visit.hearing.plan.needed}
        until = time(visit.asked.due_at, words, visit.reader.time_zone).text
        return (
            words.text("{votes} of {needed} approvals are there.", **facts),
            words.text("The others may answer until {time}; until then you may take your answer back.", time=until),
        )
    waiting = [row.gate for row in visit.newest if row.closed_at is None and row.gate != visit.link.gate]
    if waiting:
        names = words.text(", ").join(gate_name(words, gate) for gate in waiting)
        return (words.text("Next: the case still waits for {gates}.", gates=names),)
    return (words.text("Next: nobody else is asked, and the case goes on by itself."),)


def _phase(visit: Visit, words: Language) -> str:
    if visit.case.ended_at is not None:
        return words.text("The case has ended.")
    waiting = [row for row in visit.newest if row.closed_at is None]
    if waiting:
        return words.text("The case waits for people. This page only shows; nothing can be decided here.")
    return words.text("The case waits for nobody. This page only shows; nothing can be decided here.")


def _decided(visit: Visit, words: Language) -> tuple[Fact, ...]:
    row, hearing, zone = visit.hearing.current, visit.hearing, visit.reader.time_zone
    if row.closed_at and isinstance(row.verdict, Verdict):
        return (
            Fact(words.text("Decision"), words.text(SAID[row.verdict])),
            Fact(words.text("Decided by"), visit.names.get(row.decided_by or "", "")),
            Fact(words.text("Decided at"), time=time(row.closed_at, words, zone)),
        )
    # The gate waits for others; somebody else has answered in this person's seat.
    held = {seat.principal for seat in hearing.asked.seats if visit.reader.id in seat.holders()}
    vote = next((each for each in hearing.standing.votes if each.principal in held), None)
    if vote is None:
        return ()
    return (
        Fact(words.text("Decision"), words.text(SAID[vote.verdict])),
        Fact(words.text("Answered by"), visit.names.get(vote.by, vote.by)),
        Fact(words.text("Answered for"), visit.names.get(vote.principal, vote.principal)),
        Fact(words.text("Received"), time=time(vote.at, words, zone)),
    )


def _late(visit: Visit, words: Language) -> tuple[Fact, ...]:
    return (Fact(words.text("It was open until"), time=time(visit.asked.due_at, words, visit.reader.time_zone)),)


def _changed(visit: Visit, words: Language) -> tuple[Fact, ...]:
    row = visit.hearing.current
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
    row = visit.hearing.current
    asked = ", ".join(visit.names.get(person, person) for person in row.approvers)
    due = time(row.due_at, words, visit.reader.time_zone)
    return (Fact(words.text("Asked now"), asked), Fact(words.text("Open until"), time=due))


def _sent_back(visit: Visit, words: Language) -> tuple[Fact, ...]:
    row = next((each for each in visit.newest if each.verdict is Verdict.SENT_BACK), None)
    if row is None or row.closed_at is None:
        return ()
    return (
        Fact(words.text("Sent back by"), visit.names.get(row.decided_by or "", "")),
        Fact(words.text("Sent back at"), time=time(row.closed_at, words, visit.reader.time_zone)),
    )


def _nothing_more(_visit: Visit, _words: Language) -> tuple[Fact, ...]:
    return ()
