"""Many who ask for a code of one person at the same moment get no more of them than one by one."""

import time
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import text

from store import sign_in_codes
from store.database import Database
from tests.browser.departure import NOON, SECRET, Departure

MOST = sign_in_codes.MOST[0][1]
WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


def test_who_asks_at_the_same_moment_counts_the_codes_of_the_others(database: Database) -> None:
    Departure(database).build()

    def asking(ticket: str) -> str | None:
        with database.begin() as connection:
            return sign_in_codes.make(connection, SECRET, ticket, "E101", at=NOON)

    assert all(asking(f"ticket {number}") for number in range(MOST - 1))
    with ThreadPoolExecutor(1) as others:
        with database.begin() as connection:
            assert sign_in_codes.make(connection, SECRET, "the last one", "E101", at=NOON)
            late = others.submit(asking, "one too many")
            until = time.monotonic() + 10
            with database.begin() as watching:
                while not late.done() and not watching.execute(WAITING).scalar_one():
                    assert time.monotonic() < until
                    watching.execute(text("SELECT pg_stat_clear_snapshot()"))
        assert late.result(10) is None
