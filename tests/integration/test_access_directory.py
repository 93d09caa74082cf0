"""One conformance suite for every directory of access rights: what the lockdown relies on."""

from collections.abc import Callable

import pytest

from models.access import AccessState, Entitlement, Grade
from models.errors import Refused
from store.database import Database
from store.tables import employees, entitlements
from systems.access.port import AccessDirectory
from systems.access.postgres import PostgresAccessDirectory

RIGHTS = [
    Entitlement(id="R3", employee_id="E7", system="crm", right="write", grade=Grade.WRITE),
    Entitlement(id="R2", employee_id="E7", system="erp", right="export", grade=Grade.EXPORT),
    Entitlement(id="R1", employee_id="E7", system="crm", right="export", grade=Grade.EXPORT),
    Entitlement(id="R9", employee_id="E8", system="crm", right="export", grade=Grade.EXPORT),
]


def in_our_database(database: Database) -> AccessDirectory:
    """Our own table, filled with RIGHTS."""
    with database.begin() as connection:
        people = [{"id": name, "source_key": name, "name": name} for name in ("E7", "E8")]
        connection.execute(employees.insert(), people)
        connection.execute(entitlements.insert(), [right.model_dump(mode="json") for right in RIGHTS])
    return PostgresAccessDirectory(database)


@pytest.fixture(params=[in_our_database])
def directory(request: pytest.FixtureRequest, database: Database) -> AccessDirectory:
    """Each adapter, holding RIGHTS."""
    build: Callable[[Database], AccessDirectory] = request.param
    return build(database)


def test_rights_of_one_person_by_grade_system_and_id(directory: AccessDirectory) -> None:
    assert [right.id for right in directory.rights_of("E7")] == ["R1", "R2", "R3"]
    assert directory.rights_of("E7")[0] == RIGHTS[2]
    assert list(directory.rights_of("nobody")) == []


def test_a_suspended_right_reads_as_suspended_and_nothing_else_changes(directory: AccessDirectory) -> None:
    directory.suspend("R1")
    assert directory.state_of("R1") is AccessState.SUSPENDED
    assert {right.id: right.state for right in directory.rights_of("E7")} == {
        "R1": AccessState.SUSPENDED,
        "R2": AccessState.ACTIVE,
        "R3": AccessState.ACTIVE,
    }
    assert directory.state_of("R9") is AccessState.ACTIVE


def test_changes_may_be_repeated(directory: AccessDirectory) -> None:
    for _ in range(2):
        directory.suspend("R1")
    assert directory.state_of("R1") is AccessState.SUSPENDED
    for _ in range(2):
        directory.restore("R1", AccessState.ACTIVE)
    assert directory.rights_of("E7")[0] == RIGHTS[2]


@pytest.mark.parametrize(
    "ask",
    [
        lambda directory: directory.state_of("R0"),
        lambda directory: directory.suspend("R0"),
        lambda directory: directory.restore("R0", AccessState.ACTIVE),
    ],
)
def test_a_right_that_nobody_knows_is_refused(
    directory: AccessDirectory, ask: Callable[[AccessDirectory], None]
) -> None:
    with pytest.raises(Refused, match="R0"):
        ask(directory)
