"""What waits for people: the open questions that somebody may still answer."""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime

from sqlalchemy import Connection

from models.approvals import Decision, Seat, Verdict
from models.base import CaseId, EmployeeId, Moment, Value
from models.judging import judge
from models.risk_level import Level
from store import cases, gates, people, questions, reports
from store.cases import CaseRow
from store.database import Database
from store.gates import GateRow
from store.standing import Standings


class InboxItem(Value):
    """One question that waits for `approver`, who answers for `for_id` when that is not None.

    `questions` counts what was asked at the gate without deciding and is not answered yet.
    """

    case_id: CaseId
    gate: str
    leaver_id: EmployeeId
    leaver_name: str
    approver: EmployeeId
    for_id: EmployeeId | None
    due_at: Moment
    opened_at: Moment
    round: int
    report_version: int
    level: Level
    questions: int


def inbox(database: Database, *, person: str | None, now: datetime, key: str | None = None) -> list[InboxItem]:
    """What waits for a person, or for everybody (None), the nearest deadline first.

    With `key`, that of the hook, a decision that the hook never wrote answers nothing. Everything is read at once: the
    number of queries does not grow with the number of gates.
    """
    with database.begin() as connection:
        rows = gates.waiting(connection, person)
        if not rows:
            return []
        read = _Reading(connection, rows, now, key)
        found = [item for row in rows for item in _items(read, row, person, now)]
    return sorted(found, key=lambda item: (item.due_at, item.case_id, item.gate, item.approver))


class _Reading:
    """What is known of the cases that wait."""

    def __init__(self, connection: Connection, rows: Collection[GateRow], now: datetime, key: str | None) -> None:
        ids = {row.case_id for row in rows}
        self.cases = cases.of_ids(connection, ids)
        self.standings = Standings(connection, self.cases.values(), at=now, key=key)
        self.questions, self.levels = questions.unanswered(connection, ids), reports.levels(connection, ids)
        self.names = people.names(connection, {case.employee_id for case in self.cases.values()})


def _items(read: _Reading, row: GateRow, person: str | None, now: datetime) -> Iterator[InboxItem]:
    case = read.cases[row.case_id]
    for approver, seat in _waiting(read, case, row, row.approvers if person is None else [person], now):
        yield InboxItem(
            case_id=case.id,
            gate=row.gate,
            leaver_id=case.employee_id,
            leaver_name=read.names[case.employee_id],
            approver=approver,
            for_id=seat.principal if seat.principal != approver else None,
            due_at=row.due_at,
            opened_at=row.opened_at,
            round=row.round,
            report_version=row.report_version,
            level=read.levels[case.id, row.report_version],
            questions=read.questions.get((case.id, row.gate), 0),
        )


def _waiting(
    read: _Reading, case: CaseRow, row: GateRow, holders: Iterable[EmployeeId], now: datetime
) -> Iterator[tuple[EmployeeId, Seat]]:
    """Who of the holders would be heard now, and in which seat: judged as the decision itself would be."""
    facts = read.standings.of(case, row.gate, row)
    for holder in holders:
        held = sorted(
            (seat for seat in row.seats if holder in seat.holders()), key=lambda seat: seat.principal != holder
        )
        for seat in held:
            answer = Decision(
                decision_id="inbox",
                gate=row.gate,
                verdict=Verdict.APPROVED,
                by=holder,
                for_id=seat.principal,
                accepted_at=now,
                report_digest=row.report_digest,
                round=row.round,
            )
            if judge(answer, facts) is None:
                yield holder, seat
                break
