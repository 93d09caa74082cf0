"""The company of these tests on real servers: imported once, copied for each test, with a worker on it."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import count
from pathlib import Path

import psycopg2
import pytest
from temporalio.client import Client
from temporalio.service import RPCError

from embedded.postgres import Postgres
from store.database import Database
from tests.integration.real_engine import Engine
from tests.scanned import Scanned

_numbers = count(1)


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """One Temporal server for these tests."""
    server = Engine()
    yield server
    server.close()


@pytest.fixture(scope="session")
def built(postgres: Postgres, migrated_template: str) -> Scanned:
    """The company, imported once; its database is what those of the tests are copied from."""
    copy_database(postgres, "scanned", migrated_template)
    database = Database(postgres.url("scanned"))
    company = Scanned.build(database)
    database.close()
    return company


@pytest.fixture
def company(
    postgres: Postgres, built: Scanned, engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Scanned]:
    """The company in a database of the test's own, with a worker on it; its alerts end with the test."""
    name = f"scanned_{next(_numbers)}"
    copy_database(postgres, name, "scanned")
    database = Database(postgres.url(name))
    for setting, value in {
        "HOME": str(tmp_path / "home"), "PUBLIC_URL": "http://localhost:1", "LINK_SECRET": "s" * 40,
        "DATABASE_URL": database.url,
    }.items():  # fmt: skip
        monkeypatch.setenv(f"OFFBOARD_{setting}", value)
    with engine.worker(database):
        yield replace(built, database=database)
        engine.run(end_everything)
    database.close()


def copy_database(postgres: Postgres, name: str, template: str) -> None:
    server = psycopg2.connect(postgres.url("postgres").replace("+psycopg2", ""))
    server.autocommit = True
    with server.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    server.close()


async def end_everything(client: Client) -> None:
    async for each in client.list_workflows('ExecutionStatus = "Running"'):
        with suppress(RPCError):  # it may end at this moment
            await client.get_workflow_handle(each.id).terminate("the test is over")
