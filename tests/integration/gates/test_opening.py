"""Asking people for real: rounds, links, evidence and mail, once each, whatever is repeated or broken."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select, update

from activities.approvals import ApprovalActivities
from models.approvals import GateRound, Ladder, Seat
from models.case import Phase
from models.errors import NobodyToAsk
from store import cases, gates
from store.database import Database
from store.tables import employees, links
from tests.approval_case import CASE, DUE, Collecting, opening, report
from tests.integration.gates.approvals import approvers, chain, row


def test_every_gate_asks_the_person_that_it_is_meant_for(desk: ApprovalActivities, database: Database) -> None:
    opened = desk.open_gates(opening("sales_manager", "finance", "hr", "it", "legal"))
    assert approvers(opened) == {
        "sales_manager": ("M1",),
        "finance": ("F1",),
        "hr": ("H1",),
        "it": ("I1",),
        "legal": ("L1",),
    }
    assert opened.rounds[1] == GateRound(
        gate="finance",
        round=1,
        ladder=Ladder.APPROVER,
        seats=(Seat(principal="F1"),),
        due_at=DUE,
        report_version=1,
        report_digest=report(1).digest,
        # From 10:00 in Shanghai on the first of three working days to 18:00 on the third, nine hours a day.
        reminders_at=(datetime(2026, 11, 25, 6, tzinfo=UTC), datetime(2026, 11, 26, 7, 24, tzinfo=UTC)),
    )
    assert row(database, "finance").closed_at is None
    with database.begin() as connection:
        assert cases.get(connection, CASE).phase is Phase.APPROVING
        assert [each.gate for each in gates.newest_of(connection, CASE)] == sorted(approvers(opened))


def test_asking_twice_asks_once(desk: ApprovalActivities, database: Database, mailer: Collecting) -> None:
    first = desk.open_gates(opening("finance", "hr"))
    assert desk.open_gates(opening("finance", "hr")) == first
    assert len(mailer.taken) == 2
    assert len(chain(database, "gate.opened")) == 2
    with database.begin() as connection:
        assert connection.execute(select(func.count()).select_from(links)).scalar_one() == 2


def test_two_workers_at_once_ask_once(desk: ApprovalActivities, database: Database, mailer: Collecting) -> None:
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: desk.open_gates(opening("finance", "hr", "it")), range(6)))
    assert all(answer == answers[0] for answer in answers)
    assert sorted(str(mail["To"].addresses[0].username) for mail in mailer.taken) == ["f1", "h1", "i1"]
    assert len(chain(database, "gate.opened")) == 3


def test_nobody_to_ask_opens_nothing_and_sends_nothing(
    desk: ApprovalActivities, database: Database, mailer: Collecting
) -> None:
    with database.begin() as connection:
        connection.execute(update(employees).where(employees.c.id.in_(["F1", "H1"])).values(status="left"))
    with pytest.raises(NobodyToAsk, match="finance_reviewer"):
        desk.open_gates(opening("it", "finance"))
    with database.begin() as connection:
        assert gates.all_of(connection, CASE) == []
        assert cases.get(connection, CASE).phase is Phase.ASSESSING
    assert mailer.taken == []


def test_the_one_who_started_the_case_is_never_asked(desk: ApprovalActivities, database: Database) -> None:
    with database.begin() as connection:
        connection.execute(update(employees).where(employees.c.id == "H1").values(status="left"))
    with pytest.raises(NobodyToAsk):  # H2 is left, who started the case; not even a caller who forgets it can ask H2
        desk.open_gates(opening("hr", barred=("E1",)))


def test_those_who_are_to_receive_the_clients_are_not_asked(desk: ApprovalActivities) -> None:
    assert approvers(desk.open_gates(opening("sales_manager", barred=("E1", "H2", "M1")))) == {"sales_manager": ("D1",)}


def test_a_circle_in_the_org_chart_does_no_harm(desk: ApprovalActivities, database: Database) -> None:
    with database.begin() as connection:
        connection.execute(update(employees).where(employees.c.id == "D1").values(manager_id="M1"))
        connection.execute(update(employees).where(employees.c.id == "M1").values(status="left"))
    assert approvers(desk.open_gates(opening("sales_manager"))) == {"sales_manager": ("D1",)}


def test_evidence_of_an_ask_holds_ids_and_no_names(desk: ApprovalActivities, database: Database) -> None:
    desk.open_gates(opening("finance"))
    [body] = chain(database, "gate.opened")
    assert body["approvers"] == ["F1"]
    assert body["found_as"] == "approver"
    assert body["report_digest"] == report(1).digest
    assert "Office" not in str(body)
