"""The lists on the page of a case, each under the field that opens it."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from models.approvals import Verdict
from models.people import Employee
from models.reasons import Reason
from models.report import ReportTransfer
from models.risk import Domain, DomainStatus
from models.secrecy import Field
from reports.language import Language
from reports.words import DOMAINS
from store.gates import GateRow
from web.case.read import CaseFile
from web.moments import Time, time
from web.words import decider, gate_name

SHOWN = 5  # of a list that may be long; the report has it all
REASONS = 3  # of each domain
# The field that the score and the reasons of a domain belong to.
FIELD_OF = {
    Domain.RECEIVABLES: Field.MONEY,
    Domain.CLIENTS: Field.CLIENTS,
    Domain.DATA_EXFILTRATION: Field.BEHAVIOUR,
    Domain.ACCESS: Field.ACCESS,
    Domain.OBLIGATIONS: Field.LEVEL,
}


@dataclass(frozen=True)
class Line:
    """One line of a list: a name, what is said of it, and when. `until`: the time is a deadline."""

    head: str
    text: str
    time: Time | None = None
    until: bool = False


@dataclass(frozen=True)
class Section:
    """A list under a title. `more` says how many lines are left out; empty for none."""

    title: str
    lines: tuple[Line, ...]
    more: str = ""


def sections(found: CaseFile, reader: Employee, sees: frozenset[Field], words: Language) -> tuple[Section, ...]:
    """The lists that the reader may see, without empty ones."""
    makers: tuple[tuple[Field, str, Callable[[], list[Line]]], ...] = (
        (Field.REASON, words.text("Reason for leaving"), lambda: _reason(found)),
        (Field.LEVEL, words.text("Main reasons for the risk"), lambda: _domains(found, sees, words)),
        (Field.DEBTORS, words.text("Who owes most"), lambda: _debtors(found, words)),
        (Field.CLIENTS, words.text("Clients at risk"), lambda: _clients(found, words)),
        (Field.ACCESS, words.text("Access"), lambda: _access(found, reader, words)),
        (Field.OWNERS, words.text("Who takes over"), lambda: _owners(found, words)),
        (Field.HANDED, words.text("What is handed to you"), lambda: _handed(found, reader)),
        (Field.PEOPLE, words.text("Who decides"), lambda: [_gate(row, found, reader, words) for row in found.gates]),
        (Field.NOTES, words.text("What they wrote"), lambda: _notes(found, reader, words)),
    )
    made = ((title, make()) for field, title, make in makers if field in sees)
    # Who decides is few people, and each of them matters; the other lists may have thousands of lines.
    return tuple(_section(title, lines, words) for title, lines in made if lines)


def _section(title: str, lines: Sequence[Line], words: Language) -> Section:
    hidden = len(lines) - SHOWN
    more = words.count("and {n} more", "and {n} more", hidden) if hidden > 0 else ""
    return Section(title, tuple(lines[:SHOWN]), more)


def _reason(found: CaseFile) -> list[Line]:
    return [Line("", found.case.reason)] if found.case.reason else []


def _domains(found: CaseFile, sees: frozenset[Field], words: Language) -> list[Line]:
    domains = found.report.domains if found.report else ()
    lines = []
    for each in domains:
        if FIELD_OF[each.domain] in sees and each.status is DomainStatus.ASSESSED and each.score is not None:
            said = _sentences(each.reasons, words)
            score = words.text("{score} of 100", score=words.number(each.score))
            lines.append(Line(f"{words.text(DOMAINS[each.domain.value])}: {score}", said))
    return lines


def _debtors(found: CaseFile, words: Language) -> list[Line]:
    money = found.report.receivables if found.report else None
    if money is None:
        return []
    names = _client_names(found)
    late = [(each, audit.currency) for audit in (money, *money.others) for each in audit.clients if each.overdue]
    late.sort(key=lambda pair: (pair[0].overdue, pair[0].client), reverse=True)
    return [
        Line(
            names.get(each.client, each.client),
            words.text("{money} overdue", money=words.money(each.overdue, currency)),
        )
        for each, currency in late
    ]


def _clients(found: CaseFile, words: Language) -> list[Line]:
    lines = found.report.clients.lines if found.report and found.report.clients else ()
    return [Line(each.facts.client.name, _sentences(each.reasons, words)) for each in lines if each.at_risk]


def _sentences(reasons: Sequence[Reason], words: Language) -> str:
    """The first reasons, each of which is a sentence of its own."""
    return " ".join(words.reason(reason) for reason in reasons[:REASONS])


def _access(found: CaseFile, reader: Employee, words: Language) -> list[Line]:
    access = found.report.access if found.report else None
    if access is None:
        return []
    left = words.count("{n} right is still active", "{n} rights are still active", access.remaining)
    steps = [Line(step.target, "", time(step.at, words, reader.time_zone)) for step in reversed(access.steps)]
    return [Line(left, ""), *steps]


def _owners(found: CaseFile, words: Language) -> list[Line]:
    counted = Counter(each.successor for each in _transfers(found))
    lines = []
    for person, number in counted.most_common():
        name = found.names.get(person, person) if person else words.text("Nobody yet")
        lines.append(Line(name, words.count("{n} client or deal", "{n} clients and deals", number)))
    return lines


def _handed(found: CaseFile, reader: Employee) -> list[Line]:
    return [Line(each.client_name, each.opportunity or "") for each in _transfers(found) if each.successor == reader.id]


def _gate(row: GateRow, found: CaseFile, reader: Employee, words: Language) -> Line:
    name = gate_name(words, row.gate)
    who = decider(row, found.names, words)
    said = {
        Verdict.APPROVED: words.text("approved by {name}", name=who),
        Verdict.DECLINED: words.text("declined by {name}", name=who),
        Verdict.SENT_BACK: words.text("sent back by {name}", name=who),
        Verdict.TIMED_OUT: words.text("nobody answered in time"),
    }
    if row.closed_at is not None:
        state = said[row.verdict] if isinstance(row.verdict, Verdict) and row.verdict in said else ""
        return Line(name, state or words.text("asked again"), time(row.closed_at, words, reader.time_zone))
    if found.case.ended_at is not None:
        return Line(name, words.text("no longer asked"))
    waiting = dict.fromkeys(person for seat in found.unanswered(row) for person in seat.holders())
    names = words.text(", ").join(found.names.get(person, person) for person in waiting)
    text = words.text("waiting for {name}", name=names)
    return Line(name, text, time(row.due_at, words, reader.time_zone), until=True)


def _notes(found: CaseFile, reader: Employee, words: Language) -> list[Line]:
    return [
        Line(
            f"{found.names.get(each.by, each.by)} ({gate_name(words, each.gate)})",
            each.note,
            time(each.accepted_at, words, reader.time_zone),
        )
        for each in found.notes
    ]


def _transfers(found: CaseFile) -> tuple[ReportTransfer, ...]:
    clients = found.report.clients if found.report else None
    return (*clients.transfers, *clients.opportunity_transfers) if clients else ()


def _client_names(found: CaseFile) -> dict[str, str]:
    lines = found.report.clients.lines if found.report and found.report.clients else ()
    return {each.facts.client.id: each.facts.client.name for each in lines}
