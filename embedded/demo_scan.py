"""The end of the demo: the scan of everybody who stays, beside what people of the sample company were planted for.

Alerts are shown by pseudonym everywhere else. The demo looks behind it, because its people are made up.
"""

from temporalio.client import Client

from embedded.sample.planted import Planted
from models.base import Value
from services.scans import outcome_of, run_scan
from store import aliases, people, scores
from store.database import Database

TOP = 3


class DemoAlert(Value):
    """An alert of the scan, and what the person behind it was planted for, if they were."""

    id: str
    severity: str
    rules: tuple[str, ...]
    employee: str
    name: str
    planted: str


class DemoScore(Value):
    """One of the highest predictions."""

    employee: str
    name: str
    score: str
    planted: str


class DemoScan(Value):
    """What the scan of the demo found. `left_alone`: planted people who must raise no alert, and raised none."""

    alerts: tuple[DemoAlert, ...]
    highest: tuple[DemoScore, ...]
    left_alone: tuple[str, ...]


async def scan_the_rest(client: Client, database: Database, planted: tuple[Planted, ...]) -> DemoScan:
    """Run the scan of today and say what it found."""
    result = await run_scan(client)
    outcome = outcome_of(database, result)
    whats = {each.employee: each.what for each in planted}
    with database.begin() as connection:
        behind = {line.alias: aliases.person_of(connection, line.alias) or "" for line in outcome.alerts}
        highest = list(scores.highest(connection, result.as_of, TOP))
        names = people.names(connection, {*behind.values(), *(each.employee_id for each in highest)})
    found = [
        DemoAlert(
            id=line.id,
            severity=line.severity,
            rules=line.rules,
            employee=behind[line.alias],
            name=names.get(behind[line.alias], ""),
            planted=whats.get(behind[line.alias], ""),
        )
        for line in outcome.alerts
    ]
    top = [
        DemoScore(
            employee=each.employee_id,
            name=names.get(each.employee_id, ""),
            score=str(each.score),
            planted=whats.get(each.employee_id, ""),
        )
        for each in highest
    ]
    seen = {each.employee for each in found}
    innocent = [each for each in planted if "must never" in each.what and each.employee not in seen]
    return DemoScan(
        alerts=tuple(found),
        highest=tuple(top),
        left_alone=tuple(f"{each.name} ({each.employee}): {each.what}" for each in innocent),
    )
