"""The end of a case: what forbids closing, and what a person is afterwards."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select, update

from activities.access import AccessActivities
from activities.cases import CaseActivities
from activities.inventory import InventoryActivities
from models.access import Grade, LockRequest
from models.case import BranchRequest, CloseRequest, Phase
from models.errors import CaseConflict
from models.people import EmployeeStatus
from store import cases, duties, evidence, people
from store.database import Database
from store.tables import assets, clients, effects, employees, entitlements, invoices, opportunities, tasks
from systems.access.postgres import PostgresAccessDirectory
from systems.assets.postgres import PostgresAssetRegister
from tests.integration.case_book.book import AFTERWARDS, CASE, FRIDAY, TUESDAY, add, end, rows, start, status


def lock(company: Database) -> None:
    access = AccessActivities(company, PostgresAccessDirectory(company), pause=lambda seconds: None)
    access.lock_access(LockRequest(case_id=CASE, employee_id="E7", grades=tuple(Grade)))


# ---- ending ----


def test_a_finished_case_closes_and_the_person_has_left(company: Database) -> None:
    start(company)
    lock(company)
    assert end(company, Phase.CLOSED) == {}
    with company.begin() as connection:
        case = cases.get(connection, CASE)
        left_on = connection.execute(select(employees.c.left_on).where(employees.c.id == "E7")).scalar_one()
        last = list(evidence.read(connection, CASE))[-1]
    assert (case.phase, case.ended_at) == (Phase.CLOSED, AFTERWARDS)
    assert (status(company), left_on) == (EmployeeStatus.LEFT, FRIDAY)
    assert last.kind == "case.closed"


def test_before_the_last_day_is_over_the_person_is_still_leaving(company: Database) -> None:
    start(company)
    lock(company)
    assert end(company, Phase.CLOSED, at=AFTERWARDS - timedelta(seconds=1)) == {}
    assert status(company) is EmployeeStatus.LEAVING
    with company.begin() as connection:
        assert people.get(connection, "E7").left_on == FRIDAY


def test_garden_leave_ends_with_the_last_day(company: Database) -> None:
    start(company)
    lock(company)
    end(company, Phase.CLOSED, at=AFTERWARDS - timedelta(days=10))
    with company.begin() as connection:
        person = people.get(connection, "E7")
        assert (people.has_left(person, FRIDAY), people.has_left(person, date(2026, 12, 19))) == (False, True)
        assert people.settle_leavers(connection, AFTERWARDS) == 0
    assert status(company) is EmployeeStatus.LEAVING
    with pytest.raises(CaseConflict, match="left already"):
        start(company, case_id=f"{CASE}-2", at=AFTERWARDS + timedelta(days=2), last_working_day=date(2027, 1, 29))
    start(
        company,
        case_id="offboarding-E8",
        employee_id="E8",
        at=AFTERWARDS + timedelta(days=2),
        last_working_day=date(2027, 1, 29),
    )
    assert status(company) is EmployeeStatus.LEFT


def test_who_is_on_garden_leave_after_the_last_day_is_nobodys_report(company: Database) -> None:
    with company.begin() as connection:
        assert duties.counts(connection, "E2") == {"direct_reports": 2}
        gone = {"status": "leaving", "left_on": date(2020, 1, 31)}
        connection.execute(update(employees).where(employees.c.id == "E8").values(gone))
        assert duties.counts(connection, "E2") == {"direct_reports": 1}
        leaving = {"status": "leaving", "left_on": None}
        connection.execute(update(employees).where(employees.c.id == "E8").values(leaving))
        assert duties.counts(connection, "E2") == {"direct_reports": 2}


def test_a_withdrawal_names_who_asked_for_it(company: Database) -> None:
    start(company)
    asked = CloseRequest(case_id=CASE, employee_id="E7", phase=Phase.WITHDRAWN, requested_by="E3", at=AFTERWARDS)
    CaseActivities(company).close_case(asked)
    with company.begin() as connection:
        last = list(evidence.read(connection, CASE))[-1]
    assert (last.kind, last.actor) == ("case.withdrawn", "E3")


def test_the_same_end_twice_is_one_end_and_another_is_refused(company: Database) -> None:
    start(company)
    lock(company)
    end(company, Phase.CLOSED)
    before = rows(company)
    assert end(company, Phase.CLOSED, at=AFTERWARDS + timedelta(days=1)) == {}
    assert rows(company) == before
    with pytest.raises(CaseConflict, match="ended as closed"):
        end(company, Phase.WITHDRAWN)


def test_an_approving_case_is_not_an_end(company: Database) -> None:
    start(company)
    with pytest.raises(CaseConflict, match="not an end"):
        end(company, Phase.APPROVING)


def test_everything_that_has_no_owner_or_no_outcome_forbids_closing(company: Database) -> None:
    start(company)
    add(company, clients, id="C1", source_key="C1", name="Acme", owner_id="E7")
    add(company, opportunities, id="O1", client_id="C1", owner_id="E7", status="open")
    add(
        company,
        invoices,
        id="I1",
        client_id="C1",
        salesperson_id="E7",
        issued_on=FRIDAY,
        due_on=FRIDAY,
        amount=100,
        currency="CNY",
    )
    add(company, tasks, id="T1", case_id=CASE, kind="x", subject="y", owner_id="E2", due_at=TUESDAY)
    before = rows(company)
    assert end(company, Phase.CLOSED) == {
        "clients_without_owner": 1,
        "open_deals_of_the_leaver": 1,
        "items_without_collector": 1,
        "overdue_tasks": 1,
        "steps_without_outcome": 1,  # a lockdown that never reported
    }
    assert rows(company) == before
    assert status(company) is EmployeeStatus.LEAVING
    with company.begin() as connection:
        assert cases.get(connection, CASE).ended_at is None


def test_a_right_that_was_not_taken_forbids_closing(company: Database) -> None:
    add(company, entitlements, id="R1", employee_id="E7", system="crm", right="export", grade=1)
    start(company)

    class Deaf(PostgresAccessDirectory):
        def suspend(self, entitlement_id: str) -> None:
            raise TimeoutError

    access = AccessActivities(company, Deaf(company), pause=lambda seconds: None)
    access.lock_access(LockRequest(case_id=CASE, employee_id="E7", grades=tuple(Grade)))
    assert end(company, Phase.CLOSED) == {"failed_access_steps": 1}
    lock(company)
    assert end(company, Phase.CLOSED) == {}


def test_an_asset_forbids_closing_only_when_its_return_is_overdue(company: Database) -> None:
    add(company, assets, id="A1", employee_id="E7", kind="laptop")
    plan = start(company)
    InventoryActivities(company, PostgresAssetRegister(company)).take_inventory(
        BranchRequest(case_id=CASE, employee_id="E7", as_of=plan.as_of)
    )
    lock(company)
    assert end(company, Phase.CLOSED, AFTERWARDS + timedelta(days=14)) == {"overdue_tasks": 1}
    with company.begin() as connection:
        connection.execute(update(assets).values(returned_on=FRIDAY))
    assert end(company, Phase.CLOSED, AFTERWARDS + timedelta(days=14)) == {}
    with company.begin() as connection:
        assert connection.execute(select(tasks.c.outcome)).scalar_one() == "returned"


def test_an_asset_on_its_way_stays_with_its_owner_after_closing(company: Database) -> None:
    add(company, assets, id="A1", employee_id="E7", kind="laptop")
    plan = start(company)
    InventoryActivities(company, PostgresAssetRegister(company)).take_inventory(
        BranchRequest(case_id=CASE, employee_id="E7", as_of=plan.as_of)
    )
    lock(company)
    assert end(company, Phase.CLOSED) == {}
    with company.begin() as connection:
        assert connection.execute(select(tasks.c.outcome).where(tasks.c.case_id == CASE)).scalars().all() == [None]


@pytest.mark.parametrize(
    ("phase", "expected"), [(Phase.DECLINED, EmployeeStatus.LEAVING), (Phase.WITHDRAWN, EmployeeStatus.ACTIVE)]
)
def test_other_ends_ask_for_nothing(company: Database, phase: Phase, expected: EmployeeStatus) -> None:
    start(company)
    add(company, clients, id="C1", source_key="C1", name="Acme", owner_id="E7")
    add(company, tasks, id="T1", case_id=CASE, kind="x", subject="y", owner_id="E2", due_at=TUESDAY)
    assert end(company, phase) == {}
    assert status(company) is expected
    with company.begin() as connection:
        assert connection.execute(select(tasks.c.outcome)).scalar_one() == phase.value
        assert list(evidence.read(connection, CASE))[-1].kind == f"case.{phase.value}"
        kept = connection.execute(select(effects.c.before).where(effects.c.key == f"{CASE}/close/E7")).scalar_one()
    assert kept == {"phase": "assessing", "employee_status": "leaving"}
