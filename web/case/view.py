"""What the page of a case says, in the reader's language; only what the reader may see gets here."""

from dataclasses import dataclass

from models.people import Employee
from models.receivables import CurrencyAudit
from models.report import CaseReport
from models.risk import Domain
from models.secrecy import Action, Field, Rights, tells
from reports.evidence_words import actor, sentence
from reports.language import Language
from reports.words import DOMAINS
from store.questions import Question
from web.case.read import CaseFile
from web.case.sections import Line, Section, sections
from web.inbox.view import gate_path
from web.moments import time
from web.words import gate_name, level_name


@dataclass(frozen=True)
class Risk:
    """The head of the report. `money` is empty for who may not see it."""

    level: str
    level_name: str
    score: str
    version: str
    provisional: bool
    unknown: str
    money: str
    overdue: str


@dataclass(frozen=True)
class Answerable:
    """A question with its answer; `open` when this reader may answer it now."""

    id: str
    head: str
    text: str
    answer: str
    by: str
    open: bool


@dataclass(frozen=True)
class Seat:
    """A question that somebody is asked and has not answered: what an office may give to somebody else."""

    gate: str
    holder: str
    text: str


@dataclass(frozen=True)
class Waiting:
    """A question that waits for this reader, with the address of its page."""

    href: str
    gate: str


@dataclass(frozen=True)
class CaseView:
    """The whole page. What the reader may not see is None or empty."""

    id: str
    leaver: str
    facts: str
    risk: Risk | None
    sections: tuple[Section, ...]
    questions: tuple[Answerable, ...]
    timeline: tuple[Line, ...]
    seats: tuple[Seat, ...]
    waiting: tuple[Waiting, ...]
    running: bool


def view(found: CaseFile, reader: Employee, rights: Rights, words: Language) -> CaseView:
    """Everything on the page for this reader."""
    sees, person = rights.fields, found.leaver
    last_day = words.text("last working day {day}", day=words.day(found.case.plan.dates.last_working_day))
    return CaseView(
        id=found.case.id,
        leaver=person.name,
        facts=" · ".join(part for part in (person.department, person.region, last_day) if part),
        risk=_risk(found.report, sees, words) if found.report and Field.LEVEL in sees else None,
        sections=sections(found, reader, sees, words),
        questions=tuple(_question(each, found, reader, rights, words) for each in found.questions),
        timeline=_timeline(found, reader, sees, words),
        seats=_seats(found, reader, words) if Action.REASSIGN in rights.actions else (),
        waiting=_waiting(found, reader, words) if Action.DECIDE in rights.actions else (),
        running=found.case.ended_at is None,
    )


def _risk(report: CaseReport, sees: frozenset[Field], words: Language) -> Risk:
    money, overdue = _money(report, words) if Field.MONEY in sees else ("", "")
    return Risk(
        level=report.level.value,
        level_name=level_name(words, report.level.value),
        score=words.text("{score} of 100", score=words.number(report.score)),
        version=words.text("version {version}", version=report.version),
        provisional=report.provisional,
        unknown=words.text(", ").join(words.text(DOMAINS.get(name, name)) for name in report.unknowns),
        money=money,
        overdue=overdue,
    )


def _money(report: CaseReport, words: Language) -> tuple[str, str]:
    if report.receivables is None and Domain.RECEIVABLES in report.unknowns:
        return words.text("Not known yet"), words.text("the audit of receivables has not answered")
    if report.receivables is None:
        return words.text("nothing overdue"), words.text("No client owes anything.")
    audits: list[CurrencyAudit] = [report.receivables, *report.receivables.others]
    late = [words.money(each.overdue, each.currency) for each in audits if each.overdue]
    total = " + ".join(words.money(each.total, each.currency) for each in audits)
    if not late:
        return words.text("nothing overdue"), words.text("of {total} owed", total=total)
    return " + ".join(late), words.text("overdue, of {total} owed", total=total)


def _question(asked: Question, found: CaseFile, reader: Employee, rights: Rights, words: Language) -> Answerable:
    who, by = found.names.get(asked.asked_by, ""), found.names.get(asked.answered_by or "", "")
    may = Action.ANSWER in rights.actions and asked.asked_by != reader.id and found.case.ended_at is None
    return Answerable(
        id=asked.id,
        head=words.text("{name} asks ({gate})", name=who, gate=gate_name(words, asked.gate)),
        text=asked.text,
        answer=asked.answer or "",
        by=words.text("Answered by {name}", name=by) if by else "",
        open=may and asked.answer is None,
    )


def _timeline(found: CaseFile, reader: Employee, sees: frozenset[Field], words: Language) -> tuple[Line, ...]:
    return tuple(
        Line(
            actor(each.actor, found.words),
            sentence(each.kind, each.body, found.words),
            time(each.at, words, reader.time_zone),
        )
        for each in found.entries
        if tells(each.kind) in sees
    )


def _waiting(found: CaseFile, reader: Employee, words: Language) -> tuple[Waiting, ...]:
    return tuple(
        Waiting(gate_path(found.case.id, row.gate), gate_name(words, row.gate))
        for row in found.gates
        if row.closed_at is None and found.case.ended_at is None
        if any(reader.id in seat.holders() for seat in found.unanswered(row))
    )


def _seats(found: CaseFile, reader: Employee, words: Language) -> tuple[Seat, ...]:
    waiting = [row for row in found.gates if row.closed_at is None and found.case.ended_at is None]
    return tuple(
        Seat(row.gate, seat.principal, f"{gate_name(words, row.gate)}: {found.names.get(seat.principal, '')}")
        for row in waiting
        if reader.id not in row.approvers
        for seat in found.unanswered(row)
    )
