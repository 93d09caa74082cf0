"""The access department on a real directory."""

from datetime import date

import pytest

from activities.access import AccessActivities
from models.case import CaseRequest, SeparationKind
from models.people import Employee
from models.planning import plan_case
from store import cases
from store.database import Database
from store.policies import load_policy
from store.tables import employees, entitlements
from systems.access.postgres import PostgresAccessDirectory
from tests.integration.lockdown.directory import CASE, NOON, RIGHTS, Recording


@pytest.fixture
def directory(database: Database) -> Recording:
    """A case of E7, who has seven rights, one of them suspended already."""
    policy = load_policy("prc")
    asked = CaseRequest(
        case_id=CASE,
        employee_id="E7",
        kind=SeparationKind.RESIGNATION,
        last_working_day=date(2026, 12, 18),
        policy="prc",
    )
    plan = plan_case(asked, Employee(id="E7", name="Li Na"), policy, NOON)
    with database.begin() as connection:
        people = [{"id": name, "source_key": name, "name": name} for name in ("E7", "E2")]
        connection.execute(employees.insert(), people)
        connection.execute(entitlements.insert(), [right.model_dump(mode="json") for right in RIGHTS])
        cases.create(connection, asked, policy, plan, at=NOON)
    return Recording(PostgresAccessDirectory(database))


@pytest.fixture
def access(database: Database, directory: Recording) -> AccessActivities:
    return AccessActivities(database, directory, pause=lambda seconds: None)
