"""A flow of the same shape as a case that does nothing: the yardstick for what Offboard itself costs.

`python -m benchmarks.bare_flow ADDRESS` hosts it.
"""

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Worker

QUEUE = "bare"
BRANCHES, GATES, AFTERWARDS = 5, 4, 4  # as in a case with four gates: transfer, lock, close, last merge


@activity.defn
def nothing(number: int) -> int:
    """An activity that gives back what it got."""
    return number


@workflow.defn
class BareFlow:
    """Plan, five branches at once, merge, ask, a signal and a note for each of four gates, four last steps."""

    def __init__(self) -> None:
        self._signals = 0

    @workflow.run
    async def run(self) -> int:
        """Returns the number of activities."""
        await self._do(0)
        await asyncio.gather(*(self._do(number) for number in range(BRANCHES)))
        for number in (1, 2):
            await self._do(number)
        for heard in range(1, GATES + 1):
            await workflow.wait_condition(lambda: self._signals >= heard, timeout=timedelta(days=2))  # noqa: B023
            await self._do(heard)
        for number in range(AFTERWARDS):
            await self._do(number)
        return 1 + BRANCHES + 2 + GATES + AFTERWARDS

    @workflow.signal
    def decide(self) -> None:
        """One gate is decided."""
        self._signals += 1

    async def _do(self, number: int) -> int:
        return await workflow.execute_activity(nothing, number, start_to_close_timeout=timedelta(seconds=60))


@workflow.defn
class BareDesk:
    """Waits for one update and does nothing with it: the least that an answered decision can cost."""

    def __init__(self) -> None:
        self._decided = False

    @workflow.run
    async def run(self) -> None:
        """Ends with the decision."""
        await workflow.wait_condition(lambda: self._decided)

    @workflow.update
    def decide(self, by: str) -> str:
        """Gives back who decided."""
        self._decided = True
        return by


async def _host(address: str) -> None:
    client = await Client.connect(address, namespace="offboard")
    with ThreadPoolExecutor(16) as pool:
        worker = Worker(client, task_queue=QUEUE, workflows=[BareFlow, BareDesk], activities=[nothing],
                        activity_executor=pool, max_concurrent_activities=16)  # fmt: skip
        await worker.run()


if __name__ == "__main__":
    asyncio.run(_host(sys.argv[1]))
