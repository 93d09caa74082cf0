"""People scanned per second by the real workflow on the embedded stack, its memory, and what the roll-up saves.

`python -m benchmarks.scan --people 100000 --events 10000000` is the full size; so is `python -m benchmarks scan_full`.
"""

import argparse
import asyncio
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TypeVar

import pandas as pd
import psutil
from sqlalchemy import Connection, select, text

from benchmarks.scan_company import fill_company
from connections import connect_temporal, open_database
from early_warning.activity import load_activity
from early_warning.indicators.finder import find
from early_warning.indicators.frames import DAYS, EVENTS, Activity, frame
from embedded.stack import down, up
from models.activity import EventKind
from models.scan import ScanResult
from models.warning_policy import WarningPolicy
from services.scans import run_scan
from settings import Settings
from store import activity
from store.database import Database
from store.policies import load_warning_policy
from store.tables import employees

PEOPLE, EVENTS_OF_ALL = 10_000, 1_000_000
SAMPLE = 2_000
Answer = TypeVar("Answer")
BUDGET_SECONDS, BUDGET_MB = 600, 2048
_DISTINCT = (
    "SELECT employee_id, count(DISTINCT (occurred_at AT TIME ZONE 'Asia/Shanghai')::date), count(DISTINCT kind), "
    "sum(records) FROM activity_events GROUP BY employee_id"
)
_ROLLED_UP = (
    "SELECT employee_id, count(DISTINCT day), count(DISTINCT kind), sum(records) "
    "FROM activity_days GROUP BY employee_id"
)


def run(people: int = PEOPLE, events: int = EVENTS_OF_ALL) -> dict[str, str]:
    """Make the company, scan it, and return what was measured, ready to print."""
    with tempfile.TemporaryDirectory(prefix="offboard-bench-") as place:
        home = Path(place)
        os.environ["OFFBOARD_HOME"] = place
        worker = up(home).services["worker"].pid
        assert worker
        try:
            return _measure(Settings(), worker, people, events)
        finally:
            down(home)


def _measure(settings: Settings, worker: int, people: int, events: int) -> dict[str, str]:
    database, policy, today = open_database(settings), load_warning_policy(), datetime.now(UTC).date()
    began = time.perf_counter()
    fill_company(database, people, events, today, policy, say=lambda line: None)
    filled = time.perf_counter() - began
    with _highest_memory(worker) as megabytes:
        began = time.perf_counter()
        result = asyncio.run(_scan(settings, today))
        seconds = time.perf_counter() - began
    assert result.people == people == result.counts.scored + result.counts.insufficient
    ratios = _ratios(database, policy, today)
    database.close()
    return {
        "people, events": f"{people:,}, {events:,} (made and rolled up in {filled:.0f} s)",
        "scan": f"{seconds:.1f} s, {people / seconds:,.0f} people/s "
        f"(budget for 100,000 people and 10,000,000 events: {BUDGET_SECONDS} s)",
        "peak memory of the worker and its children": f"{megabytes[0]:.0f} MB (budget {BUDGET_MB} MB)",
        "scored": f"{result.counts.scored:,}",
        "findings, alerts": f"{result.counts.findings:,}, {len(result.raised.opened):,}",
        **ratios,
    }


async def _scan(settings: Settings, day: date) -> ScanResult:
    return await run_scan(await connect_temporal(settings), day)


@contextmanager
def _highest_memory(pid: int) -> Iterator[list[float]]:
    """Watches a process and its children; the list holds the most memory they had at once, in MB."""
    highest, over = [0.0], threading.Event()

    def look() -> None:
        process = psutil.Process(pid)
        while not over.wait(0.2):
            family = [process, *process.children(recursive=True)]
            highest[0] = max(highest[0], sum(_resident(each) for each in family) / 2**20)

    watching = threading.Thread(target=look, daemon=True)
    watching.start()
    try:
        yield highest
    finally:
        over.set()
        watching.join()


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def _ratios(database: Database, policy: WarningPolicy, day: date) -> dict[str, str]:
    with database.begin(patient=True) as connection:
        sellers = select(employees.c.id).where(employees.c.role == "salesperson").order_by(employees.c.id).limit(SAMPLE)
        ids = list(connection.execute(sellers).scalars())
        rolled, found = _timed(lambda: find(load_activity(connection, ids, day, policy), policy, day))
        raw, same = _timed(lambda: find(_from_events(connection, ids, day, policy), policy, day))
        assert same == found, "the raw events say what the roll-up says"
        distinct, counted = _timed(lambda: connection.execute(text(_DISTINCT)).all())
        summed, again = _timed(lambda: connection.execute(text(_ROLLED_UP)).all())
        assert sorted(counted) == sorted(again)
    return {
        f"indicators of {len(ids):,} people": f"{rolled:.2f} s from the roll-up, {raw:.2f} s by pandas from raw events",
        "ratio to the pandas version over raw events": f"{rolled / raw:.2f}",
        "counts of everybody": f"{summed:.2f} s from the roll-up, {distinct:.2f} s by count(distinct) over the events",
        "ratio to a plain SELECT over the events": f"{summed / distinct:.2f}",
    }


def _from_events(connection: Connection, ids: Sequence[str], day: date, policy: WarningPolicy) -> Activity:
    """The same frames with the days counted by pandas from single events."""
    known = load_activity(connection, ids, day, policy)
    first, people = known.days["day"].min(), list(known.people["employee_id"])
    single = frame(EVENTS, activity.events(connection, people, first, day, list(EventKind)))
    local = pd.to_datetime(single["occurred_at"], utc=True).dt.tz_convert("Asia/Shanghai")
    clock = local.dt.hour * 60 + local.dt.minute
    since, until = (each.hour * 60 + each.minute for each in policy.after_hours)
    single["day"] = local.dt.date
    single["after_hours"] = ((clock >= since) | (clock < until) | (local.dt.day_of_week > 4)).astype(int)
    cells = single[single["day"] >= first].groupby(["employee_id", "day", "kind", "destination"], as_index=False)
    days = cells.agg(events=("id", "size"), records=("records", "sum"), after_hours=("after_hours", "sum"))
    return Activity(known.people, days[list(DAYS)], known.events, known.claims, known.triggers)


def _timed(work: Callable[[], Answer]) -> tuple[float, Answer]:
    began = time.perf_counter()
    answer = work()
    return time.perf_counter() - began, answer


if __name__ == "__main__":
    asked = argparse.ArgumentParser()
    asked.add_argument("--people", type=int, default=PEOPLE)
    asked.add_argument("--events", type=int, default=EVENTS_OF_ALL)
    size = asked.parse_args()
    for label, figure in run(size.people, size.events).items():
        print(f"{label}: {figure}")
