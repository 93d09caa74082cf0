"""Tells cases that people changed. The signal says nothing else: the case reads in our database who answers now."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from models.errors import Unavailable
from store import delegations, nudges
from store.database import Database

Connect = Callable[[], Awaitable[Client]]

CONNECT_SECONDS = 3.0
SIGNAL_WITHIN = timedelta(seconds=2)
MOST, AT_ONCE = 100, 16  # nudges in one call; signals at a time


async def nudge(database: Database, connect: Connect) -> int:
    """Signal every case whose people changed and that has not heard of it; returns how many were told.

    A case that is over, or that takes no more signals, counts as told. While the engine is down nothing is lost: what
    is untold is told next time. Raises Unavailable when our database does not answer.
    """
    waiting = await asyncio.to_thread(_waiting, database)
    if not waiting:
        return 0
    try:
        client = await asyncio.wait_for(connect(), CONNECT_SECONDS)
    except (Unavailable, RPCError, RuntimeError, OSError, TimeoutError):
        return 0
    told = await _signal_all(client, list(waiting))
    await asyncio.to_thread(_mark, database, [number for case_id in told for number in waiting[case_id]])
    return len(told)


async def _signal_all(client: Client, case_ids: list[str]) -> list[str]:
    """The cases that were told. The first that cannot be told ends it: somebody may be waiting for a page."""
    told: list[str] = []
    turn, down = asyncio.Semaphore(AT_ONCE), asyncio.Event()

    async def one(case_id: str) -> None:
        async with turn:
            if down.is_set():
                return
            if await _signal(client, case_id):
                told.append(case_id)
            else:
                down.set()

    await asyncio.gather(*(one(case_id) for case_id in case_ids))
    return told


async def _signal(client: Client, case_id: str) -> bool:
    try:
        await client.get_workflow_handle(case_id).signal("people", rpc_timeout=SIGNAL_WITHIN)
    except RPCError as failed:
        # One that is over, or that was sent more signals than the engine takes, is told nothing ever; others still are.
        return failed.status in {RPCStatusCode.NOT_FOUND, RPCStatusCode.INVALID_ARGUMENT}
    return True


def _waiting(database: Database) -> dict[str, list[int]]:
    by_case: dict[str, list[int]] = {}
    with database.begin() as connection:
        delegations.nudge_what_is_due(connection, datetime.now(UTC))
        for one in nudges.untold(connection, MOST):
            by_case.setdefault(one.case_id, []).append(one.id)
    return by_case


def _mark(database: Database, numbers: list[int]) -> None:
    with database.begin() as connection:
        nudges.mark_told(connection, numbers, datetime.now(UTC))
