"""What waits for people: the open questions that somebody may still answer."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from sqlalchemy import Connection

from models.approvals import Decision, Seat, Verdict
from models.base import CaseId, EmployeeId, Moment, Value
from models.judging import judge
from models.risk_level import Level
from store import cases, gates, people, questions, reports, standing
from store.cases import CaseRow
from store.database import Database
from store.gates import GateRow
from store.reports import ReportHead


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


def inbox(database: Database, *, person: str | None, now: datetime) -> list[InboxItem]:
    """What waits for a person, or for everybody (None), the nearest deadline first."""
    with database.begin() as connection:
        found = [item for row in gates.waiting(connection, person) for item in _items(connection, row, person, now)]
    return sorted(found, key=lambda item: (item.due_at, item.case_id, item.gate, item.approver))


def _items(connection: Connection, row: GateRow, person: str | None, now: datetime) -> Iterator[InboxItem]:
    case = cases.get(connection, row.case_id)
    waiting = list(_waiting(connection, case, row, row.approvers if person is None else [person], now))
    if not waiting:
        return
    leaver = people.get(connection, case.employee_id)
    open_questions = sum(one.answer is None for one in questions.of_case(connection, case.id, row.gate))
    head: ReportHead = reports.head(connection, case.id, row.report_version)
    for approver, seat in waiting:
        yield InboxItem(
            case_id=case.id,
            gate=row.gate,
            leaver_id=leaver.id,
            leaver_name=leaver.name,
            approver=approver,
            for_id=seat.principal if seat.principal != approver else None,
            due_at=row.due_at,
            opened_at=row.opened_at,
            round=row.round,
            report_version=row.report_version,
            level=head.level,
            questions=open_questions,
        )


def _waiting(
    connection: Connection, case: CaseRow, row: GateRow, holders: Iterable[EmployeeId], now: datetime
) -> Iterator[tuple[EmployeeId, Seat]]:
    """Who of the holders would be heard now, and in which seat: judged as the decision itself would be."""
    facts = standing.standing_of(connection, case, row.gate, row, at=now)
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
