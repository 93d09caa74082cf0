"""Alerts for tests: findings as a scan leaves them, and a policy that protects for as long as a test wants."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import text

from activities.alert_raising import raise_for
from models.reasons import because
from models.scan import RaisedAlerts
from models.warning import Finding, RuleId, Severity
from store import alerts, findings
from store.alerts import AlertRow
from store.database import Database
from store.policies import EARLY_WARNING, SHIPPED, STANDARD, load_warning_policy
from tests.company import AS_OF

POINTS = {Severity.LOW: 1, Severity.MEDIUM: 4, Severity.HIGH: 7, Severity.CRITICAL: 9}
EXPORTED = "Exported {records} client records on {day}."


def found(rule: RuleId = RuleId.MASS_EXPORT, severity: Severity = Severity.HIGH, **fields: object) -> Finding:
    """One finding about E1, of the day of the tests."""
    day = fields.get("day", AS_OF)
    values: dict[str, object] = {
        "key": f"{rule.value}/{fields.get('employee_id', 'E1')}/{day}",
        "rule": rule,
        "employee_id": "E1",
        "first": day,
        "day": day,
        "severity": severity,
        "points": POINTS[severity],
        "events": 1000,
        "event_ids": ("EV-1", "EV-2"),
        "reason": because(EXPORTED, records=2500, day=day),
    }
    return Finding.model_validate(values | fields)


def early_policy(home: Path, **changes: str) -> Path:
    """A folder of policies whose early warning has other lines: `mode="enforce"`, `hours="1"`."""
    lines = (SHIPPED / EARLY_WARNING / f"{STANDARD}.toml").read_text().splitlines()
    for name, value in changes.items():
        place = next(number for number, line in enumerate(lines) if line.startswith(f"{name} = "))
        lines[place] = f"{name} = {value}"
    (home / EARLY_WARNING).mkdir(exist_ok=True)
    (home / EARLY_WARNING / f"{STANDARD}.toml").write_text("\n".join(lines))
    return home


@dataclass
class AlertDesk:
    """Puts findings into the books and raises alerts from them, without a workflow."""

    database: Database

    def keep(self, *some: Finding) -> None:
        """Save findings as a scan does."""
        with self.database.begin() as connection:
            findings.save(connection, some, "2026.1", at=_now())

    def raise_all(self, as_of: date = AS_OF, person: str = "E1") -> RaisedAlerts:
        """Open or extend the alert of a person."""
        with self.database.begin() as connection:
            done = raise_for(connection, person, as_of, load_warning_policy(), at=_now())
        if done is None:
            return RaisedAlerts()
        return RaisedAlerts(opened=(done[0],)) if done[1] else RaisedAlerts(joined=(done[0],))

    def open(self, *some: Finding) -> str:
        """An alert that rests on these findings; returns its id."""
        self.keep(*(some or (found(),)))
        (alert_id,) = self.raise_all().opened
        return alert_id

    def row(self, alert_id: str) -> AlertRow:
        """The alert as our books have it."""
        with self.database.begin() as connection:
            return alerts.get(connection, alert_id)

    def evidence(self, chain: str) -> list[str]:
        """The kinds of entries in a chain, in order."""
        with self.database.begin() as connection:
            rows = connection.execute(
                text("SELECT kind FROM evidence WHERE case_id = :chain ORDER BY seq"), {"chain": chain}
            )
            return list(rows.scalars())

    def rights(self) -> str:
        """Every row of the rights, byte for byte."""
        query = "SELECT coalesce(string_agg(e::text, E'\\n' ORDER BY e.id), '') FROM entitlements e"
        with self.database.begin() as connection:
            return str(connection.execute(text(query)).scalar_one())


def _now() -> datetime:
    return datetime.now(UTC)
