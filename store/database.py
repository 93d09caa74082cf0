"""The unit of work: one transaction in, everything or nothing out."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from models.errors import Unavailable

MIGRATIONS = Path(__file__).with_name("migrations")


class Database:
    """Our PostgreSQL. `begin()` opens one transaction; a lost server becomes `Unavailable`, which is retried."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.url = url
        self.engine: Engine = create_engine(
            url,
            pool_size=pool_size,
            pool_pre_ping=True,
            hide_parameters=True,  # an error travels into the engine's history; the values may be names and notes
            connect_args={"connect_timeout": 5, "application_name": "offboard"},
        )
        event.listen(self.engine, "connect", _in_utc)

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """One transaction: committed at the end, rolled back by any exception."""
        try:
            with self.engine.begin() as connection:
                yield connection
        except (OperationalError, InterfaceError) as lost:
            reason = str(lost.orig).splitlines()[0] if lost.orig else "no answer"
            raise Unavailable(f"our database does not answer: {reason}", system="database") from lost
        except PoolExhausted as busy:
            raise Unavailable("our database is busy: no connection came free in time", system="database") from busy

    def migrate(self) -> None:
        """Bring the schema to the newest version; safe to run on every start, from several processes at once."""
        from alembic import command  # noqa: PLC0415  (Alembic costs 100 ms; only `up` and `migrate` need it)
        from alembic.config import Config  # noqa: PLC0415

        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        with self.engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    def close(self) -> None:
        """Give every connection back."""
        self.engine.dispose()


def _in_utc(connection: object, _record: object) -> None:
    with connection.cursor() as cursor:  # type: ignore[attr-defined]
        cursor.execute("SET TIME ZONE 'UTC'")
