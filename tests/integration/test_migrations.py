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


def empty(postgres: Postgres, name: str, revision: str) -> Database:
    admin = psycopg2.connect(postgres.url("postgres").replace("+psycopg2", ""))
    admin.autocommit = True
    with admin.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{name}"')
    admin.close()
    database = Database(postgres.url(name))
    migrate(database, revision)
    return database


@pytest.fixture
def old(postgres: Postgres) -> Iterator[Database]:
    """A database of the version before approvals, with a case that waits."""
    database = empty(postgres, "before_approvals", "0002")
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


MONEY = (
    "INSERT INTO employees (id, source_key, name, role) VALUES ('E1', 'E1', 'E', 'salesperson')",
    "INSERT INTO clients (id, source_key, name, owner_id) VALUES ('C1', 'C1', 'C', 'E1')",
    "INSERT INTO invoices (id, client_id, issued_on, due_on, amount, currency)"
    " VALUES ('V1', 'C1', '2026-01-01', '2026-02-01', 100, 'CNY')",
    "INSERT INTO payments (id, invoice_id, paid_on, amount, currency) VALUES ('P1', 'V1', '2026-02-01', 40, 'CNY')",
)
SINCE = (
    "INSERT INTO invoices (id, client_id, issued_on, due_on, amount, currency, credits_id)"
    " VALUES ('N1', 'C1', '2026-02-02', '2026-02-02', -10, 'CNY', 'V1')",
    "INSERT INTO payments (id, client_id, paid_on, amount, currency) VALUES ('A1', 'C1', '2026-03-01', 30, 'CNY')",
    "INSERT INTO payments (id, invoice_id, paid_on, amount, currency, kind)"
    " VALUES ('W1', 'V1', '2026-03-01', 5, 'CNY', 'write_off')",
    "INSERT INTO instalments (id, invoice_id, due_on, amount) VALUES ('I1', 'V1', '2026-02-01', 100)",
    "INSERT INTO commissions (id, employee_id, invoice_id, earned_on, amount, currency)"
    " VALUES ('K1', 'E1', 'V1', '2026-01-01', 3, 'CNY')",
    "INSERT INTO models_registry (version, kind, document, sha256, card, trained_at) VALUES"
    " ('late', 'late_payment', '', '', '{}', now()), ('leaves', 'attrition', '', '', '{}', now())",
)
OWED = "SELECT (SELECT sum(amount) FROM invoices) - (SELECT sum(amount) FROM payments)"


def test_what_is_owed_is_the_same_in_the_schema_before_and_after_receivables(postgres: Postgres) -> None:
    database = empty(postgres, "before_receivables", "0003")
    try:
        with database.begin() as connection:
            for row in MONEY:
                connection.execute(text(row))
        database.migrate()
        with database.begin() as connection:
            [kept] = connection.execute(text("SELECT kind, client_id, invoice_id FROM payments"))
            assert tuple(kept) == ("payment", None, "V1")
            for row in SINCE:
                connection.execute(text(row))
            owed = connection.execute(text(OWED)).scalar_one()
            assert owed == 15
        migrate(database, "0003", down=True)
        with database.begin() as connection:
            assert connection.execute(text(OWED)).scalar_one() == owed
            on_account = "SELECT client_id, amount, due_on::text FROM invoices WHERE id = 'on-account-A1'"
            assert tuple(connection.execute(text(on_account)).one()) == ("C1", -30, "2026-03-01")
            left = connection.execute(text("SELECT version FROM models_registry")).scalars().all()
            assert left == ["leaves"], "the program before knows no other kind"
        database.migrate()
        with database.begin() as connection:
            assert connection.execute(text("SELECT sum(outstanding) FROM open_invoices")).scalar_one() == owed
    finally:
        database.close()
