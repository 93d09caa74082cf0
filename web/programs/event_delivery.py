"""The rounds in which events go out while the hook serves: one for each endpoint, so that none waits for another."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

from sqlalchemy.exc import SQLAlchemyError

from models.errors import Unavailable
from services.events import EventPost, log

EVERY = timedelta(seconds=2)


async def deliver_events(post: EventPost) -> None:
    """Deliver events until cancelled."""
    async with asyncio.TaskGroup() as rounds:
        rounds.create_task(_for_ever(lambda: asyncio.to_thread(post.spread)))
        for endpoint in post.endpoints:
            rounds.create_task(_for_ever(partial(post.deliver, endpoint)))


async def _for_ever(deliver: Callable[[], Awaitable[int]]) -> None:
    while True:
        done = 0
        try:
            done = await deliver()
        except (Unavailable, SQLAlchemyError) as down:
            log.warning("events could not be read: %s", type(down).__name__)
        except Exception:  # the next round may do better; without this one fault would end all rounds
            log.exception("a fault of ours while events were delivered")
        if not done:
            await asyncio.sleep(EVERY.total_seconds())
