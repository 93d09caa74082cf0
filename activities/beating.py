"""Heartbeats for work that has nothing to say for a long while: a thread of its own tells the engine that we live."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from functools import partial
from threading import Event, Thread

from temporalio import activity

EVERY = 5.0  # seconds; the engine waits thirty
PATIENCE = 20 * 60.0  # seconds without progress after which we let the engine try elsewhere


@contextmanager
def beating(every: float = EVERY, patience: float = PATIENCE) -> Iterator[Callable[..., None]]:
    """Heartbeat from another thread while the block works; outside of an activity nothing happens.

    Yields a function that is called with what was reached: it is the progress. Without any for `patience` seconds the
    heartbeat stops, so that work that hangs is noticed and tried again.
    """
    if not activity.in_activity():
        yield lambda *_: None
        return
    say = _voice()
    newest: tuple[object, ...] = ()
    moved = time.monotonic()
    over = Event()

    def progress(*reached: object) -> None:
        nonlocal newest, moved
        newest, moved = reached, time.monotonic()
        say(*reached)

    def beat() -> None:
        while not over.wait(every) and time.monotonic() - moved < patience:
            say(*newest)

    thread = Thread(target=copy_context().run, args=(beat,), name="heartbeat", daemon=True)
    thread.start()
    try:
        yield progress
    finally:
        over.set()
        thread.join()


def _voice() -> Callable[..., None]:
    """How a thread heartbeats: in an asynchronous activity only its own loop may."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return activity.heartbeat
    context = copy_context()

    def say(*reached: object) -> None:
        loop.call_soon_threadsafe(partial(activity.heartbeat, *reached), context=context)

    return say
