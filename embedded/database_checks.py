"""What `offboard doctor` asks PostgreSQL."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from connections import database_url
from embedded.finding import RESTART, Finding, ill, well, what_happened
from models.errors import Unavailable
from models.reasons import because
from settings import Settings
from store.database import MIGRATIONS, Database

SECOND = timedelta(seconds=1)
CLOCK_TOLERANCE = 2 * SECOND


def check_database(settings: Settings) -> Iterator[Finding]:
    """Does PostgreSQL answer, has it the newest schema, and does its clock agree with ours?"""
    try:
        database = Database(database_url(settings))
    except Unavailable as unknown:
        yield ill("Database", what_happened(unknown), RESTART)
        return
    try:
        before = datetime.now(UTC)
        with database.begin() as connection:
            theirs: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
            after = datetime.now(UTC)
            version = MigrationContext.configure(connection).get_current_revision()
    except Unavailable as silent:
        yield ill("Database", what_happened(silent), RESTART)
        return
    finally:
        database.close()
    yield well("Database")
    yield _schema(version)
    yield clock_finding(theirs, before, after)


def clock_finding(theirs: datetime, before: datetime, after: datetime) -> Finding:
    """Judge the database's clock, which was read between `before` and `after` on ours."""
    skew = max(before - theirs, theirs - after, timedelta(0))
    if skew <= CLOCK_TOLERANCE:
        return well("Clocks")
    return ill(
        "Clocks",
        because(
            "The clocks of this machine and of the database differ by {seconds} s.", seconds=round(skew.total_seconds())
        ),
        because("Turn on time synchronisation (NTP) on both machines: deadlines are judged by these clocks."),
    )


def _schema(version: str | None) -> Finding:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    head = ScriptDirectory.from_config(config).get_current_head()
    if version == head:
        return well("Schema")
    return ill(
        "Schema",
        because("The schema is at version {version}; this Offboard needs {head}.", version=version or "0", head=head),
        because("Run `offboard setup`: it brings everything to the newest version and keeps all data."),
    )
