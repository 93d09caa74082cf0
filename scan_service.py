"""What HR and the data scientist do to risk scans and models. The command goes through here."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleCalendarSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
    WorkflowFailureError,
)
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import RPCError, RPCStatusCode

from case_service import as_refusal
from models.base import Moment, Value
from models.errors import ModelRefused, Refused, Unavailable
from models.scan import ModelEvaluation, RiskScore, ScanCounts, ScanRequest, ScanResult, TrainingOutcome
from models.search_attributes import TASK_QUEUE
from store import people, scores
from store.database import Database

SCHEDULE = "risk-scan"
CATCH_UP = timedelta(days=1)  # a scan that was missed longer ago would only repeat the next one
ANSWER_WITHIN = timedelta(seconds=10)


class ScanSchedule(Value):
    """The schedule as Temporal keeps it. `missed` (too late) and `skipped` (overlap) count runs that never were."""

    scheduled: bool
    paused: bool = False
    note: str = ""
    next_runs: tuple[Moment, ...] = ()
    runs: int = 0
    missed: int = 0
    skipped: int = 0


class ScanStatus(Value):
    """The schedule, and what the newest scan found. `day` is None before the first one."""

    schedule: ScanSchedule
    day: date | None = None
    counts: ScanCounts = ScanCounts()
    highest: tuple[RiskScore, ...] = ()


async def schedule_scan(client: Client, at: time, zone: str) -> ScanSchedule:
    """Scan every day at a local time. A second call moves the schedule. Raises Refused and Unavailable."""
    wanted = _schedule(at, _known(zone))
    try:
        await _create_or_change(client, wanted)
    except RPCError as lost:
        raise _unavailable(lost) from lost
    return await schedule_of(client)


async def pause_scan(client: Client, note: str, *, resume: bool = False) -> ScanSchedule:
    """Stop the daily scans until they are resumed; `note` says why, and everybody sees it."""
    handle = client.get_schedule_handle(SCHEDULE)
    try:
        await (handle.unpause if resume else handle.pause)(note=note, rpc_timeout=ANSWER_WITHIN)
    except RPCError as lost:
        if lost.status is RPCStatusCode.NOT_FOUND:
            raise Refused("no scan is scheduled: `offboard scan schedule` does that first.") from lost
        raise _unavailable(lost) from lost
    return await schedule_of(client)


async def run_scan(client: Client, as_of: date | None = None) -> ScanResult:
    """Scan now, as of a day or today, and wait for the end; joins a scan of that day that runs already."""
    day = as_of or datetime.now(UTC).date()
    try:
        handle = await client.start_workflow(
            "RiskScan",
            ScanRequest(as_of=day),
            id=f"{SCHEDULE}-{day}",
            task_queue=TASK_QUEUE,
            result_type=ScanResult,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            static_summary=f"risk scan as of {day}",
            rpc_timeout=ANSWER_WITHIN,
        )
        result: ScanResult = await handle.result()
    except WorkflowFailureError as failed:
        raise as_refusal(failed) from failed
    except RPCError as lost:
        raise _unavailable(lost) from lost
    return result


async def schedule_of(client: Client) -> ScanSchedule:
    """The schedule, with its next runs and the runs that never were."""
    try:
        found = await client.get_schedule_handle(SCHEDULE).describe(rpc_timeout=ANSWER_WITHIN)
    except RPCError as lost:
        if lost.status is RPCStatusCode.NOT_FOUND:
            return ScanSchedule(scheduled=False)
        raise _unavailable(lost) from lost
    return ScanSchedule(
        scheduled=True,
        paused=found.schedule.state.paused,
        note=found.schedule.state.note or "",
        next_runs=tuple(found.info.next_action_times[:3]),
        runs=found.info.num_actions,
        missed=found.info.num_actions_missed_catchup_window,
        skipped=found.info.num_actions_skipped_overlap,
    )


async def scan_status(client: Client, database: Database, limit: int = 10) -> ScanStatus:
    """The schedule and the highest scores of the newest day."""
    schedule = await schedule_of(client)
    with database.begin() as connection:
        day = scores.newest_day(connection)
        if day is None:
            return ScanStatus(schedule=schedule)
        found = scores.highest(connection, day, limit)
        return ScanStatus(schedule=schedule, day=day, counts=scores.counts(connection, day), highest=tuple(found))


def explain(database: Database, employee: str, day: date | None = None) -> RiskScore:
    """One person's score with everything that went into it, as of a day or the newest one. Raises Refused."""
    with database.begin() as connection:
        person = people.find(connection, employee)
        asked = day or scores.newest_day(connection)
        found = scores.of(connection, person.id, asked) if asked else None
    if found is None:
        raise Refused(f"{person.id} was not scanned as of {asked or 'any day'}: `offboard scan run` does that.")
    return found


