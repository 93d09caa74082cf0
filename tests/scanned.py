"""A company for tests of the scan: a year of business with one who is fading today, and events as a test needs them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import Connection, select, text, update

from embedded.sample.history import fill_history
from models.scan import RiskScore
from store import scores, tables
from store.database import Database
from store.policies import load_warning_policy
from store.roll_up import add_events
from store.tables.behaviour import activity_events, findings

TODAY = datetime.now(UTC).date()
NOON = time(4)  # in China, where everybody of the sample company's first region works


@dataclass(frozen=True)
class Scanned:
    """The company. `sellers` are scored, in order of their ids; `leaving` is in a case; `newcomer` came lately."""

    database: Database
    fading: str
    leaving: str
    newcomer: str
    sellers: tuple[str, ...]

    @classmethod
    def build(cls, database: Database) -> "Scanned":
        """30 people, imported like any company's files."""
        fading = fill_history(database, employees=30, leavers=2, as_of=TODAY).employee
        people = tables.employees
        with database.begin() as connection:
            query = select(people.c.id).where(people.c.role == "salesperson").order_by(people.c.id)
            active = connection.execute(query.where(people.c.status == "active")).scalars().all()
            leaving = connection.execute(query.where(people.c.status == "leaving")).scalar_one()
            newcomer = active[0]
            hired = {"hired_on": TODAY - timedelta(days=60)}
            connection.execute(update(people).where(people.c.id == newcomer).values(hired))
        return cls(database, fading, leaving, newcomer, tuple(active))

    def exports(self, person: str, day: date, records: int, *, name: str = "export") -> None:
        """One export at noon, as an import would write it."""
        with self.database.begin() as connection:
            add_export(connection, person, day, records, name=name)

    def scores_of(self, day: date) -> dict[str, RiskScore]:
        """Every score of a day by person."""
        row = tables.risk_scores.c
        with self.database.begin() as connection:
            found = connection.execute(select(row.employee_id).where(row.day == day)).scalars()
            return {person: score for person in found if (score := scores.of(connection, person, day))}

    def found(self) -> list[str]:
        """Keys of all findings, in order."""
        with self.database.begin() as connection:
            return sorted(connection.execute(select(findings.c.key)).scalars())

    def rows(self, table: str) -> list[str]:
        """All rows of a table as text, in order."""
        with self.database.begin() as connection:
            return list(connection.execute(text(f'SELECT t::text FROM "{table}" t ORDER BY 1')).scalars())  # noqa: S608

    def fingerprint(self, *, without: frozenset[str]) -> dict[str, list[str]]:
        """Every table but some, so that two looks can be compared."""
        return {table: self.rows(table) for table in tables.metadata.tables if table not in without}


def add_export(connection: Connection, person: str, day: date, records: int, *, name: str = "export") -> None:
    """One export at noon, in the transaction of the caller."""
    made = text(
        "SELECT CAST(:id AS text) AS id, CAST(:at AS timestamptz) AS occurred_at, "
        "CAST(:person AS text) AS employee_id, 'export' AS kind, CAST(:records AS int) AS records, 'list' AS item, "
        "'' AS destination"
    ).bindparams(id=f"{name}-{person}-{day}", at=datetime.combine(day, NOON, UTC), person=person, records=records)
    rows = made.columns(*activity_events.columns).subquery("made")
    add_events(connection, rows, load_warning_policy().after_hours)
