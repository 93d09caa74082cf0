"""How the workflow calls its departments: timeouts and retries by kind of I/O, and patience."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from typing import TypedDict, TypeVar

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, is_cancelled_exception

T = TypeVar("T")

# Systems come back within seconds or within days: start quickly, settle at once a minute, never give up.
_RETRY = RetryPolicy(
    initial_interval=timedelta(seconds=1), backoff_coefficient=2, maximum_interval=timedelta(minutes=1)
)


class CallConfig(TypedDict, total=False):
    """Timeouts and retries of one kind of call; the summary is always written where the call is made."""

    start_to_close_timeout: timedelta
    schedule_to_close_timeout: timedelta
    heartbeat_timeout: timedelta
    retry_policy: RetryPolicy
    cancellation_type: workflow.ActivityCancellationType


# What has failed for as long as `schedule_to_close` comes back to the workflow, which shows it and goes on trying.
QUICK: CallConfig = {
    "start_to_close_timeout": timedelta(seconds=60),
    "schedule_to_close_timeout": timedelta(minutes=30),
    "retry_policy": _RETRY,
}
LONG: CallConfig = {
    "start_to_close_timeout": timedelta(hours=2),
    "schedule_to_close_timeout": timedelta(hours=6),
    # Well below the budget of the branches: a killed worker must be noticed before a branch counts as unknown.
    "heartbeat_timeout": timedelta(seconds=30),
    # A withdrawal walks effects back: it must not start while the other half of an activity still runs.
    "cancellation_type": workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    "retry_policy": _RETRY,
}

# From the first to the longest pause after a refusal. Somebody who must come may take months, and each try costs eight
# events of a history that the engine ends at 51,200.
PAUSES_AFTER_REFUSAL = (timedelta(minutes=15), timedelta(hours=4))
WHY_PAUSE = "after a refusal, before the next try"


async def rest(pause: timedelta) -> None:
    """The pause between two tries of something that was refused."""
    await workflow.sleep(pause, summary=WHY_PAUSE)


async def patiently(
    call: Callable[[], Awaitable[T]],
    on_refusal: Callable[[str | None], None],
    between: Callable[[timedelta], Awaitable[object]] = rest,
) -> T:
    """Run an activity until it works.

    What is worth a retry is retried by the engine. What is refused (a missing role, a changed policy) needs a person:
    `on_refusal` is told the type of the error so that progress shows it, and the call is made again after `between`,
    which is handed ever longer pauses.
    """
    pause, longest = PAUSES_AFTER_REFUSAL
    while True:
        try:
            result = await call()
        except ActivityError as refused:
            if is_cancelled_exception(refused):
                raise
            on_refusal(_kind_of(refused))
            await between(pause)
            pause = min(pause * 2, longest)
        else:
            on_refusal(None)
            return result


def _kind_of(failure: ActivityError) -> str:
    """The type of our error where there is one: also behind a timeout, whose last attempt it was."""
    cause: BaseException | None = failure.cause
    while cause is not None:
        if isinstance(cause, ApplicationError) and cause.type:
            return cause.type
        cause = getattr(cause, "cause", None)
    return "no answer in time"


def background(work: Coroutine[None, None, None], on_problem: Callable[[str | None], None]) -> "asyncio.Task[None]":
    """Run something beside the story. A defect in it is shown as a problem: nobody awaits a background task."""

    async def guarded() -> None:
        try:
            await work
        except asyncio.CancelledError:
            raise
        except Exception as defect:
            if not is_cancelled_exception(defect):
                on_problem(f"defect: {type(defect).__name__}")
            raise

    return asyncio.create_task(guarded())
