"""Triage: one person is asked, reminded, then the next; an alert that nobody decides stays open and is shown."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from temporalio import workflow

from workflows.calls import PAUSE_AFTER_REFUSAL, QUICK, patiently

with workflow.unsafe.imports_passed_through():
    from activities.alerts import AlertActivities
    from models.approvals import Ladder
    from models.warning import AlertState, AskedTriage, AskTriage, RemindTriage

LONGEST_REST = timedelta(hours=12)  # an alert may find nobody for months, and must not fill its history
STEPS = (Ladder.APPROVER, Ladder.ESCALATION, Ladder.FALLBACK)


class AlertTriage:
    """`waiting_on` was asked last and `due_at` is their deadline; `problem` keeps us from asking anybody."""

    def __init__(self, alert_id: str, state: Callable[[], AlertState], on_change: Callable[[], None]) -> None:
        self.waiting_on: tuple[str, ...] = ()
        self.due_at: datetime | None = None
        self.problem: str | None = None
        self._pause = PAUSE_AFTER_REFUSAL
        self._id = alert_id
        self._state = state
        self._on_change = on_change

    @property
    def _waits(self) -> bool:
        return self._state() is AlertState.NEEDS_REVIEW

    async def run(self) -> None:
        """Ask and remind until somebody has decided. Silence climbs the ladder, and at its top asks again."""
        number = 0
        while self._waits:
            number += 1
            asked = await self._ask(number, STEPS[min(number, len(STEPS)) - 1])
            self.waiting_on, self.due_at = asked.approvers, asked.due_at
            self._on_change()
            for place, moment in enumerate(asked.reminders_at, start=1):
                if await self._decided_before(moment, "reminder"):
                    return
                await self._remind(number, place)
            if await self._decided_before(asked.due_at, "deadline of the triage"):
                return

    async def _ask(self, number: int, ladder: Ladder) -> AskedTriage:
        request = AskTriage(alert_id=self._id, round=number, ladder=ladder, at=workflow.now())
        return await patiently(
            lambda: workflow.execute_activity_method(
                AlertActivities.ask_triage, request, summary=f"ask somebody to look, round {number}", **QUICK
            ),
            self._note,
            self._rest,
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

    async def _rest(self) -> None:
        pause, longest = self._pause, LONGEST_REST
        self._pause = min(pause * 2, longest)
        await workflow.sleep(pause, summary="nobody could be asked, try again")

    def _note(self, problem: str | None) -> None:
        if problem != self.problem:
            self.problem = problem
            self._on_change()
