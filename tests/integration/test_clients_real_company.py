"""The public company: the book, the plan and the handover of every salesperson who owns clients."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from temporalio.testing import ActivityEnvironment

from activities.clients import report_book
from activities.handover import HandoverActivities, obstacles
from activities.successor_planning import plan_handover
from models.case import BranchRequest, CaseDates, CasePlan, CaseRequest, SeparationKind
from models.handover import HandoverRequest
from models.people import Employee
from store import cases, people
from store.database import Database
from store.policies import load_policy
from systems.clients.postgres import PostgresClientBook
from systems.intake.load import import_folder

AS_OF = date(2017, 6, 30)
MAPPING = Path(__file__).parents[2] / "docs" / "examples" / "maven_crm.toml"

COUNTS = text("""
SELECT (SELECT count(*) FROM clients WHERE owner_id = :id) AS clients, count(*) FILTER (WHERE status = 'open') AS open,
    count(*) FILTER (WHERE status = 'won') AS won, count(*) FILTER (WHERE status = 'lost') AS lost
FROM opportunities WHERE owner_id = :id
""")


@pytest.fixture
def imported(database: Database, public_data: Path) -> Database:
    folder = public_data / "real_company"
    if not folder.is_dir():
        pytest.skip(f"the public company is not at {folder}")
    import_folder(database, folder, MAPPING)
    return database


def owners(database: Database) -> list[Employee]:
    with database.begin() as connection:
        ids = connection.execute(text("SELECT DISTINCT owner_id FROM clients ORDER BY 1")).scalars().all()
        return [people.get(connection, one) for one in ids]


def open_case(database: Database, request: CaseRequest) -> None:
    """A case with a plan without gates: the handover needs its policy and its dates."""
    noon = datetime(2026, 11, 24, 12, tzinfo=UTC)
    dates = CaseDates(
        notice_date=noon.date(),
        last_working_day=request.last_working_day,
        access_cutoff=noon,
        separation_date=request.last_working_day,
    )
    policy = load_policy("ifrs")
    plan = CasePlan(
        case_id=request.case_id,
        employee_id=request.employee_id,
        region="",
        department="",
        dates=dates,
        as_of=AS_OF,
        policy_name=policy.name,
        policy_version=policy.version,
        branch_budget_seconds=60,
        first_grades=(),
        gates=(),
        barred=(),
        time_zone="UTC",
    )
    with database.begin() as connection:
        cases.create(connection, request, policy, plan, at=noon)


def test_every_client_and_open_deal_of_every_owner_gets_a_successor(imported: Database) -> None:
    book, policy = PostgresClientBook(imported), load_policy("ifrs")
    found = owners(imported)
    assert len(found) == 17
    for leaver in found:
        with imported.begin() as connection:
            expected = connection.execute(COUNTS, {"id": leaver.id}).one()
        report = report_book(book, leaver.id, policy, AS_OF)
        plan = plan_handover(book, leaver, policy, AS_OF)
        kinds = [one.kind for one in plan.transfers]
        assert (len(report.clients), len(report.open_opportunities)) == (expected.clients, expected.open)
        assert (report.won, report.lost) == (expected.won, expected.lost)
        assert (kinds.count("client"), kinds.count("opportunity")) == (expected.clients, expected.open)
        assert all(one.successor and one.successor != leaver.id for one in plan.transfers)
        assert plan_handover(book, leaver, policy, AS_OF) == plan


def test_the_departure_of_the_largest_owner_leaves_nothing_behind(imported: Database) -> None:
    with imported.begin() as connection:
        leaver = people.find(connection, "Darcel Schlecht")
    book = report_book(PostgresClientBook(imported), leaver.id, load_policy("ifrs"), AS_OF)
    assert (len(book.clients), len(book.open_opportunities), book.won, book.lost) == (24, 196, 140, 73)
    assert book.won_value == 422330
    hands, case = HandoverActivities(imported, PostgresClientBook(imported)), "offboarding-1"
    request = CaseRequest(
        case_id=case,
        employee_id=leaver.id,
        kind=SeparationKind.RESIGNATION,
        last_working_day=date(2026, 12, 31),
        as_of=AS_OF,
        policy="ifrs",
    )
    open_case(imported, request)
    proposed = ActivityEnvironment().run(
        hands.propose_successors, BranchRequest(case_id=case, employee_id=leaver.id, as_of=AS_OF)
    )
    assert (proposed.clients, proposed.opportunities, proposed.unassigned) == (24, 196, 0)

    done = ActivityEnvironment().run(
        hands.transfer_clients,
        HandoverRequest(case_id=case, employee_id=leaver.id, plan_digest=proposed.digest),
    )

    assert (done.completed, done.waiting_manager, done.collectors) == (220, 0, 28)
    with imported.begin() as connection:
        assert obstacles(connection, case, leaver.id) == {}
