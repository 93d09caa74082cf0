"""One timer for all who wait: the earliest deadline. A history grows with what falls due, not with who waits."""

from collections.abc import Callable
from datetime import datetime, timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from models.case_display import cut

SHORTEST = timedelta(milliseconds=1)  # the engine may round a timer down, and then it is set once more


class DeadlineClock:
    """`run` keeps the timer; without it nobody who waits hears of a deadline."""

    def __init__(self) -> None:
        self._waits: dict[int, tuple[datetime, str]] = {}
        self._asked = 0

    async def until(self, moment: datetime, done: Callable[[], bool], who: str) -> bool:
        """True as soon as `done`; False at the moment. `who` is named in the summary of the timer."""
        self._asked += 1
        number = self._asked
        self._waits[number] = (moment, who)
        try:
            await workflow.wait_condition(lambda: done() or workflow.now() >= moment)
        finally:
            del self._waits[number]
        return done()

    async def run(self) -> None:
        """Keep a timer for the earliest deadline, and another one when the earliest is a different one."""
        while True:
            await workflow.wait_condition(lambda: bool(self._waits))
            await self._pass(min(due for due, _ in self._waits.values()))

    async def _pass(self, moment: datetime) -> None:
        names = ", ".join(sorted({who for due, who in self._waits.values() if due == moment}))
        try:
            await workflow.wait_condition(
                lambda: self._earliest() != moment,
                timeout=max(moment - workflow.now(), SHORTEST),
                timeout_summary=cut(f"{names}: waiting until {moment:%Y-%m-%d %H:%M} UTC"),
            )
        except TimeoutError:
            # Those who waited for it run first; what is due must not be waited for again.
            await workflow.wait_condition(lambda: (due := self._earliest()) is None or due > workflow.now())

    def _earliest(self) -> datetime | None:
        return min((due for due, _ in self._waits.values()), default=None)
