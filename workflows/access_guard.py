"""Access ends in grades, each at its moment, whatever else the case does; what could not be taken is tried again."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from temporalio import workflow

from workflows.calls import LONG, background, patiently

with workflow.unsafe.imports_passed_through():
    from activities.access import AccessActivities
    from models.access import Grade, LockRequest, LockSummary

ALL_GRADES = tuple(Grade)
# From the first to the longest pause before rights that could not be taken are tried again.
PAUSES = (timedelta(minutes=1), timedelta(hours=1))


class AccessGuard:
    """`digest` names the newest record of the lockdown, `still_open` counts rights that should be taken and are not.

    `over` is true once everything was tried at the access cut-off; what is still open then is tried on.
    """

    def __init__(self, case_id: str, employee_id: str, on_change: Callable[[], None]) -> None:
        self.digest = ""
        self.still_open = 0
        self.over = False
        self.problem: str | None = None
        self._case_id = case_id
        self._employee_id = employee_id
        self._on_change = on_change
        self._task: asyncio.Task[None] | None = None

    def watch(self, first: tuple[Grade, ...], cutoff: Callable[[], datetime], on_healed: Callable[[], None]) -> None:
        """Keep on from the first lock to the end: `cutoff` is asked anew each time, since dates move.

        `on_healed` is called when rights of the first grades that were still open have been taken at last.
        """
        self._task = background(self._keep(first, cutoff, on_healed), self._note)

    async def stop(self) -> None:
        """End the watch and wait until it is gone."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def take(self, grades: tuple[Grade, ...]) -> LockSummary:
        """One pass over the rights of the grades, in order, each read back."""
        asked = LockRequest(case_id=self._case_id, employee_id=self._employee_id, grades=grades)
        span = " to ".join(dict.fromkeys(grade.name.lower() for grade in (min(grades), max(grades))))
        done = await patiently(
            lambda: workflow.execute_activity_method(
                AccessActivities.lock_access, asked, summary=f"lock access, {span}", **LONG
            ),
            self._note,
        )
        self.digest, self.still_open = done.digest, done.unfinished
        self._on_change()
        return done

    async def take_all(self, *, at_cutoff: bool = False) -> None:
        """Every right, as often as it needs; `at_cutoff` says that this is the end of access."""
        pause, longest = PAUSES
        while True:
            done = await self.take(ALL_GRADES)
            self.over = self.over or at_cutoff
            self._on_change()
            if not done.unfinished:
                return
            await workflow.sleep(pause, summary="rights that are still open, try again")
            pause = min(pause * 2, longest)

    async def _keep(
        self, first: tuple[Grade, ...], cutoff: Callable[[], datetime], on_healed: Callable[[], None]
    ) -> None:
        await workflow.wait_condition(lambda: bool(self.digest))
        pause, longest = PAUSES
        was_open = self.still_open > 0
        while (ends := cutoff()) > workflow.now():
            wait = min(pause, ends - workflow.now()) if self.still_open else ends - workflow.now()
            with suppress(TimeoutError):
                await workflow.wait_condition(
                    lambda: cutoff() != ends,
                    timeout=wait,
                    timeout_summary="rights that are still open, try again" if self.still_open else "access cut-off",
                )
            if self.still_open and cutoff() > workflow.now():
                await self.take(first)
                pause = min(pause * 2, longest)
                if was_open and not self.still_open:
                    was_open = False
                    on_healed()
        await self.take_all(at_cutoff=True)

    def _note(self, problem: str | None) -> None:
        if problem != self.problem:
            self.problem = problem
            self._on_change()
