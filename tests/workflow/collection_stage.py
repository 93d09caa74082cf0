"""The follow-up of E1's case with its workflow, on any of the servers of these tests."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from temporalio.client import WorkflowHandle
from temporalio.exceptions import TemporalError
from temporalio.service import RPCError

from models.collection import CollectionRound
from models.search_attributes import TASK_QUEUE
from tests.collection_desk import FOLLOWING, CollectionDesk
from tests.workflow.stage import Stage

MINUTE = timedelta(minutes=1)


class CollectionStage:
    """One follow-up. The hand-over itself is done at the desk: only what comes after it runs here."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.desk = CollectionDesk(stage.database, stage.settings.home)
        stage.id = FOLLOWING

    @property
    def handle(self) -> WorkflowHandle[Any, Any]:
        """Its newest run."""
        return self.stage.client.get_workflow_handle(FOLLOWING, result_type=CollectionRound)

    async def run(self) -> str:
        """The id of that run; its first event tells it."""
        begun = (await self.handle.fetch_history()).events[0].workflow_execution_started_event_attributes
        return begun.original_execution_run_id

    async def begin(self, dates: str | None = None) -> None:
        """Clients change hands now, and their money is followed."""
        policy = self.desk.policy(dates) if dates else None
        self.desk.begin(await self.stage.clock(), policy=policy)
        await self.stage.client.start_workflow("Collection", self.desk.request, id=FOLLOWING, task_queue=TASK_QUEUE)
        await self.until(lambda now: now.open_plans > 0)

    async def until(self, holds: Callable[[CollectionRound], object], within: float = 30) -> CollectionRound:
        """Wait for the follow-up to be so."""
        async with asyncio.timeout(within):
            while True:
                try:
                    now: CollectionRound = await self.handle.query("progress", result_type=CollectionRound)
                    if holds(now):
                        return now
                except (RPCError, TemporalError):  # between two runs
                    pass
                await asyncio.sleep(0.03)

    async def pass_to(self, number: int) -> None:
        """Let time go by until just after a date of the plan."""
        await self.stage.pass_until(self.desk.dates()[number - 1].due_at + MINUTE)
