"""Protection: rights are suspended for a while; they come back by themselves unless a person confirms."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta

from temporalio import workflow

from workflows.calls import LONG, patiently

with workflow.unsafe.imports_passed_through():
    from activities.protection import ProtectionActivities
    from models.warning import ENDED, AlertState, Protected, ProtectionState, ProtectRequest

# From the first to the longest pause before rights that could not be taken are tried again.
PAUSES = (timedelta(minutes=1), timedelta(hours=1))


class AlertProtection:
    """`wanted` is set when the severity asks for it; `over` once nothing is held, or was never to be."""

    def __init__(
        self,
        alert_id: str,
        alert: Callable[[], AlertState],
        hear_stored: Callable[[], Awaitable[None]],
        on_change: Callable[[], None],
    ) -> None:
        self.wanted = False
        self.state = ProtectionState.NONE
        self.until: datetime | None = None
        self.open = 0
        self.problem: str | None = None
        self._done = False
        self._id = alert_id
        self._alert = alert
        self._hear_stored = hear_stored
        self._on_change = on_change

    @property
    def over(self) -> bool:
        """True when no right is held for the alert, and none is being taken."""
        return self._done or not self.wanted

    @property
    def waiting_on(self) -> tuple[str, ...]:
        """Rights that resist."""
        return (f"rights that are still open: {self.open}",) if self.open else ()

    @property
    def _holds(self) -> bool:
        return self.state is ProtectionState.SUSPENDED

    def stop(self) -> None:
        """Somebody else has given the rights back: there is nothing to hold and nothing to give back any more."""
        if self._holds:
            self.state, self.open = ProtectionState.GIVEN_BACK, 0

    async def run(self) -> None:
        """Suspend, wait, give back: at the deadline, when the alert is dismissed, or once it is resolved."""
        await workflow.wait_condition(lambda: self.wanted)
        await self._hold()
        if self._holds:
            await self._wait_for_the_end()
            await self._end()
        self._done = True
        self._on_change()

    async def _hold(self) -> None:
        pause, longest = PAUSES
        self._learn(await self._protect())
        while self.open and not self._must_end():
            await self._until(self._must_end, pause, "rights that are still open, try again")
            pause = min(pause * 2, longest)
            if not self._must_end():
                self._learn(await self._protect())

    async def _wait_for_the_end(self) -> None:
        while not self._must_end() and self.until is not None:
            if self._alert() is AlertState.CONFIRMED:
                await workflow.wait_condition(self._must_end)
            else:
                left = self.until - workflow.now()
                await self._until(
                    lambda: self._alert() is not AlertState.NEEDS_REVIEW or not self._holds,
                    left,
                    "end of the protection",
                )
        # Somebody may have confirmed in time while nobody could tell us.
        if self._alert() is AlertState.NEEDS_REVIEW:
            await self._hear_stored()
            if self._alert() is AlertState.CONFIRMED:
                await workflow.wait_condition(self._must_end)

    def _must_end(self) -> bool:
        lapsed = self.until is not None and workflow.now() >= self.until
        return not self._holds or self._alert() in ENDED or (lapsed and self._alert() is AlertState.NEEDS_REVIEW)

    async def _protect(self) -> Protected:
        request = ProtectRequest(alert_id=self._id, at=workflow.now())
        return await patiently(
            lambda: workflow.execute_activity_method(
                ProtectionActivities.protect, request, summary="suspend export rights", **LONG
            ),
            self._note,
        )

    async def _end(self) -> None:
        if not self._holds:  # somebody else has given them back
            return
        request = ProtectRequest(alert_id=self._id, at=workflow.now())
        ended = await patiently(
            lambda: workflow.execute_activity_method(
                ProtectionActivities.end_protection, request, summary="give export rights back", **LONG
            ),
            self._note,
        )
        self._learn(ended)

    async def _until(self, done: Callable[[], bool], span: timedelta, summary: str) -> None:
        with suppress(TimeoutError):
            await workflow.wait_condition(done, timeout=span, timeout_summary=summary)

    def _learn(self, now: Protected) -> None:
        self.state, self.until, self.open = now.state, now.until, now.open
        self._on_change()

    def _note(self, problem: str | None) -> None:
        if problem != self.problem:
            self.problem = problem
            self._on_change()
