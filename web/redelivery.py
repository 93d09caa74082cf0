"""What could not be delivered is delivered again: decisions and changes of people to the engine, messages to people.

A decision that the engine has not confirmed is told to it until it says what became of it.
Without it a decision that was stored while the engine was down would be heard at the deadline of its gate only. It may
run in every copy of the hook at once: the workflow counts a decision once, whoever tells it and how often.
A row that the hook did not write is no decision: it is named in the evidence and told to nobody.
A mail that failed would wait for the next step of its case, which may be days away or, after its end, never come.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import datetime, timedelta
from itertools import groupby

from fastapi import FastAPI
from sqlalchemy.exc import SQLAlchemyError

from activities.approval_records import set_forged_aside
from activities.messages import Post, Try
from models.approvals import DecisionReceipt
from models.errors import Unavailable
from services.alerts import tell_stored
from services.events import EventPost
from services.nudging import nudge
from store import cases, decisions
from store.database import Database
from store.decisions import StoredDecision
from store.pruning import prune
from web.door.engine import ClientProvider, log, tell
from web.hook import Hook
from web.programs.event_delivery import deliver_events

EVERY = timedelta(seconds=30)
# A younger one is being told by the request that stored it.
LEAST_AGE = timedelta(seconds=10)
AT_ONCE = 8  # gates
MAIL_EVERY = timedelta(seconds=60)
SWEEP_EVERY = timedelta(hours=1)  # not a day: a hook that is restarted every night has to get there
MOST_MAILS = 50  # in one round


def redelivering(hook: Hook, post: Post | None) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """The lifespan of an application that delivers again while it serves: decisions every 30 seconds, mails 60."""

    async def tell_again() -> int:
        return await redeliver(hook.database, hook.client, hook.clock(), hook.link_secret)

    async def tell_alerts() -> int:
        return await tell_stored(hook.database, hook.client, hook.clock() - LEAST_AGE)

    async def tell_people() -> int:
        return await nudge(hook.database, hook.client)

    async def clear() -> int:
        return await sweep(hook.database, hook.clock())

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        tasks = [
            asyncio.create_task(_for_ever(tell_again, lambda: EVERY, "stored decisions")),
            asyncio.create_task(_for_ever(tell_alerts, lambda: EVERY, "decisions about alerts")),
            asyncio.create_task(_for_ever(tell_people, lambda: EVERY, "changes of people")),
            asyncio.create_task(_for_ever(clear, lambda: SWEEP_EVERY, "rows that are long over", "deleted")),
        ]
        if post:
            tasks.append(asyncio.create_task(_for_ever(lambda: send_waiting(post), lambda: MAIL_EVERY, "mails")))
        tasks.append(asyncio.create_task(deliver_events(EventPost(hook.database, hook.exchange, hook.clock))))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    return lifespan


async def send_waiting(post: Post) -> int:
    """Try the messages of all cases whose time has come, oldest first; returns how many were settled.

    One a call, so that a process that stops waits for one mail at most. Raises Unavailable when our database does
    not answer.
    """
    settled = 0
    for _ in range(MOST_MAILS):
        done = await asyncio.to_thread(post.retry_one)
        if done is Try.NONE:
            break
        settled += done is Try.SETTLED
    return settled


async def redeliver(database: Database, client: ClientProvider, now: datetime, key: str) -> int:
    """Tell every stored decision once more, each gate in the order of acceptance; returns how many were answered.

    `key` is what the hook marks its decisions with. Raises Unavailable when our database does not answer.
    """
    waiting = await asyncio.to_thread(_waiting, database, now, key)
    gates = [list(group) for _, group in groupby(waiting, key=lambda one: (one.case_id, one.gate))]
    few = asyncio.Semaphore(AT_ONCE)

    async def one_gate(stored: list[StoredDecision]) -> int:
        async with few:
            return await _tell_in_order(database, client, stored)

    return sum(await asyncio.gather(*(one_gate(stored) for stored in gates)))


async def sweep(database: Database, now: datetime) -> int:
    """Delete what nobody needs any more; returns how many rows that were."""

    def in_one_transaction() -> int:
        with database.begin() as connection:
            return prune(connection, now)

    return await asyncio.to_thread(in_one_transaction)


async def _for_ever(
    deliver: Callable[[], Awaitable[int]], pause: Callable[[], timedelta], what: str, done_to: str = "delivered again"
) -> None:
    while True:
        await asyncio.sleep(pause().total_seconds())
        try:
            done = await deliver()
        except (Unavailable, SQLAlchemyError) as down:
            log.warning("%s could not be read: %s", what, type(down).__name__)
        except Exception:  # the next round may do better; without this one fault would end all rounds
            log.exception("a fault of ours while %s were to be %s", what, done_to)
        else:
            if done:
                log.info("%s: %d were %s", what, done, done_to)


def _waiting(database: Database, now: datetime, key: str) -> list[StoredDecision]:
    with database.begin() as connection:
        waiting = decisions.unanswered(connection, now - LEAST_AGE)
        forged: set[str] = set()
        for case_id, gate in sorted({(one.case_id, one.gate) for one in waiting}):
            found = [one for one in waiting if (one.case_id, one.gate) == (case_id, gate)]
            if decisions.forged_among(connection, key, case_id, found):
                forged |= set_forged_aside(connection, key, cases.get(connection, case_id, lock=True), gate, now)
        return [one for one in waiting if one.id not in forged]


async def _tell_in_order(database: Database, client: ClientProvider, stored: list[StoredDecision]) -> int:
    answered = 0
    for one in stored:
        # Never by Signal: with no worker for a night, a signal every 30 seconds would fill the history of the case.
        receipt = await tell(client, one.case_id, one.message(), by_signal=False)
        if receipt is None:
            return answered  # the first accepted decision of a gate must also be the first that is heard
        answered += await asyncio.to_thread(_settle, database, one, receipt)
    return answered


def _settle(database: Database, stored: StoredDecision, receipt: DecisionReceipt) -> bool:
    with database.begin() as connection:
        return decisions.settle(connection, stored.id, receipt)
