"""From the press of the button to the receipt with 500 open cases, against a bare Update on the same server."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta

import httpx
from sqlalchemy import select
from temporalio.client import Client

from benchmarks.bare_flow import QUEUE, BareDesk
from benchmarks.own_stack import on_a_stack
from connections import connect_temporal, link_secret, open_database
from embedded.demo_browser import Page
from embedded.sample.fill import fill
from embedded.stack import StackInfo
from models.case import SeparationKind
from services.cases import StartOrder, start_case
from settings import Settings
from store import decisions, gates, sessions
from store.database import Database
from store.decisions import DecisionState
from store.gates import GateRow
from store.sessions import Method
from store.tables import employees

CASES = 500
EMPLOYEES = 1150  # half of the salespeople stay, so that there are successors
STARTS_AT_ONCE = 16
IN_TURN, TOGETHER, AT_ONCE = 150, 150, 8
READY_WITHIN = 600.0  # seconds
COOKIE = "offboard"  # as the hook names it behind http

Job = Callable[[], Awaitable[float]]


def run(cases: int = CASES) -> dict[str, str]:
    """Open `cases` cases, then decide one gate of some of them; returns what was measured, ready to print."""
    return on_a_stack(lambda settings, info: _measure(settings, info, cases))


async def _measure(settings: Settings, info: StackInfo, cases: int) -> dict[str, str]:
    database = open_database(settings)
    fill(database, employees=max(60, EMPLOYEES * cases // CASES), seed=11, say=lambda line: None)
    client = await connect_temporal(settings)
    bare = subprocess.Popen([sys.executable, "-m", "benchmarks.bare_flow", str(info.temporal)])
    try:
        waiting = await _open(client, database, _leavers(database, cases))
        chosen = waiting[: IN_TURN + TOGETHER]
        cut = min(IN_TURN, len(chosen) // 2)
        async with httpx.AsyncClient(base_url=str(info.web), follow_redirects=True, timeout=30) as web:
            keys = _sessions(database, link_secret(settings), {row.seats[0].principal for row in chosen})
            presses = [await _press(web, keys, row) for row in chosen]
            bare_in_turn = await _timed(_updates(client, "turn", cut), 1)
            in_turn = await _timed(presses[:cut], 1)
            together = await _timed(presses[cut:], AT_ONCE)
            bare_together = await _timed(_updates(client, "together", len(chosen) - cut), AT_ONCE)
        counted = _counted(database, chosen)
    finally:
        bare.terminate()
        bare.wait()
        database.close()
    return {
        "open cases": str(len(waiting)),
        "decisions counted at the receipt": f"{counted} of {len(chosen)}",
        "press to receipt, one after the other": _told(in_turn),
        "bare update, one after the other": _told(bare_in_turn),
        "ratio of the medians": f"{_share(in_turn, 0.5) / _share(bare_in_turn, 0.5):.1f}",
        f"press to receipt, {AT_ONCE} at a time": _told(together),
        f"bare update, {AT_ONCE} at a time": _told(bare_together),
        f"ratio of the medians, {AT_ONCE} at a time": f"{_share(together, 0.5) / _share(bare_together, 0.5):.1f}",
        "goal": "99 % within 1,000 ms",
    }


def _leavers(database: Database, number: int) -> list[str]:
    sellers = select(employees.c.id).where(employees.c.role == "salesperson", employees.c.status == "active")
    with database.begin() as connection:
        return list(connection.execute(sellers.order_by(employees.c.id).limit(number)).scalars())


async def _open(client: Client, database: Database, leavers: list[str]) -> list[GateRow]:
    """Start a case for everybody and wait until each has asked; returns the finance gate of each."""
    turn = asyncio.Semaphore(STARTS_AT_ONCE)
    day = (datetime.now(UTC) + timedelta(days=30)).date()

    async def one(leaver: str) -> None:
        async with turn:
            order = StartOrder(employee=leaver, kind=SeparationKind.RESIGNATION, last_working_day=day)
            await start_case(client, database, order)

    await asyncio.gather(*(one(leaver) for leaver in leavers))
    give_up = time.monotonic() + READY_WITHIN
    while time.monotonic() < give_up:
        with database.begin() as connection:
            asked = [row for row in gates.waiting(connection) if row.gate == "finance"]
        if len(asked) == len(leavers):
            return asked
        await asyncio.sleep(1)
    raise TimeoutError(f"{len(asked)} of {len(leavers)} cases asked within {READY_WITHIN:.0f} s")


def _sessions(database: Database, secret: str, people: set[str]) -> dict[str, str]:
    """Everybody who decides is signed in, as the level of a case may ask for."""
    with database.begin() as connection:
        return {one: sessions.start(connection, secret, one, Method.CODE, at=datetime.now(UTC)) for one in people}


async def _press(web: httpx.AsyncClient, keys: dict[str, str], row: GateRow) -> Job:
    """Open the page; what comes back presses its button and follows to the receipt."""
    headers = {"Cookie": f"{COOKIE}={keys[row.seats[0].principal]}"}
    page = await web.get(f"/g/{row.case_id}/{row.gate}", headers=headers)
    form = Page(page.text).form()
    if form is None or "seen" not in form.fields:
        raise ValueError(f"{row.case_id}: nothing to decide on the page ({page.status_code})")
    action, sent = form.action, {**form.fields, "verdict": "approve", "note": ""}

    async def press() -> float:
        began = time.perf_counter()
        receipt = await web.post(action, data=sent, headers=headers)
        took = time.perf_counter() - began
        receipt.raise_for_status()
        return took

    return press


def _updates(client: Client, name: str, number: int) -> list[Job]:
    """As many bare workflows, each with one update."""

    async def one(key: str) -> float:
        handle = await client.start_workflow(BareDesk.run, id=key, task_queue=QUEUE)
        began = time.perf_counter()
        await handle.execute_update(BareDesk.decide, "F1")
        return time.perf_counter() - began

    return [lambda key=f"bare-{name}-{each}": one(key) for each in range(number)]  # type: ignore[misc]


async def _timed(jobs: Sequence[Job], at_once: int) -> list[float]:
    turn = asyncio.Semaphore(at_once)

    async def one(job: Job) -> float:
        async with turn:
            return await job()

    return sorted(await asyncio.gather(*(one(job) for job in jobs)))


def _counted(database: Database, rows: Sequence[GateRow]) -> int:
    with database.begin() as connection:
        return sum(
            said.state is DecisionState.COUNTED
            for row in rows
            for said in decisions.of_gate(connection, row.case_id, row.gate)
        )


def _share(seconds: Sequence[float], share: float) -> float:
    return seconds[min(len(seconds) - 1, int(share * len(seconds)))]


def _told(seconds: Sequence[float]) -> str:
    return f"half within {1000 * _share(seconds, 0.5):.0f} ms, 99 % within {1000 * _share(seconds, 0.99):.0f} ms"


if __name__ == "__main__":
    for label, figure in run(int(sys.argv[1]) if len(sys.argv) > 1 else CASES).items():
        print(f"{label}: {figure}")
