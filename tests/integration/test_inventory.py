"""The inventory of a leaver: assets still out, duties that others wait for, and one task for each asset."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, select, update

from activities.cases import CaseActivities
from activities.inventory import InventoryActivities
from models.case import Branch, BranchRequest, CaseRequest, PlanRequest, SeparationKind
from models.errors import PolicyError
from models.inventory import Asset, Inventory, InventorySummary
from store import branches, evidence
from store.database import Database
from store.tables import assets, employees, gates, tasks
from systems.assets.port import AssetRegister
from systems.assets.postgres import PostgresAssetRegister

SHANGHAI = ZoneInfo("Asia/Shanghai")
TUESDAY = datetime(2026, 11, 24, 10, tzinfo=SHANGHAI)
CASE = "offboarding-E7"
LAPTOP = Asset(
    id="A1", employee_id="E7", kind="laptop", description="14 inch", value=Decimal("9000.0000"), currency="CNY"
)


def fill(database: Database) -> None:
    """E7 leaves; E2 is the manager and E1 above; E3 is HR; E7 leads E8. Two assets are out, one is back."""
    row = {"country": "CN", "time_zone": "Asia/Shanghai"}
    staff = [
        {"id": "E1", "manager_id": None, "role": "other"},
        {"id": "E2", "manager_id": "E1", "role": "sales_manager"},
        {"id": "E3", "manager_id": None, "role": "hrbp"},
        {"id": "E7", "manager_id": "E2", "role": "salesperson"},
        {"id": "E8", "manager_id": "E7", "role": "salesperson"},
    ]
    things = [
        {**LAPTOP.model_dump(exclude={"returned"}), "returned_on": None},
        {"id": "A2", "employee_id": "E7", "kind": "car", "description": "", "value": None, "currency": ""},
        {"id": "A3", "employee_id": "E7", "kind": "phone", "returned_on": date(2026, 1, 5)},
        {"id": "A4", "employee_id": "E8", "kind": "phone"},
    ]
    with database.begin() as connection:
        connection.execute(
            insert(employees), [row | {"source_key": one["id"], "name": one["id"]} | one for one in staff]
        )
        for thing in things:
            connection.execute(insert(assets).values(thing))


@pytest.fixture
def company(database: Database) -> Database:
    fill(database)
    start(database, "E7")
    return database


def start(company: Database, employee_id: str) -> None:
    asked = CaseRequest(
        case_id=f"offboarding-{employee_id}",
        employee_id=employee_id,
        kind=SeparationKind.RESIGNATION,
        last_working_day=date(2026, 12, 18),
        policy="prc",
    )
    CaseActivities(company).plan_case(PlanRequest(request=asked, at=TUESDAY))


def take(company: Database) -> InventorySummary:
    asked = BranchRequest(case_id=CASE, employee_id="E7", as_of=date(2026, 11, 24))
    return InventoryActivities(company, PostgresAssetRegister(company)).take_inventory(asked)


def inventory(company: Database, summary: InventorySummary) -> Inventory:
    with company.begin() as connection:
        return branches.load(connection, CASE, Branch.INVENTORY, summary.digest, Inventory)


def set_status(company: Database, status: str, *ids: str) -> None:
    with company.begin() as connection:
        connection.execute(update(employees).where(employees.c.id.in_(ids)).values(status=status))


def owners(company: Database) -> set[str]:
    with company.begin() as connection:
        return set(connection.execute(select(tasks.c.owner_id)).scalars())


@pytest.fixture(params=[PostgresAssetRegister])
def register(request: pytest.FixtureRequest, database: Database) -> AssetRegister:
    """Each register, holding the same things."""
    fill(database)
    build: Callable[[Database], AssetRegister] = request.param
    return build(database)


def test_a_register_shows_what_is_still_out(register: AssetRegister) -> None:
    assert [asset.id for asset in register.held_by("E7")] == ["A1", "A2"]
    assert register.held_by("E7")[0] == LAPTOP
    assert list(register.held_by("nobody")) == []


def test_assets_and_duties_are_listed(company: Database) -> None:
    summary = take(company)
    assert (summary.assets, summary.duties) == (2, 1)
    found = inventory(company, summary)
    assert found.assets[0] == LAPTOP
    assert found.duties == {"direct_reports": 1}


def test_one_task_for_each_asset_once(company: Database) -> None:
    assert take(company).digest == take(company).digest
    with company.begin() as connection:
        made = connection.execute(select(tasks).order_by(tasks.c.subject)).mappings().all()
        kinds = [entry.kind for entry in evidence.read(connection, CASE)]
    assert [(task["kind"], task["subject"], task["owner_id"]) for task in made] == [
        ("asset_return", "A1", "E2"),
        ("asset_return", "A2", "E2"),
    ]
    assert {task["due_at"] for task in made} == {datetime(2026, 12, 25, 18, tzinfo=SHANGHAI)}
    assert kinds == ["case.started", "task.created", "task.created"]


def test_taken_again_it_shows_what_came_back(company: Database) -> None:
    first = take(company)
    out = inventory(company, first).assets
    with company.begin() as connection:
        connection.execute(update(assets).where(assets.c.id == out[0].id).values(returned_on=date(2026, 12, 1)))
    second = take(company)
    assert inventory(company, second).assets == out[1:]
    assert (second.assets, second.digest != first.digest) == (first.assets - 1, True)


def test_an_asset_that_came_later_gets_its_task_too(company: Database) -> None:
    take(company)
    with company.begin() as connection:
        connection.execute(insert(assets).values(id="A5", employee_id="E7", kind="badge"))
    assert take(company).assets == 3
    with company.begin() as connection:
        assert len(connection.execute(select(tasks)).all()) == 3


@pytest.mark.parametrize(
    ("gone", "owner"), [((), "E2"), (("E2",), "E1"), (("E2", "E1"), "E3")], ids=["manager", "above", "hr"]
)
def test_the_nearest_active_manager_gets_the_assets_back_else_hr(
    company: Database, gone: tuple[str, ...], owner: str
) -> None:
    set_status(company, "leaving", *gone)
    take(company)
    assert owners(company) == {owner}


def test_managers_in_a_circle_do_no_harm(company: Database) -> None:
    with company.begin() as connection:
        connection.execute(update(employees).where(employees.c.id == "E1").values(manager_id="E7"))
    set_status(company, "leaving", "E1", "E2")
    take(company)
    assert owners(company) == {"E3"}


def test_nobody_to_ask_is_said_and_nothing_is_kept(company: Database) -> None:
    set_status(company, "left", "E1", "E2", "E3")
    with pytest.raises(PolicyError, match="hrbp"):
        take(company)
    assert owners(company) == set()


def test_gates_of_others_and_tasks_that_wait_on_the_leaver_are_duties(company: Database) -> None:
    start(company, "E8")
    row = {
        "round": 1, "ladder": "approver", "due_at": TUESDAY, "report_version": 1, "report_digest": "d",
        "opened_at": TUESDAY,
    }  # fmt: skip
    with company.begin() as connection:
        for case_id, gate, approvers, closed in (
            ("offboarding-E8", "sales_manager", ["E7"], None),
            ("offboarding-E8", "finance", ["E2"], None),
            ("offboarding-E8", "hr", ["E7"], TUESDAY),
            (CASE, "hr", ["E7"], None),
        ):
            seats = [{"principal": person} for person in approvers]
            place = {"case_id": case_id, "gate": gate, "approvers": approvers, "seats": seats, "closed_at": closed}
            connection.execute(insert(gates).values(row | place))
        task = {"case_id": "offboarding-E8", "kind": "x", "subject": "y", "owner_id": "E7", "due_at": TUESDAY}
        connection.execute(
            insert(tasks), [task | {"id": "T1", "outcome": None}, task | {"id": "T2", "outcome": "done"}]
        )
    summary = take(company)
    assert inventory(company, summary).duties == {"direct_reports": 1, "gates_waiting": 1, "tasks_owned": 1}
    assert summary.duties == 3


def test_somebody_with_empty_hands(company: Database) -> None:
    with company.begin() as connection:
        connection.execute(update(assets).values(returned_on=date(2026, 11, 1)))
        connection.execute(update(employees).where(employees.c.id == "E8").values(manager_id="E2"))
    summary = take(company)
    assert (summary.assets, summary.duties) == (0, 0)
    assert owners(company) == set()
