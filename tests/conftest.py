"""Real servers for the tests: one PostgreSQL a session, one fresh migrated database a test."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
from hypothesis import HealthCheck, settings

from embedded.postgres import Postgres
from store.database import Database
from tests.servers.canaille import Account, Canaille
from tests.servers.environments import Unreachable

# Hypothesis fails an example that takes over 200 ms of wall clock, which says how busy the machine is and nothing about
# the property: two cores are shared with the servers of the session. How fast things are is measured where it is the
# subject, as CPU time or in benchmarks/; a property that hangs is stopped by its own bound on examples and input.
settings.register_profile("offboard", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("offboard")

_numbers = itertools.count(1)

# The processes of a run take its files in this order: the long ones first, so that none is alone with one at the end.
LONG_FIRST = ("chaos/test_kill_at_every_step.py", "workflow", "browser", "chaos", "integration")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Bring the files of the tests into the order in which they are handed out."""

    def place(item: pytest.Item) -> int:
        path = item.path.relative_to(Path(__file__).parent)
        return next((at for at, name in enumerate(LONG_FIRST) if path.is_relative_to(name)), len(LONG_FIRST))

    items.sort(key=place)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A PostgreSQL server for the whole session. No fsync: the tests of durability start their own."""
    server = Postgres(tmp_path_factory.mktemp("pg"), options={"fsync": "off", "max_connections": "200"})
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def migrated_template(postgres: Postgres) -> str:
    """A database with the newest schema, from which each test's own one is copied in milliseconds."""
    _create(postgres, "template_offboard")
    database = Database(postgres.url("template_offboard"))
    database.migrate()
    database.close()
    return "template_offboard"


@pytest.fixture
def database(postgres: Postgres, migrated_template: str) -> Iterator[Database]:
    """An empty, migrated database of this test alone."""
    name = f"test_{next(_numbers)}"
    _create(postgres, name, migrated_template)
    opened = Database(postgres.url(name))
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def public_data() -> Path:
    """Public data sets beside the checkout; tests that need them skip where they are absent."""
    folder = Path(__file__).parent.parent.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"the public data sets are not at {folder}")
    return folder


@pytest.fixture(scope="session")
def identity_server() -> Iterator[Canaille]:
    """An identity provider that knows the people of tests/company.py by their ids; applications register themselves."""
    people = [
        Account("D1", "d1@company.example", "Ping", "Zhou"),
        Account("M1", "m1@company.example", "Wei", "Wang"),
        Account("E1", "e1@company.example", "Na", "Li"),
        *(Account(key, f"{key.lower()}@company.example", "Office", key) for key in ("H1", "F1", "I1", "L1", "H2")),
    ]
    try:
        with Canaille(people) as server:
            yield server
    except Unreachable as reason:
        pytest.skip(f"the packages of the identity server cannot be fetched from here: {reason}")


def _create(postgres: Postgres, name: str, template: str = "template1") -> None:
    connection = psycopg2.connect(postgres.url("postgres").replace("+psycopg2", ""))
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    connection.close()