def train_model(database: Database, today: date | None = None) -> TrainingOutcome:
    """Learn from the past leavers in the records, measure and register the model. Nobody is scored with it yet."""
    from early_warning import registry, training  # noqa: PLC0415  (pandas and XGBoost cost a second)

    now = datetime.now(UTC)
    with database.begin() as connection:
        rows = training.observe(connection, today or now.date())
        leavers = training.count_leavers(rows)
        if missing := training.too_little(rows):
            return TrainingOutcome(rows=len(rows), leavers=leavers, insufficient=missing)
        model, measured = training.train_on(rows)
        kept = registry.Registered(model.version, model.document, model.sha256)
        registry.register(connection, kept, rows=len(rows), evaluation=measured, at=now)
    return TrainingOutcome(rows=len(rows), leavers=leavers, version=model.version, evaluation=measured)


def evaluate_model(database: Database, version: str | None = None, today: date | None = None) -> ModelEvaluation:
    """Measure a registered model, or the promoted one, on the records as they are now. Raises ModelRefused."""
    from early_warning import registry, scoring, training  # noqa: PLC0415  (pandas and XGBoost cost a second)

    with database.begin() as connection:
        asked = version or registry.champion(connection)
        model = scoring.scorer(connection, asked) if asked else None
        rows = training.observe(connection, today or datetime.now(UTC).date())
    if model is None:
        raise ModelRefused("no model is promoted: `offboard model promote` does that; scans use the baseline.")
    if missing := training.too_little(rows):
        raise ModelRefused(f"nothing can be measured: {missing}")
    return training.evaluate(model, rows)


def promote_model(database: Database, version: str, by: str) -> str:
    """Score with a registered model from the next scan on; returns the id of `by`, the person who answers for it.

    Raises ModelRefused (unknown, damaged) and UnknownEmployee.
    """
    from early_warning import registry, scoring  # noqa: PLC0415  (pandas and XGBoost cost a second)

    with database.begin() as connection:
        person = people.find(connection, by)
        scoring.scorer(connection, version)
        registry.promote(connection, version, person.id, at=datetime.now(UTC))
    return person.id


def _schedule(at: time, zone: str) -> Schedule:
    return Schedule(
        action=ScheduleActionStartWorkflow(
            "RiskScan",
            ScanRequest(zone=zone),
            id=SCHEDULE,
            task_queue=TASK_QUEUE,
            static_summary="risk scan of every active salesperson",
        ),
        spec=ScheduleSpec(
            calendars=[ScheduleCalendarSpec(hour=_only(at.hour), minute=_only(at.minute))], time_zone_name=zone
        ),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=CATCH_UP),
    )


def _only(value: int) -> Sequence[ScheduleRange]:
    return [ScheduleRange(start=value)]


async def _create_or_change(client: Client, wanted: Schedule) -> None:
    def change(found: ScheduleUpdateInput) -> ScheduleUpdate:
        wanted.state = found.description.schedule.state  # a paused schedule stays paused
        return ScheduleUpdate(schedule=wanted)

    try:
        await client.create_schedule(SCHEDULE, wanted, rpc_timeout=ANSWER_WITHIN)
    except ScheduleAlreadyRunningError:
        await client.get_schedule_handle(SCHEDULE).update(change, rpc_timeout=ANSWER_WITHIN)


def _known(zone: str) -> str:
    try:
        return ZoneInfo(zone).key
    except (ValueError, OSError, ZoneInfoNotFoundError) as unknown:
        raise Refused(f"there is no time zone {zone!r}; write it as Asia/Shanghai. Nothing was scheduled.") from unknown


def _unavailable(lost: RPCError) -> Unavailable:
    return Unavailable(f"the Temporal server does not answer ({lost.status.name}). Nothing was changed.")
