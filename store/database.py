"""The unit of work: one transaction in, everything or nothing out, and never an endless wait.

Time limits, from the inside out: the server ends a statement after `statement_timeout` and a wait for a lock after
20 seconds; our own watch cuts a server that says nothing at all a little later; TCP notices a dead machine in 25.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from models.errors import Unavailable
from store.watch import WatchedConnection, WatchedCursor

MIGRATIONS = Path(__file__).with_name("migrations")
STATEMENT_TIMEOUT = 60.0  # seconds
LOCK_TIMEOUT = 20.0
GRACE = 5.0  # the server is to end its statement itself; only when it does not, the watch does
ALIVE = {
    "connect_timeout": 5,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,  # milliseconds
}


class Database:
    """Our PostgreSQL. `begin()` opens one transaction; a lost server becomes `Unavailable`, which is retried.

    `statement_timeout` (seconds) is the most that one statement may take.
    """

    def __init__(self, url: str, *, pool_size: int = 10, statement_timeout: float = STATEMENT_TIMEOUT) -> None:
        self.url = url
        self._limit = statement_timeout + GRACE
        asked = make_url(url).query.get("options", "")
        limits = f"-c statement_timeout={statement_timeout * 1000:.0f} -c lock_timeout={LOCK_TIMEOUT * 1000:.0f}"
        self.engine: Engine = create_engine(
            url,
            pool_size=pool_size,
            pool_pre_ping=True,
            hide_parameters=True,  # an error travels into the engine's history; the values may be names and notes
            connect_args={
                **ALIVE,
                "application_name": "offboard",
                "options": f"{limits} {asked}".strip(),
                "connection_factory": WatchedConnection,
                "cursor_factory": WatchedCursor,
            },
        )
        event.listen(self.engine, "connect", self._prepare)

    @contextmanager
    def begin(self, *, patient: bool = False) -> Iterator[Connection]:
        """One transaction: committed at the end, rolled back by any exception.

        `patient` lifts the time limits of statements and locks: for an import of millions of rows.
        """
        try:
            with self.engine.begin() as connection:
                if patient:
                    with self._unlimited(connection):
                        yield connection
                else:
                    yield connection
        except (OperationalError, InterfaceError) as lost:
            said = (str(lost.orig).splitlines() or [type(lost).__name__])[0]  # a cut connection says nothing at all
            raise Unavailable("our database does not answer: {answer}", answer=said, system="database") from lost
        except PoolExhausted as busy:
            raise Unavailable("our database is busy: no connection came free in time", system="database") from busy

    def migrate(self) -> None:
        """Bring the schema to the newest version; safe to run on every start, from several processes at once."""
        from alembic import command  # noqa: PLC0415  (Alembic costs 100 ms; only `up` and `migrate` need it)
        from alembic.config import Config  # noqa: PLC0415

        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        with self.engine.begin() as connection, self._unlimited(connection):
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    def close(self) -> None:
        """Give every connection back."""
        self.engine.dispose()

    @contextmanager
    def _unlimited(self, connection: Connection) -> Iterator[None]:
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        driver: Any = connection.connection.dbapi_connection
        driver.limit = None
        try:
            yield
        finally:
            driver.limit = self._limit

    def _prepare(self, connection: Any, _record: object) -> None:
        connection.limit = self._limit
        with connection.cursor() as cursor:
            cursor.execute("SET TIME ZONE 'UTC'")
