"""When scans run: the daily one, the watch for new events beside it, and days that are scanned after the event.

Both are Temporal Schedules. The day of a scan is the day that it was scheduled for, however late it starts.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleBackfill,
    ScheduleCalendarSpec,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.service import RPCError, RPCStatusCode

from models.base import Moment, Value
from models.errors import BadDates, Refused, Unavailable
from models.scan import ScanKind, ScanRequest
from models.search_attributes import TASK_QUEUE

SCHEDULE = "risk-scan"
WATCH = "behaviour-watch"
CATCH_UP = timedelta(days=1)  # a scan that was missed longer ago would only repeat the next one
WATCH_EVERY = timedelta(minutes=10)  # HR hears of what came in within fifteen (features B3)
ANSWER_WITHIN = timedelta(seconds=10)
LONGEST_BACKFILL = 366  # days


class ScanSchedule(Value):
    """A schedule as Temporal keeps it. `missed` (too late) and `skipped` (overlap) count runs that never were."""

    id: str
    scheduled: bool
    zone: str = ""
    paused: bool = False
    note: str = ""
    next_runs: tuple[Moment, ...] = ()
    runs: int = 0
    missed: int = 0
    skipped: int = 0


class Backfill(Value):
    """Days that are scanned one after the other, from now on."""

    first: date
    last: date
    days: int


async def schedule_scan(client: Client, at: time, zone: str) -> ScanSchedule:
    """Scan every day at a local time, and watch for new events. A second call moves both.

    Raises Refused and Unavailable.
    """
    zone = _known(zone)
    daily = ScheduleSpec(
        calendars=[ScheduleCalendarSpec(hour=_only(at.hour), minute=_only(at.minute))], time_zone_name=zone
    )
    often = ScheduleSpec(intervals=[ScheduleIntervalSpec(every=WATCH_EVERY)], time_zone_name=zone)
    try:
        await put(client, SCHEDULE, daily, ScanRequest(zone=zone), CATCH_UP)
        # A watch that was missed is no loss: the next one sees all that came in since the last.
        await put(client, WATCH, often, ScanRequest(zone=zone, kind=ScanKind.WATCH), WATCH_EVERY)
    except RPCError as lost:
        raise unavailable(lost) from lost
    return await schedule_of(client)


async def put(client: Client, name: str, spec: ScheduleSpec, request: ScanRequest, catch_up: timedelta) -> None:
    """Make a schedule of scans, or change it. Runs never overlap; those missed within `catch_up` are caught up."""
    wanted = Schedule(
        action=ScheduleActionStartWorkflow(
            "RiskScan", request, id=name, task_queue=TASK_QUEUE, static_summary=f"{request.kind} scan of salespeople"
        ),
        spec=spec,
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=catch_up),
    )

    def change(found: ScheduleUpdateInput) -> ScheduleUpdate:
        wanted.state = found.description.schedule.state  # a paused schedule stays paused
        return ScheduleUpdate(schedule=wanted)

    try:
        await client.create_schedule(name, wanted, rpc_timeout=ANSWER_WITHIN)
    except ScheduleAlreadyRunningError:
        await client.get_schedule_handle(name).update(change, rpc_timeout=ANSWER_WITHIN)


async def pause_scan(client: Client, note: str, *, resume: bool = False) -> ScanSchedule:
    """Stop the daily scans and the watch until they are resumed; `note` says why, and everybody sees it."""
    try:
        for name in (SCHEDULE, WATCH):
            handle = client.get_schedule_handle(name)
            await (handle.unpause if resume else handle.pause)(note=note, rpc_timeout=ANSWER_WITHIN)
    except RPCError as lost:
        raise _not_scheduled(lost) from lost
    return await schedule_of(client)


async def backfill_scans(client: Client, first: date, last: date) -> Backfill:
    """Scan the days from `first` to `last` one after the other, each as of its own scheduled time.

    Raises BadDates, Refused without a schedule, and Unavailable.
    """
    schedule = await schedule_of(client)
    zone = ZoneInfo(schedule.zone or "UTC")
    now = datetime.now(UTC)
    days = (last - first).days + 1
    if not 0 < days <= LONGEST_BACKFILL or last > now.astimezone(zone).date():
        raise BadDates(
            "scans can be made up for 1 to {longest} days that are not in the future; {first} to {last} is not that. "
            "Nothing was started.",
            longest=LONGEST_BACKFILL,
            first=first,
            last=last,
        )
    start, end = datetime.combine(first, time(), zone), datetime.combine(last, time(), zone) + timedelta(days=1)
    # Temporal counts a run at the start itself as before it.
    span = ScheduleBackfill(
        start_at=start - timedelta(seconds=1),
        end_at=min(end - timedelta(seconds=1), now),
        overlap=ScheduleOverlapPolicy.BUFFER_ALL,
    )
    try:
        await client.get_schedule_handle(SCHEDULE).backfill(span, rpc_timeout=ANSWER_WITHIN)
    except RPCError as lost:
        raise _not_scheduled(lost) from lost
    return Backfill(first=first, last=last, days=days)


async def schedule_of(client: Client, name: str = SCHEDULE) -> ScanSchedule:
    """A schedule, with its next runs and the runs that never were."""
    try:
        found = await client.get_schedule_handle(name).describe(rpc_timeout=ANSWER_WITHIN)
    except RPCError as lost:
        if lost.status is RPCStatusCode.NOT_FOUND:
            return ScanSchedule(id=name, scheduled=False)
        raise unavailable(lost) from lost
    return ScanSchedule(
        id=name,
        scheduled=True,
        zone=found.schedule.spec.time_zone_name or "UTC",
        paused=found.schedule.state.paused,
        note=found.schedule.state.note or "",
        next_runs=tuple(found.info.next_action_times[:3]),
        runs=found.info.num_actions,
        missed=found.info.num_actions_missed_catchup_window,
        skipped=found.info.num_actions_skipped_overlap,
    )


def unavailable(lost: RPCError) -> Unavailable:
    """What it means that the server did not take a request."""
    return Unavailable("the Temporal server does not answer ({status}). Nothing was changed.", status=lost.status.name)


def _not_scheduled(lost: RPCError) -> Refused | Unavailable:
    if lost.status is RPCStatusCode.NOT_FOUND:
        return Refused("no scan is scheduled: `offboard scan schedule` does that first.")
    return unavailable(lost)


def _only(value: int) -> Sequence[ScheduleRange]:
    return [ScheduleRange(start=value)]


def _known(zone: str) -> str:
    try:
        return ZoneInfo(zone).key
    except (ValueError, OSError, ZoneInfoNotFoundError) as unknown:
        raise Refused(
            "there is no time zone {zone!r}; write it as Asia/Shanghai. Nothing was scheduled.", zone=zone
        ) from unknown
