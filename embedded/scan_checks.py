"""Whether the early warning sees what it should: counts of activity, schedules, and how the last scans went."""

from datetime import date, timedelta

from sqlalchemy import Connection, func, select
from temporalio.client import Client, WorkflowExecution, WorkflowExecutionStatus

from connections import database_url
from embedded.finding import Finding, ill, well, what_happened
from models.errors import PolicyError, Unavailable
from models.reasons import because
from models.scan import ScanKind
from services.schedules import SCHEDULE, WATCH, schedule_of
from settings import Settings
from store import scans
from store.database import Database
from store.policies import load_warning_policy
from store.roll_up import comes_in_now, people_adrift
from store.tables import employees

# The examination stays short in a company of a hundred thousand: some people, others every day, and the newest days.
PEOPLE_LOOKED_AT = 300
DAYS_LOOKED_AT = 30
ONE_DAY = timedelta(days=1)  # where the sun rises first, tomorrow has begun
RUNS_LOOKED_AT = 50
ENDED_WELL = (WorkflowExecutionStatus.RUNNING, WorkflowExecutionStatus.COMPLETED)

RECOUNT = because("Run `offboard recount`: it counts again from the events, and says whose counts were wrong.")
RESUME = because("Run `offboard scan pause --resume` when the scans may go on.")
SCAN_AGAIN = because("The Temporal Web UI and the log of the worker say why. Then run `offboard scan run`.")
FEED_AGAIN = because("See that the feeds bring data again (`offboard import`), then run `offboard scan run`.")
MEND_POLICY = because("Correct the file of the policy.")


def check_early_warning(settings: Settings) -> list[Finding]:
    """Do the counts agree with their events, and had the last scan all feeds? Only for a database that is well.

    While events come in the counts are not looked at; those that come meanwhile wait for a second or two.
    """
    database = Database(database_url(settings))
    try:
        hours = load_warning_policy(folder=settings.policy_dir).after_hours
        with database.begin() as connection:
            today = connection.execute(select(func.current_date())).scalar_one()
            findings = [_degraded(connection)]
            if not comes_in_now(connection):
                since = today - timedelta(days=DAYS_LOOKED_AT)
                adrift = people_adrift(connection, since, today + ONE_DAY, hours, _some_people(connection, today))
                findings.append(_counts(len(adrift), since))
    except (PolicyError, Unavailable) as failure:
        return [ill("Risk scans", what_happened(failure), MEND_POLICY if isinstance(failure, PolicyError) else RECOUNT)]
    finally:
        database.close()
    return findings


async def check_scans(client: Client) -> list[Finding]:
    """Do the schedules run, and did the newest run of each end well? Raises RPCError and Unavailable."""
    findings = [*await _paused(client), *await _failed(client)]
    return findings or [well("Scheduled scans")]


def _some_people(connection: Connection, today: date) -> list[str]:
    lot = func.md5(employees.c.id + today.isoformat())  # the same until tomorrow: what was mended is seen to be
    return list(connection.execute(select(employees.c.id).order_by(lot).limit(PEOPLE_LOOKED_AT)).scalars())


def _counts(adrift: int, since: date) -> Finding:
    if not adrift:
        return well("Counts of activity")
    problem = because(
        "The counts of {number} people since {day} are not what their events say now.", number=adrift, day=since
    )
    return ill("Counts of activity", problem, RECOUNT)


def _degraded(connection: Connection) -> Finding:
    row = scans.last_of(connection, ScanKind.DAILY)
    if row is None or not row.degraded:
        return well("Risk scans")
    problem = because(
        "The scan of {day} was degraded: {feeds} had fallen silent.", day=row.as_of, feeds=", ".join(row.degraded)
    )
    return ill("Risk scans", problem, FEED_AGAIN)


async def _paused(client: Client) -> list[Finding]:
    schedules = [await schedule_of(client, name) for name in (SCHEDULE, WATCH)]
    return [
        ill(
            "Scheduled scans",
            because("The schedule {name} is paused: {note}", name=schedule.id, note=schedule.note or "-"),
            RESUME,
        )
        for schedule in schedules
        if schedule.paused
    ]


async def _failed(client: Client) -> list[Finding]:
    newest = [await _newest(client, name) for name in (SCHEDULE, WATCH)]
    return [
        ill(
            "Scheduled scans",
            because("The last scan, {scan}, ended as {status}.", scan=run.id, status=run.status.name.lower()),
            SCAN_AGAIN,
        )
        for run in newest
        if run and run.status and run.status not in ENDED_WELL
    ]


async def _newest(client: Client, name: str) -> WorkflowExecution | None:
    query = f"WorkflowType = 'RiskScan' AND WorkflowId STARTS_WITH '{name}'"
    runs = [run async for run in client.list_workflows(query, page_size=RUNS_LOOKED_AT, limit=RUNS_LOOKED_AT)]
    return max(runs, key=lambda run: run.start_time, default=None)
