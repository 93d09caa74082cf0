"""What the pages say about a case, in the reader's language: plain values for the templates."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from models.approvals import Verdict
from models.reasons import Reason
from reports.language import Language
from reports.words import DOMAINS
from store.gates import GateRow
from store.reports import OwedSum, ReportHead
from web.visit import State, Visit
from web.words import ROLES, gate_name, level_name, short_time, time_left

REASONS_SHOWN = 3
CURRENCIES_SHOWN = 2  # more would push the buttons off a phone; the report has them all


@dataclass(frozen=True)
class Time:
    """A moment twice: for machines, and in the reader's zone and words."""

    iso: str
    text: str


@dataclass(frozen=True)
class GateLine:
    """One gate of the case: its name, its state in words, and when. `until`: the time is a deadline."""

    name: str
    state: str
    time: Time | None
    until: bool = False


@dataclass(frozen=True)
class CaseCard:
    """The case as every page of a valid link shows it. `contact` is (name, mail address or empty)."""

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
        gates=tuple(_line(row, visit, words) for row in visit.newest),
        contact=(visit.contact.name, visit.contact.email or "") if visit.contact else None,
    )


def time(moment: datetime, words: Language, zone: str) -> Time:
    """A moment for a `<time>` element."""
    return Time(moment.isoformat(timespec="seconds"), short_time(words, moment, zone))


def why(visit: Visit, words: Language) -> str:
    """Why this person is asked."""
    before = next((row for row in visit.rounds if row.round == visit.asked.round - 1), None)
    if before and before.verdict is Verdict.TIMED_OUT and visit.reader.id not in before.approvers:
        return words.text("You are asked because {name} did not answer in time.", name=_names(before.approvers, visit))
    gate = next((gate for gate in visit.case.plan.gates if gate.gate == visit.link.gate), None)
    if gate and visit.leaver.manager_id == visit.reader.id:
        return words.text("You are asked as {name}'s manager.", name=visit.leaver.name)
    if gate and visit.reader.holds(gate.role):
        return words.text("You are asked as {role}.", role=words.text(ROLES[gate.role]))
    return words.text(
        "You are asked in place of the {role}.", role=words.text(ROLES[gate.role] if gate else "colleague")
    )


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
    if audits is None:
        return words.text("Not known yet"), words.text("the audit of receivables has not answered")
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


def _line(row: GateRow, visit: Visit, words: Language) -> GateLine:
    zone, name = visit.reader.time_zone, gate_name(words, row.gate)
    who = visit.names.get(row.decided_by or "", "")
    if row.verdict is Verdict.APPROVED:
        state = words.text("approved by {name}", name=who)
    elif row.verdict is Verdict.DECLINED:
        state = words.text("declined by {name}", name=who)
    elif row.verdict is Verdict.TIMED_OUT:
        state = words.text("nobody answered in time")
    elif row.closed_at is not None:
        state = words.text("asked again with a new report")
    else:
        return _open_line(row, visit, words)
    return GateLine(name, state, time(row.closed_at, words, zone) if row.closed_at else None)


def _open_line(row: GateRow, visit: Visit, words: Language) -> GateLine:
    """A gate without a recorded end. The reader's own decision is known before the case writes the end down."""
    name, zone = gate_name(words, row.gate), visit.reader.time_zone
    own = visit.own
    if own and own.gate == row.gate and visit.state in (State.MINE, State.STORED):
        said = "approved by {name}" if own.verdict is Verdict.APPROVED else "declined by {name}"
        state = words.text(said, name=visit.reader.name)
        if visit.state is State.STORED:
            state = words.text("{answer}, not yet confirmed", answer=state)
        return GateLine(name, state, time(own.accepted_at, words, zone))
    if visit.case.ended_at is not None:
        return GateLine(name, words.text("no longer asked"), None)
    waiting = words.text("waiting for {name}", name=_names(row.approvers, visit))
    return GateLine(name, waiting, time(row.due_at, words, zone), until=True)


def _names(ids: tuple[str, ...], visit: Visit) -> str:
    return ", ".join(visit.names.get(person, person) for person in ids)
