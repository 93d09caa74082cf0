"""What the page of a case shows, read in one transaction. What the reader may not see is not read at all."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from models.approvals import Seat, Vote
from models.errors import UnknownCase
from models.evidence import LedgerEntry
from models.people import Employee
from models.report import CaseReport
from models.secrecy import SENSITIVE, Action, Field, Rights
from reports.language import Language
from reports.terminal_words import Words, names_in, words_in
from store import cases, decisions, evidence, gates, people, questions, reports
from store.cases import CaseRow
from store.decisions import StoredDecision
from store.gates import GateRow
from store.questions import Question
from store.tables import evidence as entries

ENTRIES = 50  # of the timeline
READ_NOTED_EVERY = timedelta(hours=1)
_FROM_REPORT = frozenset(
    {
        Field.LEVEL,
        Field.MONEY,
        Field.DEBTORS,
        Field.CLIENTS,
        Field.ACCESS,
        Field.BEHAVIOUR,
        Field.OWNERS,
        Field.HANDED,
    }
)


@dataclass(frozen=True)
class CaseFile:
    """A case as far as one reader may see it; the rest is None or empty. `entries` are the newest first."""

    case: CaseRow
    leaver: Employee
    report: CaseReport | None
    gates: tuple[GateRow, ...]
    votes: dict[str, tuple[Vote, ...]]
    notes: tuple[StoredDecision, ...]
    questions: tuple[Question, ...]
    entries: tuple[LedgerEntry, ...]
    names: dict[str, str]
    words: Words

    def unanswered(self, row: GateRow) -> tuple[Seat, ...]:
        """The places at a gate for which nobody has answered: not the person asked, and not who answers for them."""
        voted = {vote.principal for vote in self.votes.get(row.gate, ())}
        return tuple(seat for seat in row.seats if seat.principal not in voted)


def read(connection: Connection, case_id: str, reader: Employee, rights: Rights, words: Language) -> CaseFile:
    """The file of a case for a reader with these rights."""
    sees, case = rights.fields, cases.get(connection, case_id)
    newest = gates.newest_of(connection, case_id) if Field.PEOPLE in sees else []
    told = deque(evidence.read(connection, case_id), ENTRIES) if Field.TIMELINE in sees else deque[LedgerEntry]()
    asked = questions.of_case(connection, case_id) if Field.QUESTIONS in sees else []
    report = _report(connection, case_id) if sees & _FROM_REPORT else None
    notes = _notes(connection, case_id) if Field.NOTES in sees else []
    ids = {person for row in newest for person in row.approvers} | {one.by for one in notes}
    ids |= {person for one in asked for person in (one.asked_by, one.answered_by) if person}
    ids |= {row.decided_by for row in newest if row.decided_by}
    spoken = [[each.actor, each.body] for each in told]
    return CaseFile(
        case=case,
        leaver=people.get(connection, case.employee_id),
        report=report,
        gates=tuple(newest),
        votes=decisions.votes_at(connection, case_id, newest),
        notes=tuple(notes),
        questions=tuple(asked),
        entries=tuple(reversed(told)),
        names=people.names(connection, ids) | (report.case.employees if report else {}),
        words=words_in(words.tag, names_in(connection, spoken), reader.time_zone),
    )


def note_reading(connection: Connection, case_id: str, reader: str, rights: Rights, *, at: datetime) -> None:
    """Write down that somebody read sensitive fields; once an hour for a person and a case."""
    seen = sorted(field.value for field in SENSITIVE if field in rights.fields)
    if not seen or Action.SEE not in rights.actions:
        return
    recent = select(func.count()).where(
        entries.c.case_id == case_id,
        entries.c.kind == "field.read",
        entries.c.actor == reader,
        entries.c.at > at - READ_NOTED_EVERY,
    )
    if connection.execute(recent).scalar_one() == 0:
        evidence.append(connection, case_id, "field.read", {"fields": seen}, at=at, actor=reader)


def _report(connection: Connection, case_id: str) -> CaseReport | None:
    try:
        return reports.load(connection, case_id)
    except UnknownCase:  # the assessment is not done yet
        return None


def _notes(connection: Connection, case_id: str) -> list[StoredDecision]:
    asked = dict.fromkeys(row.gate for row in gates.all_of(connection, case_id))
    said = [each for gate in asked for each in decisions.of_gate(connection, case_id, gate)]
    return [each for each in said if each.note.strip() and each.state is not decisions.DecisionState.FORGED]
