"""What HR asks for is checked before anything is started."""

from datetime import date
from pathlib import Path

import pytest

from case_service import StartOrder, check_order
from models.case import SeparationKind
from models.errors import BadDates, CaseConflict, NotAllowed, PolicyError, UnknownEmployee
from store.database import Database
from store.tables import employees
from tests.company import AS_OF, Company


def order(**changes: object) -> StartOrder:
    """Li Na resigns, her last day is in December."""
    fields = {
        "employee": "Li Na",
        "kind": SeparationKind.RESIGNATION,
        "last_working_day": date(2026, 12, 24),
        **changes,
    }
    return StartOrder.model_validate(fields)


@pytest.fixture
def company(database: Database) -> Database:
    Company.build(database, clients=6)
    return database


def test_a_person_is_found_by_name_and_gets_the_first_case_id(company: Database) -> None:
    leaver, request, already = check_order(company, order(), AS_OF)
    assert (leaver.id, request.case_id, already) == ("E1", "offboarding-E1", False)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"employee": "Nobody"}, UnknownEmployee),
        ({"requested_by": "E1"}, NotAllowed),
        ({"last_working_day": date(2026, 11, 1)}, BadDates),
        ({"policy": "lunar"}, PolicyError),
    ],
)
def test_what_must_not_be_started_is_refused(
    company: Database, changes: dict[str, object], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        check_order(company, order(**changes), AS_OF)


def test_a_name_of_two_people_asks_for_the_id(company: Database) -> None:
    with company.begin() as connection:
        connection.execute(employees.insert().values(id="E9", source_key="E9", name="Li Na"))
    with pytest.raises(UnknownEmployee, match="E1, E9"):
        check_order(company, order(), AS_OF)


def test_a_person_who_left_is_not_started_again(company: Database) -> None:
    with company.begin() as connection:
        connection.execute(employees.update().where(employees.c.id == "E1").values(status="left"))
    with pytest.raises(CaseConflict, match="left already"):
        check_order(company, order(), AS_OF)


def test_the_size_brake_wants_the_number_of_clients_confirmed(company: Database, tmp_path: Path) -> None:
    shipped = Path(__file__).parent.parent.parent / "policies" / "ifrs.toml"
    small = shipped.read_text().replace("size_brake_clients = 5000", "size_brake_clients = 5")
    (tmp_path / "ifrs.toml").write_text(small)
    for confirmed in (None, 5):
        with pytest.raises(NotAllowed, match="--confirm-clients 6"):
            check_order(company, order(confirmed_clients=confirmed), AS_OF, tmp_path)
    _, request, _ = check_order(company, order(confirmed_clients=6), AS_OF, tmp_path)
    assert request.employee_id == "E1"
