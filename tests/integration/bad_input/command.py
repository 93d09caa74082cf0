"""Helpers of the tests about bad input: run the command, start a case, load a folder, and see what was refused."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import func, select

from store.database import Database
from store.tables import metadata

SOON = (datetime.now(UTC).date() + timedelta(days=30)).isoformat()


class Said(NamedTuple):
    """What a run of the command said: exit code, stdout and stderr together."""

    code: int
    text: str


Offboard = Callable[..., Said]


def rows(database: Database) -> dict[str, int]:
    """Rows of every table: what must not change."""
    with database.begin() as connection:
        return {
            name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for name, table in metadata.tables.items()
        }


def start(offboard: Offboard, employee: str = "E1", day: str = SOON, *more: str) -> Said:
    return offboard("start", employee, "--last-working-day", day, "--kind", "resignation", *more)


def refused(said: Said, *words: str, code: int = 1) -> None:
    """The run failed with that code, and its words are on the screen."""
    assert said.code == code, said.text
    for word in words:
        assert word in said.text, said.text
    assert "Traceback" not in said.text
