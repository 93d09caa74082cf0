"""The schedules of scans on a real server: moved, paused, made up for, and caught up after a standstill."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from pathlib import Path

import pytest
from temporalio import activity
from temporalio.client import Client, ScheduleIntervalSpec, ScheduleSpec
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from connections import NAMESPACE
from embedded.temporal import Temporal, find_binary
from models.errors import BadDates, Refused, Unavailable
from models.scan import PlanScan, ScanKind, ScanPlan, ScanRequest
from models.search_attributes import TASK_QUEUE
from services import schedules
from services.schedules import SCHEDULE, WATCH
from worker import sandbox
from workflows.risk_scan import RiskScanWorkflow


def today() -> date:
    """Today by UTC; asked anew by every test, which may run after the midnight that follows."""
    return datetime.now(UTC).date()


class Planner:
    """Plans watches without news, so that a scan is over at once, and keeps the days that were asked for."""

    def __init__(self) -> None:
        self.days: list[date] = []

    @activity.defn(name="plan_scan")
    async def plan_scan(self, asked: PlanScan) -> ScanPlan:
        day = asked.at.astimezone(UTC).date()
        self.days.append(day)
        return ScanPlan(
            scan_id=asked.scan_id, kind=ScanKind.WATCH, as_of=day, model_version="baseline-1", policy_version="1"
        )


@pytest.fixture
async def temporal() -> AsyncIterator[Client]:
    """A Temporal server of the test's own."""
    server = await WorkflowEnvironment.start_local(
        dev_server_existing_path=str(find_binary()),
        data_converter=pydantic_data_converter,
        dev_server_log_level="error",
    )
    yield server.client
    await server.shutdown()


def worker(client: Client, planner: Planner) -> Worker:
    return Worker(
        client,
        task_queue=TASK_QUEUE,
        workflows=[RiskScanWorkflow],
        activities=[planner.plan_scan],
        workflow_runner=sandbox(),
    )


async def reached(condition: Callable[[], bool], seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        await asyncio.sleep(0.05)


async def test_the_schedules_are_made_moved_paused_and_resumed_together(temporal: Client) -> None:
    with pytest.raises(Refused, match="no scan is scheduled"):
        await schedules.pause_scan(temporal, "holidays")
    with pytest.raises(Refused, match="no scan is scheduled"):
        await schedules.backfill_scans(temporal, today(), today())
    with pytest.raises(Refused, match="no time zone"):
        await schedules.schedule_scan(temporal, clock(6), "Asia/Atlantis")
    assert (await schedules.schedule_of(temporal)).scheduled is False
    made = await schedules.schedule_scan(temporal, clock(6), "Asia/Shanghai")
    assert [(run.astimezone(UTC).hour, run.minute) for run in made.next_runs] == [(22, 0)] * 3
    paused = await schedules.pause_scan(temporal, "holidays")
    assert (paused.paused, paused.note) == (True, "holidays")
    moved = await schedules.schedule_scan(temporal, clock(7, 30), "Asia/Shanghai")
    assert [(run.astimezone(UTC).hour, run.minute) for run in moved.next_runs] == [(23, 30)] * 3
    watch = await schedules.schedule_of(temporal, WATCH)
    assert moved.paused, "moving a paused schedule does not start it"
    assert watch.paused
    assert {later - sooner for sooner, later in zip(watch.next_runs, watch.next_runs[1:], strict=False)} == {
        timedelta(minutes=10)
    }
    assert not (await schedules.pause_scan(temporal, "back", resume=True)).paused
    for name, window in ((SCHEDULE, timedelta(days=1)), (WATCH, timedelta(minutes=10))):
        found = (await temporal.get_schedule_handle(name).describe()).schedule.policy
        assert (found.overlap.name, found.catchup_window) == ("SKIP", window)


async def test_days_gone_by_are_scanned_each_as_of_its_own_scheduled_time(temporal: Client) -> None:
    planner = Planner()
    await schedules.schedule_scan(temporal, clock(12), "UTC")
    await schedules.pause_scan(temporal, "the backfill alone")
    first, last = today() - timedelta(days=5), today() - timedelta(days=3)
    async with worker(temporal, planner):
        assert (await schedules.backfill_scans(temporal, first, last)).days == 3
        await reached(lambda: len(planner.days) == 3)
    assert planner.days == [first, first + timedelta(days=1), last]


@pytest.mark.parametrize(("since", "until"), [(2, 3), (-1, -1), (400, 0)])
async def test_days_that_cannot_be_scanned_are_refused(temporal: Client, since: int, until: int) -> None:
    await schedules.schedule_scan(temporal, clock(6), "UTC")
    with pytest.raises(BadDates, match="Nothing was started"):
        await schedules.backfill_scans(temporal, today() - timedelta(days=since), today() - timedelta(days=until))


async def connect(server: Temporal) -> Client:
    return await Client.connect(server.address(), namespace=NAMESPACE, data_converter=pydantic_data_converter)


async def test_a_server_that_was_down_makes_up_for_what_its_policy_says(tmp_path: Path) -> None:
    """Of the fire times while it was down, those older than the window are missed, and one of the others is run."""
    every, window = timedelta(seconds=2), timedelta(seconds=10)  # ten is the shortest that the server takes
    server, planner = Temporal(tmp_path, tmp_path / "server.log"), Planner()
    await asyncio.to_thread(server.start)
    try:
        spec = ScheduleSpec(intervals=[ScheduleIntervalSpec(every=every)])
        client = await connect(server)
        await schedules.put(client, SCHEDULE, spec, ScanRequest(), window)
        async with worker(client, planner):
            await reached(lambda: len(planner.days) == 1)
        first = (await client.get_schedule_handle(SCHEDULE).describe()).info.recent_actions[0].scheduled_at
        await asyncio.to_thread(server.stop)
        with pytest.raises(Unavailable, match="Nothing was changed"):
            await schedules.schedule_scan(client, clock(6), "UTC")
        await reached(lambda: datetime.now(UTC) > first + window + 3 * every)
        await asyncio.to_thread(server.start)
        client = await connect(server)
        async with worker(client, planner):
            await reached(lambda: len(planner.days) == 2)
            info = (await client.get_schedule_handle(SCHEDULE).describe()).info
    finally:
        await asyncio.to_thread(server.stop)
    caught_up = info.recent_actions[1]
    fired = [first + number * every for number in range(1, 60) if first + number * every <= caught_up.started_at]
    too_old = [moment for moment in fired if moment < caught_up.started_at - window]
    assert len(too_old) >= 3
    assert (info.num_actions, info.num_actions_missed_catchup_window) == (2, len(too_old))
    assert caught_up.scheduled_at == fired[len(too_old)]
    assert info.num_actions_skipped_overlap == len(fired) - len(too_old) - 1
