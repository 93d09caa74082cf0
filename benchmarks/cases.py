"""Cases per second and CPU per case, against a bare flow of the same shape on the same server, in one run."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import psutil
from temporalio.client import Client
from temporalio.exceptions import WorkflowAlreadyStartedError

from benchmarks.bare_flow import GATES, QUEUE, BareFlow
from benchmarks.own_stack import on_a_stack
from connections import connect_temporal, link_secret, open_database
from embedded.sample.fill import fill
from embedded.stack import StackInfo
from models.approvals import Verdict, Via
from models.case import SeparationKind
from services.cases import StartOrder, start_case
from settings import Settings
from store import gates
from store.database import Database
from store.gates import GateRow
from store.tables import employees
from web.door.answers import Standing
from web.door.deciding import decide

CASES = 40
AT_ONCE = 10
LOOK_EVERY = 0.1  # seconds
EMPLOYEES = 130


def run(cases: int = CASES) -> dict[str, str]:
    """Run `cases` cases and as many bare flows, ten at a time, and return what was measured, ready to print."""
    return on_a_stack(lambda settings, info: _measure(settings, info, cases))


async def _measure(settings: Settings, info: StackInfo, cases: int) -> dict[str, str]:
    database = open_database(settings)
    fill(database, employees=EMPLOYEES, seed=11, say=lambda line: None)
    client = await connect_temporal(settings)
    first, *leavers = _leavers(database)[: cases + 1]  # half of the salespeople stay, so that there are successors
    bare = subprocess.Popen([sys.executable, "-m", "benchmarks.bare_flow", str(info.temporal)])
    try:
        servers = [service.pid for service in info.services.values() if service.pid]
        await _in_parallel([lambda number=number: _bare(client, f"warm-{number}") for number in range(5)])  # type: ignore[misc]
        secret = link_secret(settings)
        await _case(client, database, secret, first)  # what a worker loads once in its life is no cost of a case
        flow_time, flow_cpu = await _timed(
            [lambda n=number: _bare(client, f"bare-{n}") for number in range(len(leavers))],  # type: ignore[misc]
            [*servers, bare.pid],
        )
        case_time, case_cpu = await _timed(
            [lambda key=leaver: _case(client, database, secret, key) for leaver in leavers],  # type: ignore[misc]
            servers,
        )
    finally:
        bare.terminate()
        bare.wait()
        database.close()
    number = len(leavers)
    return {
        "cases, ten at a time": str(number),
        "cases per second": f"{number / case_time:.1f}",
        "bare flows per second": f"{number / flow_time:.1f}",
        "CPU of all servers per case": f"{1000 * case_cpu / number:.0f} ms",
        "CPU of all servers per bare flow": f"{1000 * flow_cpu / number:.0f} ms",
        "ratio of throughput, case to bare flow": f"{flow_time / case_time:.2f}",
        "ratio of CPU, case to bare flow": f"{case_cpu / flow_cpu:.2f}",
    }


def _leavers(database: Database) -> list[str]:
    with database.begin() as connection:
        rows = connection.execute(
            employees.select()
            .where(employees.c.role == "salesperson", employees.c.status == "active")
            .order_by(employees.c.id)
        )
        return [row.id for row in rows]


async def _timed(jobs: list[Callable[[], Awaitable[None]]], pids: list[int]) -> tuple[float, float]:
    before, began = _cpu(pids), time.perf_counter()
    await _in_parallel(jobs)
    return time.perf_counter() - began, _cpu(pids) - before


async def _in_parallel(jobs: list[Callable[[], Awaitable[None]]]) -> None:
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(job: Callable[[], Awaitable[None]]) -> None:
        async with turn:
            await job()

    await asyncio.gather(*(one(job) for job in jobs))


def _cpu(pids: list[int]) -> float:
    total = 0.0
    for pid in pids:
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        for process in family:
            try:
                spent = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += spent.user + spent.system
    return total


async def _bare(client: Client, name: str) -> None:
    try:
        handle = await client.start_workflow(BareFlow.run, id=name, task_queue=QUEUE)
    except WorkflowAlreadyStartedError:
        return
    for _ in range(GATES):
        await handle.signal(BareFlow.decide)
    await handle.result()


async def _case(client: Client, database: Database, secret: str, leaver: str) -> None:
    now = datetime.now(UTC)
    started = await start_case(
        client,
        database,
        StartOrder(
            employee=leaver,
            kind=SeparationKind.RESIGNATION,
            last_working_day=(now + timedelta(days=30)).date(),
            access_cutoff=now + timedelta(seconds=1),
        ),
    )
    # Looked up in our books, as an approver's mail would say it: asking the workflow would cost work of its own.
    ending = asyncio.ensure_future(client.get_workflow_handle(started.case_id).result())
    decided: set[str] = set()
    while not ending.done():
        for gate in _waiting(database, started.case_id):
            if gate.gate not in decided:
                result = await decide(
                    database, lambda: _given(client), key=secret, case_id=gate.case_id, gate=gate.gate,
                    verdict=Verdict.APPROVED, by=gate.approvers[0], via=Via.COMMAND, now=datetime.now(UTC),
                )  # fmt: skip
                assert result.standing is not Standing.REFUSED, result
                decided.add(gate.gate)
        await asyncio.wait({ending}, timeout=LOOK_EVERY)
    await ending


def _waiting(database: Database, case_id: str) -> list[GateRow]:
    with database.begin() as connection:
        return [row for row in gates.newest_of(connection, case_id) if row.closed_at is None]


async def _given(client: Client) -> Client:
    return client
