"""What people do with risk scans: run one, see how the last ones went, read a score. The command goes through here."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from temporalio.client import (
    Client,
    WorkflowFailureError,
    WorkflowHandle,
    WorkflowQueryFailedError,
    WorkflowQueryRejectedError,
)
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import RPCError

from models.base import AlertId, Value
from models.errors import BadDates, Refused
from models.people import Employee, EmployeeStatus, Role
from models.scan import FIRST_DAY, RiskScore, ScanCounts, ScanProgress, ScanRequest, ScanResult
from models.search_attributes import TASK_QUEUE
from models.warning import AlertState, RuleId, Severity
from services.cases import as_refusal
from services.failing_steps import FailingStep, failing_steps
from services.schedules import ANSWER_WITHIN, SCHEDULE, WATCH, ScanSchedule, schedule_of, unavailable
from store import alerts, aliases, findings, people, scans, scores
from store.database import Database
from store.scans import ScanRow

LOOK_EVERY = 0.5  # seconds
FAILED_TWICE = 2  # attempts, from the third on it is no accident
MOST_ALERTS = 1000


class AlertLine(Value):
    """An alert that waits to be reviewed, by its pseudonym. `new`: this scan opened it, or added to it."""

    id: AlertId
    alias: str
    severity: Severity
    rules: tuple[RuleId, ...]
    new: bool


class ScanOutcome(Value):
    """What a scan came to. Without a score are the `insufficient` (too little history) and the `unknown` (a feed that
    scores rest on is silent); `degraded` and `absent` name feeds."""

    as_of: date
    model_version: str
    people: int
    scored: int
    insufficient: int
    unknown: int
    findings: int
    talks: int
    degraded: tuple[str, ...]
    absent: tuple[str, ...]
    alerts: tuple[AlertLine, ...]


class ScanStatus(Value):
    """The schedules, how the last scans went, and what the newest one found. `day` is None before the first one."""

    schedule: ScanSchedule
    watch: ScanSchedule
    scans: tuple[ScanRow, ...] = ()
    day: date | None = None
    counts: ScanCounts = ScanCounts()
    highest: tuple[RiskScore, ...] = ()


class ScoreExplained(RiskScore):
    """A score with the figures that it was made from, by feature: None where one cannot be known.

    Empty when the records of that day have been changed since.
    """

    figures: dict[str, float | None] = {}


async def run_scan(
    client: Client,
    as_of: date | None = None,
    tell: Callable[[ScanProgress], None] = lambda _: None,
    warn: Callable[[FailingStep], None] = lambda _: None,
) -> ScanResult:
    """Scan now, as of a day or of today where the scans are scheduled, and wait for the end.

    Joins a scan of that day that runs already. `tell` hears how far it is, `warn` of a step that fails again and
    again. Raises BadDates, Refused and Unavailable.
    """
    zone = (await schedule_of(client)).zone or "UTC"
    today = datetime.now(UTC).astimezone(ZoneInfo(zone)).date()
    day = as_of or today
    # A day to come would stand as the newest one for ever, and hide every true score.
    if not FIRST_DAY <= day <= today:
        raise BadDates(
            "nobody can be scanned as of {day}: give a day from {first} to {last}. Nothing was scanned.",
            day=day,
            first=FIRST_DAY,
            last=today,
        )
    try:
        handle = await client.start_workflow(
            "RiskScan",
            ScanRequest(as_of=day, zone=zone),
            id=f"{SCHEDULE}-{day}",
            task_queue=TASK_QUEUE,
            result_type=ScanResult,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            static_summary=f"risk scan as of {day}",
            rpc_timeout=ANSWER_WITHIN,
        )
        return await _followed(handle, tell, warn)
    except WorkflowFailureError as failed:
        raise as_refusal(failed) from failed
    except RPCError as lost:
        raise unavailable(lost) from lost


async def _followed(
    handle: WorkflowHandle[object, ScanResult],
    tell: Callable[[ScanProgress], None],
    warn: Callable[[FailingStep], None],
) -> ScanResult:
    ending = asyncio.ensure_future(handle.result())
    told: dict[str, int] = {}
    try:
        while not (await asyncio.wait({ending}, timeout=LOOK_EVERY))[0]:
            # A scan that has not begun, or a worker that is busy, answers at the next look.
            with suppress(RPCError, WorkflowQueryFailedError, WorkflowQueryRejectedError):
                for step in await failing_steps(handle, FAILED_TWICE):
                    # The pauses between the tries grow, and so do those between the lines.
                    if step.attempt >= 2 * told.get(step.step, 0):
                        told[step.step] = step.attempt
                        warn(step)
                look = handle.query("progress", result_type=ScanProgress, rpc_timeout=timedelta(seconds=2))
                tell(await look)
        return ending.result()
    finally:
        ending.cancel()


def outcome_of(database: Database, result: ScanResult) -> ScanOutcome:
    """What a scan came to, with the alerts that wait as of its day, the most severe first."""
    touched = {*result.raised.opened, *result.raised.joined}
    with database.begin() as connection:
        waiting = [
            alert
            for alert in alerts.listed(connection, [AlertState.NEEDS_REVIEW], MOST_ALERTS)
            if alert.first <= result.as_of
        ]
        rules = findings.rules_of(connection, [alert.id for alert in waiting])
    return ScanOutcome(
        as_of=result.as_of,
        model_version=result.model_version,
        people=result.people,
        talks=result.talks.suggested,
        degraded=result.feeds.degraded,
        absent=result.feeds.absent,
        alerts=tuple(
            AlertLine(
                id=alert.id,
                alias=alert.alias,
                severity=alert.severity,
                rules=rules.get(alert.id, ()),
                new=alert.id in touched,
            )
            for alert in waiting
        ),
        **result.counts.model_dump(),
    )


async def scan_status(client: Client, database: Database, limit: int = 10) -> ScanStatus:
    """The schedules, the last scans, and the highest scores of the newest day."""
    schedule, watch = await schedule_of(client), await schedule_of(client, WATCH)
    with database.begin() as connection:
        last = tuple(scans.newest(connection, limit))
        day = scores.newest_day(connection)
        if day is None:
            return ScanStatus(schedule=schedule, watch=watch, scans=last)
        return ScanStatus(
            schedule=schedule,
            watch=watch,
            scans=last,
            day=day,
            counts=scores.counts(connection, day),
            highest=tuple(scores.highest(connection, day, limit)),
        )


def explain(database: Database, employee: str, day: date | None = None) -> ScoreExplained:
    """One person's score with everything that went into it, as of a day or the newest one.

    `employee` is an id, an exact name, or the pseudonym of a suggested talk. Raises Refused (which says why there is
    no score), and ModelRefused or Unavailable when the model of that score cannot be asked any more.
    """
    from early_warning.scoring import explained  # noqa: PLC0415  (pandas and XGBoost cost a second)

    with database.begin() as connection:
        known = aliases.person_of(connection, employee)
        # The same pseudonym stands in alerts: whoever it names there is revealed with a role and a reason, not here.
        if known and alerts.of_person(connection, known, FIRST_DAY):
            raise Refused(
                "{alias} stands in an alert as well: `offboard alerts reveal` says who it is, to those who may know. "
                "Then ask for the score by the person's id.",
                alias=employee,
            )
        person = people.find(connection, known or employee)
        asked = day or scores.newest_day(connection)
        found = scores.of(connection, person.id, asked) if asked else None
    if found is None:
        raise why_no_score(person, asked)
    with database.begin() as connection:
        told = explained(connection, found)
    return ScoreExplained(**told.score.model_dump(), figures=told.figures)


def why_no_score(person: Employee, day: date | None) -> Refused:
    """Why a person has no row for a day: only what a scan can mend is answered with a scan."""
    if person.role is not Role.SALESPERSON:
        return Refused("{employee} has no score: only salespeople are scored.", employee=person.id)
    if person.status is EmployeeStatus.LEAVING:
        return Refused(
            "{employee} has no score: the person is in a case, and nobody asks any more whether they will leave.",
            employee=person.id,
        )
    if day is None:
        return Refused("{employee} was not scanned yet: `offboard scan run` does that.", employee=person.id)
    if person.status is EmployeeStatus.LEFT and (person.left_on is None or person.left_on <= day):
        return Refused("{employee} has no score as of {day}: the person had left.", employee=person.id, day=day)
    if person.hired_on and person.hired_on > day:
        return Refused("{employee} has no score as of {day}: the person was hired later.", employee=person.id, day=day)
    return Refused(
        "{employee} was not scanned as of {day}: `offboard scan run --as-of {day}` does that.",
        employee=person.id,
        day=day,
    )
