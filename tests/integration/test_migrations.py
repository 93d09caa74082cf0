"""A database that is in use comes to the newest schema with its rows."""

import json
from collections.abc import Iterator

import psycopg2
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

from embedded.postgres import Postgres
from store import gates
from store.database import MIGRATIONS, Database
from store.policies import load_policy

NAME = "before_approvals"
ROWS = (
    "INSERT INTO employees (id, source_key, name, role) VALUES ('F1', 'F1', 'F', 'finance_reviewer')",
    "INSERT INTO cases (id, employee_id, kind, policy_name, policy, plan, phase, started_at)"
    " VALUES ('offboarding-F1', 'F1', 'resignation', 'ifrs', :policy, '{}', 'approving', now())",
    "INSERT INTO gates (case_id, gate, round, approvers, due_at, report_version, report_digest, opened_at)"
    " VALUES ('offboarding-F1', 'hr', 1, '{H1,H2}', now(), 1, 'd', now()),"
    " ('offboarding-F1', 'it', 1, '{}', now(), 1, 'd', now())",
    "INSERT INTO decisions (id, case_id, gate, round, verdict, by_id, report_digest, accepted_at, state)"
    " VALUES ('d1', 'offboarding-F1', 'hr', 1, 'approved', 'F1', 'd', now(), 'counted')",
)


def migrate(database: Database, revision: str, *, down: bool = False) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        (command.downgrade if down else command.upgrade)(config, revision)


@pytest.fixture
def old(postgres: Postgres) -> Iterator[Database]:
    """A database of the version before, with a case that waits."""
    admin = psycopg2.connect(postgres.url("postgres").replace("+psycopg2", ""))
    admin.autocommit = True
    with admin.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{NAME}"')
    admin.close()
    database = Database(postgres.url(NAME))
    migrate(database, "0002")
    with database.begin() as connection:
        for row in ROWS:
            values = {"policy": json.dumps(load_policy("ifrs").model_dump(mode="json"))}
            connection.execute(text(row), values if ":policy" in row else {})
    yield database
    database.close()


def test_gates_and_decisions_of_before_keep_their_people(old: Database) -> None:
    old.migrate()
    with old.begin() as connection:
        waiting, empty = gates.newest_of(connection, "offboarding-F1")
        [said] = connection.execute(text("SELECT number, via, mac, for_id FROM decisions"))
    assert [seat.principal for seat in waiting.seats] == list(waiting.approvers) == ["H1", "H2"]
    assert empty.seats == ()
    assert tuple(said) == (1, "link", "", None)
    migrate(old, "0002", down=True)
    with old.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM gates")).scalar_one() == 2
    migrate(old, "0003")
