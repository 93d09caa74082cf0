"""One alert about E1 with its workflow, on any of the servers of these tests."""

import asyncio
from datetime import timedelta
from typing import Any

from temporalio.client import Client, WorkflowHandle

from activities.alerts import tell
from models.errors import Unavailable
from models.warning import AlertProgress, AlertState, Severity
from services.alerts import AlertDecided, decide
from tests.alert_desk import AlertDesk, early_policy, found
from tests.workflow.stage import Stage

HOURS = 24
LAPSE = timedelta(hours=HOURS)
EXPORT = {"crm-1", "erp-1"}


class AlertStage:
    """One alert about E1 with its workflow."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.desk = AlertDesk(stage.database)
        self.id = ""

    async def begin(self, severity: Severity = Severity.HIGH, mode: str = "enforce", **fields: object) -> None:
        """A finding becomes an alert, and its workflow starts."""
        early_policy(self.stage.settings.home, mode=f'"{mode}"', hours=str(HOURS))
        self.id = self.desk.open(found(severity=severity, **fields))
        self.stage.id = self.id
        await tell(self.stage.client, self.id)

    @property
    def handle(self) -> WorkflowHandle[Any, Any]:
        return self.stage.client.get_workflow_handle(self.id, result_type=AlertProgress)

    async def until(self, holds: Any) -> AlertProgress:
        """Wait for the alert to be so."""

        async def look() -> AlertProgress:
            answer: AlertProgress = await self.handle.query("progress", result_type=AlertProgress)
            return answer

        async with asyncio.timeout(20):
            while not holds(now := await look()):
                await asyncio.sleep(0.05)
        return now

    async def decide(self, to: AlertState, by: str = "H1", *, engine: bool = True) -> AlertDecided:
        async def connect() -> Client:
            if not engine:
                raise Unavailable("nobody answers")
            return self.stage.client

        folder = self.stage.settings.policy_dir
        return await decide(self.stage.database, connect, alert_id=self.id, to=to, by=by, note="why", policy_dir=folder)

    def suspended(self) -> set[str]:
        query = "SELECT id FROM entitlements WHERE employee_id = 'E1' AND state = 'suspended'"
        return {row["id"] for row in self.stage.rows(query)}
