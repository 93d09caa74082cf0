"""What the pages say about a case, in the reader's language: plain values for the templates."""

from collections.abc import Sequence
from dataclasses import dataclass

from models.approvals import Verdict
from models.people import Employee
from models.reasons import Reason
from models.risk import Domain
from reports.language import Language
from reports.words import DOMAINS
from store.questions import Question
from store.reports import OwedSum, ReportHead
from web.gate.lines import GateLine, lines
from web.gate.visit import Visit
from web.moments import Time, time
from web.words import ROLES, gate_name, level_name, time_left

REASONS_SHOWN = 3
CURRENCIES_SHOWN = 2  # more would push the buttons off a phone; the report has them all


@dataclass(frozen=True)
class Asked:
    """A question that somebody asked without deciding; `answer` is empty until there is one."""

    by: str
    at: Time
    text: str
    answer: str
    answered_by: str


@dataclass(frozen=True)
class CaseCard:
    """The case as every page of a valid link shows it. `contact` is (name, mail address or empty).

    `notes` say what happened around the question, `changed` what is different from the version that the reader saw
    before, with `seen` saying which. `substitutes` are (id, name) of people who may take the question over.
    """

    leaver: str
    facts: str
    gate: str
    question: str
    why: str
    money: str
    overdue: str
    due: Time
    left: str
    level: str
    level_name: str
    score: str
    provisional: bool
    reasons: tuple[str, ...]
    unknown: str
    gates: tuple[GateLine, ...]
    contact: tuple[str, str] | None
    notes: tuple[str, ...]
    seen: str
    changed: tuple[str, ...]
    questions: tuple[Asked, ...]
    substitutes: tuple[tuple[str, str], ...]


def card(visit: Visit, words: Language) -> CaseCard:
    """Everything about the case of a visit."""
    report, zone = visit.report, visit.reader.time_zone
    money, overdue = _money(report, words)
    return CaseCard(
        leaver=visit.leaver.name,
        facts=_facts(visit, words),
        gate=gate_name(words, visit.link.gate),
        question=_question(report, words),
        why=why(visit, words),
        money=money,
        overdue=overdue,
        due=time(visit.asked.due_at, words, zone),
        left=time_left(words, visit.asked.due_at - visit.now),
        level=report.level.value,
        level_name=level_name(words, report.level.value),
        score=words.number(report.score),
        provisional=report.provisional,
        reasons=tuple(words.reason(reason) for reason in _top(report)),
        unknown=words.text(", ").join(words.text(DOMAINS.get(name, name)) for name in report.unknowns),
        gates=lines(visit, words),
        contact=(visit.contact.name, visit.contact.email or "") if visit.contact else None,
        notes=_notes(visit, words),
        seen=words.text("version {version}", version=visit.seen_version) if visit.seen_version else "",
        changed=tuple(words.reason(each) for each in visit.differences),
        questions=tuple(_asked(visit, each, words) for each in visit.questions),
        substitutes=tuple((person.id, _with_role(person, words)) for person in visit.substitutes),
    )


def why(visit: Visit, words: Language) -> str:
    """Why this person is asked, and for whom."""
    if principal := visit.hearing.for_id:
        return words.text("You answer for {name}.", name=visit.names.get(principal, principal))
    before = next((row for row in visit.rounds if row.round == visit.asked.round - 1), None)
    if before and before.verdict is Verdict.TIMED_OUT and visit.reader.id not in before.approvers:
        silent = ", ".join(visit.names.get(person, person) for person in before.approvers)
        return words.text("You are asked because {name} did not answer in time.", name=silent)
    role = visit.hearing.plan.role
    if visit.leaver.manager_id == visit.reader.id:
        return words.text("You are asked as {name}'s manager.", name=visit.leaver.name)
    if visit.reader.holds(role):
        return words.text("You are asked as {role}.", role=words.text(ROLES[role]))
    return words.text("You are asked in place of the {role}.", role=words.text(ROLES[role]))


def _notes(visit: Visit, words: Language) -> tuple[str, ...]:
    """What else happened around the question."""
    notes, hearing, zone = [], visit.hearing, visit.reader.time_zone
    if visit.handed_over:
        to = visit.names.get(visit.handed_over.to_id or "", "")
        when = time(visit.handed_over.made_at, words, zone).text
        notes.append(
            words.text("You handed this over to {name}, {time}. Until they answer you still may.", name=to, time=when)
        )
    if hearing.last and hearing.last.verdict is Verdict.TAKEN_BACK:
        when = time(hearing.last.accepted_at, words, zone).text
        notes.append(words.text("You took your answer back, {time}. You may answer again.", time=when))
    if hearing.plan.needed > 1:
        facts = {"votes": hearing.approvals, "needed": hearing.plan.needed}
        notes.append(words.text("{votes} of {needed} approvals are there.", **facts))
    if visit.newest_version > visit.asked.report_version:
        notes.append(
            words.text(
                "Since version {old} of the report there is version {new}. It changes nothing that matters for this "
                "decision, so what was answered stands.",
                old=visit.asked.report_version,
                new=visit.newest_version,
            )
        )
    return tuple(notes)


def _asked(visit: Visit, question: Question, words: Language) -> Asked:
    return Asked(
        by=visit.names.get(question.asked_by, question.asked_by),
        at=time(question.asked_at, words, visit.reader.time_zone),
        text=question.text,
        answer=question.answer or "",
        answered_by=visit.names.get(question.answered_by or "", ""),
    )


def _with_role(person: Employee, words: Language) -> str:
    return words.text("{name} ({role})", name=person.name, role=words.text(ROLES[person.role]))


def _facts(visit: Visit, words: Language) -> str:
    parts = [visit.leaver.department, visit.leaver.region]
    parts.append(words.text("last working day {day}", day=words.day(visit.report.last_working_day)))
    return " · ".join(part for part in parts if part)


def _question(report: ReportHead, words: Language) -> str:
    if report.clients is None:
        return words.text("May the handover begin? How many clients it touches is not known yet.")
    return words.count(
        "May the handover of {n} client begin?", "May the handover of {n} clients begin?", report.clients
    )


def _money(report: ReportHead, words: Language) -> tuple[str, str]:
    """(what is overdue, of how much that is owed), as in the report. Unknown is never zero; currencies stand apart."""
    audits = report.receivables
    if audits is None and Domain.RECEIVABLES in report.unknowns:
        return words.text("Not known yet"), words.text("the audit of receivables has not answered")
    if audits is None:
        return words.text("nothing overdue"), words.text("No client owes anything.")
    late = [each for each in audits if each.overdue]
    if not late:
        return words.text("nothing overdue"), words.text("of {total} owed", total=_sums(audits, "total", words))
    return _sums(late, "overdue", words), words.text("overdue, of {total} owed", total=_sums(audits, "total", words))


def _sums(audits: Sequence[OwedSum], what: str, words: Language) -> str:
    shown = [words.money(getattr(each, what), each.currency) for each in audits[:CURRENCIES_SHOWN]]
    hidden = len(audits) - len(shown)
    more = " " + words.count("+ {n} more currency", "+ {n} more currencies", hidden) if hidden else ""
    return " + ".join(shown) + more


def _top(report: ReportHead) -> tuple[Reason, ...]:
    return report.reasons[:REASONS_SHOWN]
