"""Triage: one person is asked, reminded, then the next; an alert that nobody decides stays open and is shown."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from temporalio import workflow

from workflows.calls import QUICK, patiently

with workflow.unsafe.imports_passed_through():
    from activities.alerts import AlertActivities
    from models.approvals import Ladder
    from models.warning import AlertState, AskedTriage, AskTriage, RemindTriage

STEPS = (Ladder.APPROVER, Ladder.ESCALATION, Ladder.FALLBACK)


class AlertTriage:
    """`waiting_on` was asked last, in `round`; `due_at` is their deadline, `problem` what keeps us from asking."""

    def __init__(
        self, alert_id: str, first_round: int, state: Callable[[], AlertState], on_change: Callable[[], None]
    ) -> None:
        self.round = first_round
        self.waiting_on: tuple[str, ...] = ()
        self.due_at: datetime | None = None
        self.problem: str | None = None
        self._id = alert_id
        self._state = state
        self._on_change = on_change

    @property
    def _waits(self) -> bool:
        return self._state() is AlertState.NEEDS_REVIEW

    async def run(self) -> None:
        """Ask and remind until somebody has decided. Silence climbs the ladder, and at its top asks again."""
        while self._waits:
            asked = await self._ask(self.round, STEPS[min(self.round, len(STEPS)) - 1])
            self.waiting_on, self.due_at = asked.approvers, asked.due_at
            self._on_change()
            for place, moment in enumerate(asked.reminders_at, start=1):
                if await self._decided_before(moment, "reminder"):
                    return
                await self._remind(self.round, place)
            if await self._decided_before(asked.due_at, "deadline of the triage"):
                return
            self.round += 1

    async def _ask(self, number: int, ladder: Ladder) -> AskedTriage:
        request = AskTriage(alert_id=self._id, round=number, ladder=ladder, at=workflow.now())
        return await patiently(
            lambda: workflow.execute_activity_method(
                AlertActivities.ask_triage, request, summary=f"ask somebody to look, round {number}", **QUICK
            ),
            self._note,
        )

    async def _remind(self, number: int, place: int) -> None:
        request = RemindTriage(alert_id=self._id, round=number, number=place, at=workflow.now())
        await patiently(
            lambda: workflow.execute_activity_method(
                AlertActivities.remind_triage, request, summary=f"remind, no. {place}", **QUICK
            ),
            self._note,
        )

    async def _decided_before(self, moment: datetime, summary: str) -> bool:
        left = moment - workflow.now()
        with suppress(TimeoutError):
            await workflow.wait_condition(lambda: not self._waits, timeout=left, timeout_summary=summary)
        return not self._waits

    def _note(self, problem: str | None) -> None:
        if problem != self.problem:
            self.problem = problem
            self._on_change()
