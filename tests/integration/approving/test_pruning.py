"""Rows that are long over go; what waits, or is young, stays."""

import asyncio
from datetime import UTC, datetime, timedelta

from sqlalchemy import Table, func, select

from store import nudges, sessions, sign_in_codes, webhook_receipts
from store.database import Database
from store.pruning import KEPT, prune
from store.sessions import Method
from store.tables import metadata
from tests.approval_case import CASE
from tests.integration.approving.waiting import Waiting
from tests.integration.gates.approvals import SECRET
from web.redelivery import sweep

LONG_AGO = datetime(2026, 1, 5, 9, tzinfo=UTC)
TABLES = ("web_sessions", "sign_in_codes", "webhook_receipts", "nudges")


def rows(database: Database) -> list[int]:
    """How many rows each of the tables has."""
    tables: list[Table] = [metadata.tables[name] for name in TABLES]
    with database.begin() as connection:
        return [connection.execute(select(func.count()).select_from(table)).scalar_one() for table in tables]


def leave_traces(database: Database, at: datetime, name: str) -> None:
    """One row of each kind, all of them done with at that time."""
    with database.begin() as connection:
        sessions.start(connection, SECRET, "F1", Method.CODE, at=at)
        sign_in_codes.make(connection, SECRET, f"ticket {name}", "F1", at=at)
        webhook_receipts.take(connection, f"call {name}", b"{}", (1, 1), at=at)
        nudges.put(connection, [CASE], name, at)
        nudges.mark_told(connection, [each.id for each in nudges.untold(connection)], at)


def test_what_is_long_over_goes_and_the_rest_stays(case: Waiting) -> None:
    leave_traces(case.database, LONG_AGO, "old")
    leave_traces(case.database, LONG_AGO + KEPT, "young")
    with case.database.begin() as connection:
        nudges.put(connection, [CASE], "waits", LONG_AGO)
    assert rows(case.database) == [2, 2, 2, 3]
    with case.database.begin() as connection:
        assert prune(connection, LONG_AGO + KEPT + timedelta(days=1)) == 4
        assert prune(connection, LONG_AGO + KEPT + timedelta(days=1)) == 0
    assert rows(case.database) == [1, 1, 1, 2]
    assert case.untold() == ["waits"]


def test_the_hook_sweeps(case: Waiting) -> None:
    leave_traces(case.database, LONG_AGO, "old")
    assert asyncio.run(sweep(case.database, LONG_AGO + 2 * KEPT)) == 4
    assert rows(case.database) == [0, 0, 0, 0]
