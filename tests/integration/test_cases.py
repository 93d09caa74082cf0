"""A case in our books: pinned once, moved, ended; and everything that is refused before anything is written."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, insert, select, update

from activities.access import AccessActivities
from activities.cases import CaseActivities
from activities.inventory import InventoryActivities
from models.access import Grade, LockRequest
from models.case import BranchRequest, CasePlan, CaseRequest, CloseRequest, Phase, PlanRequest, ReplanRequest
from models.errors import (
    BadDates,
    CaseConflict,
    NotAllowed,
    OffboardError,
    PolicyError,
    Refused,
    UnknownCase,
    UnknownEmployee,
)
from models.evidence import digest
from models.people import EmployeeStatus
from store import cases, duties, evidence, people
from store.database import Database
from store.policies import SHIPPED
from store.tables import (
    assets,
    case_reasons,
    clients,
    effects,
    employees,
    entitlements,
    gates,
    invoices,
    metadata,
    opportunities,
    tasks,
)
from systems.access.postgres import PostgresAccessDirectory
from systems.assets.postgres import PostgresAssetRegister

SHANGHAI = ZoneInfo("Asia/Shanghai")
TUESDAY = datetime(2026, 11, 24, 10, tzinfo=SHANGHAI)
FRIDAY = date(2026, 12, 18)
AFTERWARDS = datetime(2026, 12, 18, 18, tzinfo=SHANGHAI)
CASE = "offboarding-E7"


@pytest.fixture
def company(database: Database) -> Database:
    """E7 (Li Na) sells and leaves; E2 is her manager, E3 is HR, E8 sells too, E9 left last year."""
    row = {"country": "CN", "time_zone": "Asia/Shanghai", "region": "East", "department": "Sales"}
    staff = [
        {"id": "E2", "name": "Zhao Min", "role": "sales_manager", "manager_id": None},
        {"id": "E3", "name": "Sun Li", "role": "hrbp", "manager_id": None},
        {"id": "E7", "name": "Li Na", "role": "salesperson", "manager_id": "E2"},
        {"id": "E8", "name": "Wu Di", "role": "salesperson", "manager_id": "E2"},
        {"id": "E9", "name": "Old Hand", "role": "salesperson", "manager_id": "E2"},
    ]
    with database.begin() as connection:
        connection.execute(insert(employees), [row | {"source_key": one["id"]} | one for one in staff])
        connection.execute(update(employees).where(employees.c.id == "E9").values(status="left"))
    return database


def request(**changes: object) -> CaseRequest:
    fields: dict[str, object] = {
        "case_id": CASE,
        "employee_id": "E7",
        "kind": "resignation",
        "last_working_day": FRIDAY,
        "requested_by": "E3",
        "policy": "prc",
    }
    return CaseRequest.model_validate(fields | changes)


def start(company: Database, at: datetime = TUESDAY, **changes: object) -> CasePlan:
    return CaseActivities(company).plan_case(PlanRequest(request=request(**changes), at=at))


def move(company: Database, to: date, at: datetime, by: str | None = "E3") -> CasePlan:
    asked = ReplanRequest(case_id=CASE, last_working_day=to, requested_by=by, at=at)
    return CaseActivities(company).replan_case(asked)


def end(company: Database, phase: Phase, at: datetime = AFTERWARDS) -> dict[str, int]:
    asked = CloseRequest(case_id=CASE, employee_id="E7", phase=phase, at=at)
    return CaseActivities(company).close_case(asked).obstacles


def lock(company: Database) -> None:
    access = AccessActivities(company, PostgresAccessDirectory(company), pause=lambda seconds: None)
    access.lock_access(LockRequest(case_id=CASE, employee_id="E7", grades=tuple(Grade)))


def rows(company: Database) -> dict[str, int]:
    with company.begin() as connection:
        return {
            name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for name, table in metadata.tables.items()
        }


def status(company: Database, employee_id: str = "E7") -> EmployeeStatus:
    with company.begin() as connection:
        return people.get(connection, employee_id).status


def add(company: Database, table: object, **values: object) -> None:
    with company.begin() as connection:
        connection.execute(insert(table).values(**values))  # type: ignore[arg-type]


# ---- planning ----


def test_the_plan_the_policy_and_the_first_evidence_are_written_together(company: Database) -> None:
    plan = start(company)
    with company.begin() as connection:
        case = cases.get(connection, CASE)
        (entry,) = evidence.read(connection, CASE)
    assert case.plan == plan
    assert (case.policy.name, case.policy.version) == (plan.policy_name, plan.policy_version) == ("prc", "2026.1")
    assert (case.phase, case.started_at, case.ended_at) == (Phase.ASSESSING, TUESDAY, None)
    assert (entry.kind, entry.actor) == ("case.started", "E3")
    assert entry.body["plan_digest"] == digest(plan.model_dump(mode="json"))
    assert entry.body["policy_version"] == "2026.1"
    assert status(company) is EmployeeStatus.LEAVING


def test_the_plan_names_nobody(company: Database) -> None:
    text = start(company).model_dump_json()
    assert all(name not in text for name in ("Li Na", "Zhao Min", "Sun Li"))


def test_a_repeat_returns_the_same_plan(company: Database) -> None:
    first = start(company)
    before = rows(company)
    assert start(company, at=TUESDAY + timedelta(hours=5)) == first
    assert rows(company) == before


def test_an_edited_policy_does_not_touch_a_running_case(company: Database, tmp_path: Path) -> None:
    text = (SHIPPED / "prc.toml").read_text(encoding="utf-8").replace('"prc"', '"house"')
    (tmp_path / "house.toml").write_text(text, encoding="utf-8")
    desk = CaseActivities(company, tmp_path)
    plan = desk.plan_case(PlanRequest(request=request(policy="house"), at=TUESDAY))
    assert plan.policy_name == "house"
    (tmp_path / "house.toml").write_text(text.replace("working_days = 2", "working_days = 9"), encoding="utf-8")
    asked = ReplanRequest(case_id=CASE, last_working_day=date(2026, 12, 31), at=TUESDAY)
    assert desk.replan_case(asked).gates == plan.gates
    with company.begin() as connection:
        assert {gate.working_days for gate in cases.get(connection, CASE).policy.gates} == {2, 3}


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"employee_id": "E99", "case_id": "offboarding-E99"}, UnknownEmployee),
        ({"employee_id": "E9", "case_id": "offboarding-E9"}, CaseConflict),
        ({"requested_by": "E7"}, NotAllowed),
        ({"requested_by": "E99"}, UnknownEmployee),
        ({"last_working_day": date(2026, 11, 23)}, BadDates),
        ({"last_working_day": date(2017, 1, 1), "as_of": date(2017, 6, 30)}, BadDates),
        ({"policy": "nowhere"}, PolicyError),
    ],
)
def test_what_is_refused_leaves_no_trace(
    company: Database, changes: dict[str, object], error: type[OffboardError]
) -> None:
    before = rows(company)
    with pytest.raises(error) as refused:
        start(company, **changes)
    assert isinstance(refused.value, Refused)
    assert rows(company) == before
    assert status(company) is EmployeeStatus.ACTIVE


def test_a_second_open_case_is_refused_and_named(company: Database) -> None:
    start(company)
    with pytest.raises(CaseConflict, match=f"open case already, {CASE}"):
        start(company, case_id=f"{CASE}-2")


def test_the_same_id_for_another_departure_is_refused(company: Database) -> None:
    start(company)
    with pytest.raises(CaseConflict):
        start(company, last_working_day=date(2026, 12, 31))


# ---- moving the last working day ----


def test_a_new_last_day_retimes_gates_cut_off_and_tasks(company: Database) -> None:
    add(company, assets, id="A1", employee_id="E7", kind="laptop")
    old = start(company)
    InventoryActivities(company, PostgresAssetRegister(company)).take_inventory(
        BranchRequest(case_id=CASE, employee_id="E7", as_of=old.as_of)
    )
    for name, verdict in (("hr", "approved"), ("finance", None)):
        add(
            company,
            gates,
            case_id=CASE,
            gate=name,
            round=1,
            approvers=["E3"],
            due_at=TUESDAY,
            report_version=1,
            report_digest="d",
            opened_at=TUESDAY,
            closed_at=TUESDAY if verdict else None,
            verdict=verdict,
        )
    later = TUESDAY + timedelta(days=2)
    new = move(company, date(2027, 1, 15), later)
    gate = {one.gate: one.due_at for one in new.gates}
    assert gate["hr"] == old.gates[0].due_at
    assert gate["finance"] == datetime(2026, 11, 30, 18, tzinfo=SHANGHAI)
    assert new.dates.access_cutoff == datetime(2027, 1, 15, 18, tzinfo=SHANGHAI)
    with company.begin() as connection:
        assert cases.get(connection, CASE).plan == new
        assert connection.execute(select(tasks.c.due_at)).scalar_one() == datetime(2027, 1, 22, 18, tzinfo=SHANGHAI)
        moved = list(evidence.read(connection, CASE))[-1]
    assert (moved.kind, moved.actor) == ("case.rescheduled", "E3")
    assert moved.body["tasks_moved"] == 1
    assert start(company) == old  # the first answer stays what it was


def test_a_repeated_move_is_one_move(company: Database) -> None:
    start(company)
    later = TUESDAY + timedelta(days=1)
    first = move(company, date(2026, 12, 31), later)
    before = rows(company)
    assert move(company, date(2026, 12, 31), later) == first
    assert rows(company) == before


def test_refused_moves_keep_the_plan(company: Database) -> None:
    plan = start(company)
    with pytest.raises(BadDates):
        move(company, date(2026, 11, 24), TUESDAY + timedelta(days=1))
    with pytest.raises(NotAllowed):
        move(company, date(2026, 12, 31), TUESDAY, by="E7")
    with company.begin() as connection:
        assert cases.get(connection, CASE).plan == plan
    end(company, Phase.DECLINED)
    with pytest.raises(CaseConflict):
        move(company, date(2026, 12, 31), TUESDAY)


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


# ---- finding cases ----


def test_ids_follow_one_another_and_an_open_case_is_met_again(company: Database) -> None:
    with company.begin() as connection:
        assert cases.next_case_id(connection, "E7") == CASE
    start(company)
    with company.begin() as connection:
        assert cases.open_case_of(connection, "E7") == CASE
        assert cases.next_case_id(connection, "E7") == CASE
    end(company, Phase.WITHDRAWN)
    with company.begin() as connection:
        assert cases.open_case_of(connection, "E7") is None
        assert cases.next_case_id(connection, "E7") == f"{CASE}-2"
    start(company, case_id=f"{CASE}-2")
    end_second = CloseRequest(case_id=f"{CASE}-2", employee_id="E7", phase=Phase.WITHDRAWN, at=AFTERWARDS)
    CaseActivities(company).close_case(end_second)
    with company.begin() as connection:
        assert cases.next_case_id(connection, "E7") == f"{CASE}-3"


@pytest.mark.parametrize("employee_id", ["N 7", "7/7", "x" * 64, "员工 7"])
def test_any_employee_id_makes_a_lawful_case_id(company: Database, employee_id: str) -> None:
    with company.begin() as connection:
        made = cases.next_case_id(connection, employee_id)
    assert request(case_id=made).case_id == made


def test_a_case_is_found_by_its_id_the_employee_or_the_name(company: Database) -> None:
    start(company)
    end(company, Phase.WITHDRAWN, at=TUESDAY)
    start(company, at=TUESDAY + timedelta(days=1), case_id=f"{CASE}-2")
    with company.begin() as connection:
        assert cases.resolve(connection, CASE) == CASE
        assert cases.resolve(connection, "E7") == cases.resolve(connection, "Li Na") == f"{CASE}-2"
        for unknown, error in (("E8", UnknownCase), ("offboarding-E0", UnknownCase), ("Nobody", UnknownEmployee)):
            with pytest.raises(error):
                cases.resolve(connection, unknown)
        with pytest.raises(UnknownCase):
            cases.get(connection, "offboarding-E0")


def test_the_list_shows_open_cases_first(company: Database) -> None:
    start(company)
    start(company, at=TUESDAY + timedelta(days=1), case_id="offboarding-E8", employee_id="E8")
    with company.begin() as connection:
        assert [case.id for case in cases.list_cases(connection)] == ["offboarding-E8", CASE]
        assert [case.id for case in cases.list_cases(connection, limit=1)] == ["offboarding-E8"]
    CaseActivities(company).close_case(
        CloseRequest(case_id="offboarding-E8", employee_id="E8", phase=Phase.DECLINED, at=AFTERWARDS)
    )
    with company.begin() as connection:
        assert [case.id for case in cases.list_cases(connection)] == [CASE, "offboarding-E8"]
        assert [case.id for case in cases.list_cases(connection, open_only=True)] == [CASE]


def test_the_words_of_the_starter_stay_in_our_database(company: Database) -> None:
    with company.begin() as connection:
        cases.keep_reason(connection, CASE, "wants to travel", at=TUESDAY)
        cases.keep_reason(connection, CASE, "wants to study", at=TUESDAY)
    plan = start(company)
    with company.begin() as connection:
        assert cases.get(connection, CASE).reason == "wants to study"
        assert connection.execute(select(case_reasons)).all() == []
        assert all("study" not in str(entry.body) for entry in evidence.read(connection, CASE))
    assert "study" not in plan.model_dump_json()


def test_a_phase_is_kept(company: Database) -> None:
    start(company)
    with company.begin() as connection:
        cases.set_phase(connection, CASE, Phase.APPROVING)
        case = cases.get(connection, CASE)
    assert (case.phase, case.ended_at) == (Phase.APPROVING, None)
    assert case.started_at.astimezone(UTC) == TUESDAY.astimezone(UTC)
