"""The schema in the migrations is the schema in the tables, and its guards hold."""

from datetime import UTC, datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from store import evidence
from store.database import Database
from store.tables import metadata

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_migrations_and_tables_agree(database: Database) -> None:
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


@pytest.mark.parametrize("change", ["UPDATE evidence SET actor = 'x'", "DELETE FROM evidence", "TRUNCATE evidence"])
def test_evidence_refuses_every_change(database: Database, change: str) -> None:
    with database.begin() as connection:
        evidence.append(connection, "offboarding-E1", "case.started", {"kind": "resignation"}, at=NOON)
    with pytest.raises(ProgrammingError, match="append-only"), database.begin() as connection:
        connection.execute(text(change))


def test_a_chain_of_honest_entries_verifies(database: Database) -> None:
    with database.begin() as connection:
        for number in range(5):
            evidence.append(connection, "offboarding-E1", "step", {"number": number}, at=NOON)
        assert evidence.verify(connection, "offboarding-E1") == (5, None)
        assert evidence.head(connection, "offboarding-E1")[0] == 5


@pytest.mark.parametrize(
    ("tampering", "seq", "fault"),
    [
        ("UPDATE evidence SET body = '{\"number\": 7}' WHERE seq = 3", 3, "altered"),
        ("DELETE FROM evidence WHERE seq = 3", 3, "missing"),
        ("DELETE FROM evidence WHERE seq = 5", 5, "truncated"),
        ("UPDATE evidence SET seq = CASE seq WHEN 3 THEN -1 ELSE seq END", 1, "reordered"),
        ("UPDATE evidence SET actor = 'E9' WHERE seq = 1", 1, "altered"),
        ("DELETE FROM evidence_heads", 1, "inserted"),
    ],
)
def test_tampering_by_the_owner_of_the_table_is_found(database: Database, tampering: str, seq: int, fault: str) -> None:
    with database.begin() as connection:
        for number in range(5):
            evidence.append(connection, "offboarding-E1", "step", {"number": number}, at=NOON)
    with database.begin() as connection:
        connection.execute(text("ALTER TABLE evidence DISABLE TRIGGER ALL"))
        connection.execute(text(tampering))
    with database.begin() as connection:
        _, found = evidence.verify(connection, "offboarding-E1")
    assert found is not None
    assert (found.seq, found.fault) == (seq, fault)


def test_every_change_of_owner_leaves_touching_rows(database: Database) -> None:
    with database.begin() as connection:
        for number in (1, 2, 3):
            connection.execute(
                text("INSERT INTO employees (id, source_key, name) VALUES (:id, :id, :id)"), {"id": f"E{number}"}
            )
        connection.execute(
            text("INSERT INTO clients (id, source_key, name, owner_id) VALUES ('C1', 'C1', 'Acme', 'E1')")
        )
    for owner in ("E2", "E3"):
        with database.begin() as connection:
            connection.execute(text("UPDATE clients SET owner_id = :owner WHERE id = 'C1'"), {"owner": owner})
    with database.begin() as connection:
        rows = connection.execute(
            text("SELECT owner_id, since, until FROM client_ownership WHERE client_id = 'C1' ORDER BY since")
        ).all()
    assert [row.owner_id for row in rows] == ["E1", "E2", "E3"]
    assert [row.until for row in rows[:-1]] == [row.since for row in rows[1:]]
    assert rows[-1].until is None
