"""How an activity that runs in a thread starts or wakes a workflow: by the client of the worker that runs it."""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from typing import Any, NamedTuple

from pydantic import BaseModel
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from models.search_attributes import TASK_QUEUE

ANSWER_WITHIN = 20.0  # seconds; the activity is tried again then


class _Reach(NamedTuple):
    client: Client
    loop: asyncio.AbstractEventLoop


_reach: ContextVar[_Reach | None] = ContextVar("reach", default=None)


class Engine(Interceptor):
    """Gives every activity of a worker the worker's client, also those that run in threads, which the SDK does not."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        """See Interceptor."""
        return _Reaching(next, self._client)


class _Reaching(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, client: Client) -> None:  # noqa: A002
        super().__init__(next)
        self._client = client

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        before = _reach.set(_Reach(self._client, asyncio.get_running_loop()))
        try:
            return await super().execute_activity(input)
        finally:
            _reach.reset(before)


def start_or_wake(workflow: str, request: BaseModel, name: str, signal: str, summary: str) -> bool:
    """Start a workflow under this id, also where an earlier one has ended; one that runs gets the signal instead.

    Both in one call, so that nothing falls between. A new one gets the signal too. Outside of a worker nothing happens
    (False). Blocks until the server has answered; call it from a thread. Raises RPCError and TimeoutError when it does
    not.
    """

    async def start(client: Client) -> None:
        await client.start_workflow(
            workflow,
            request,
            id=name,
            task_queue=TASK_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            start_signal=signal,
            static_summary=summary,
        )

    return _run(start)


def wake(name: str, signal: str) -> bool:
    """Send a signal without content; what has ended, or never was, is left alone. Blocks as `start_or_wake` does."""

    async def send(client: Client) -> None:
        try:
            await client.get_workflow_handle(name).signal(signal)
        except RPCError as lost:
            if lost.status is not RPCStatusCode.NOT_FOUND:
                raise

    return _run(send)


def _run(work: Callable[[Client], Coroutine[Any, Any, None]]) -> bool:
    reach = _reach.get()
    if reach is None:
        return False
    asyncio.run_coroutine_threadsafe(work(reach.client), reach.loop).result(ANSWER_WITHIN)
    return True
