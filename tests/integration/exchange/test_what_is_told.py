"""Every step of a case tells its event once, in the transaction that writes it down."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from activities.approvals import ApprovalActivities
from activities.cases import CaseActivities
from models.approvals import Ladder, RecordDecisions, Remind, Verdict
from models.case import CloseRequest, Phase, PlanRequest
from store.database import Database
from store.tables import events
from tests.approval_case import CASE, DUE, OPENED, Collecting, opening, report, start_case
from tests.company import Company
from tests.integration.assessment.stored_case import Case
from tests.integration.case_book.book import request
from tests.integration.gates.approvals import SECRET, URL, outcome


def told(database: Database) -> list[tuple[str, dict[str, Any]]]:
    with database.begin() as connection:
        rows = connection.execute(select(events.c.type, events.c.data).order_by(events.c.created_at, events.c.type))
        return [(row.type, row.data) for row in rows]


def test_the_life_of_a_gate(database: Database) -> None:
    start_case(database)
    desk = ApprovalActivities(database, Collecting(), SECRET, URL)
    reminder = Remind(case_id=CASE, gate="finance", round=1, number=1, at=OPENED + timedelta(hours=1))
    up = opening("finance", round=2, ladder=Ladder.ESCALATION, due_at=DUE + timedelta(days=2), at=DUE)
    ended = outcome(
        verdict=Verdict.TIMED_OUT, by=None, round=2, at=DUE, report_version=1, report_digest=report(1).digest
    )
    for _ in range(2):
        desk.open_gates(opening("finance"))
        desk.remind(reminder)
    for _ in range(2):
        desk.open_gates(up)
        desk.record_decisions(RecordDecisions(case_id=CASE, outcomes=(ended,), at=DUE + timedelta(hours=1)))
    heard = told(database)
    assert [kind for kind, _ in heard] == ["gate.opened", "gate.reminded", "gate.escalated", "gate.decided"]
    assert heard[0][1] == {
        "case": CASE,
        "gate": "finance",
        "round": 1,
        "ladder": "approver",
        "approvers": ["F1"],
        "due_at": "2026-11-26T10:00:00Z",
        "report_version": 1,
        "report_digest": report(1).digest,
    }
    assert heard[2][1]["approvers"] == ["D1"]
    assert heard[3][1] == {
        "case": CASE,
        "gate": "finance",
        "round": 2,
        "verdict": "timed_out",
        "by": None,
        "report_version": 1,
    }


def test_the_beginning_and_the_end_of_a_case(database: Database) -> None:
    Company.build(database)
    asked = request(case_id=CASE, employee_id="E1", requested_by="H1")
    books = CaseActivities(database)
    for _ in range(2):
        books.plan_case(PlanRequest(request=asked, at=OPENED))
    end = CloseRequest(case_id=CASE, employee_id="E1", phase=Phase.WITHDRAWN, at=DUE)
    for _ in range(2):
        books.close_case(end)
    (began, facts), (over, end_facts) = told(database)
    assert (began, over) == ("case.started", "case.ended")
    assert facts == {
        "case": CASE,
        "employee": "E1",
        "kind": "resignation",
        "started_by": "H1",
        "policy": "prc",
        "policy_version": "2026.1",
    }
    assert end_facts == {"case": CASE, "employee": "E1", "phase": "withdrawn"}
    assert "Li Na" not in str(told(database))


def test_a_report_is_told_with_its_figures(database: Database) -> None:
    case = Case(database)
    ref = case.merge(key="first")
    case.merge(key="first")
    ((kind, facts),) = told(database)
    assert (kind, facts["version"], facts["digest"]) == ("report.ready", 1, ref.digest)
    assert (facts["level"], facts["score"]) == (ref.level.value, str(ref.score))
