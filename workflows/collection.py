"""The money after a departure: follows every clearing plan of a case to its end. History holds ids and totals only."""

from datetime import timedelta

from temporalio import workflow

from workflows.calls import LONG, patiently
from workflows.deadline_clock import SHORTEST

with workflow.unsafe.imports_passed_through():
    from activities.collection import CollectionActivities
    from models import search_attributes
    from models.case_display import cut
    from models.collection import CollectionLook, CollectionRequest, CollectionRound

# A debt may be followed for years: a look costs about ten events, and a run of some months is quickly read.
MOST_EVENTS = 1000

FOLLOWING, ENDED = "collecting", "collected"


@workflow.defn(name="Collection")
class CollectionWorkflow:
    """Looks whenever something is due, and at least once a working day. Everything that it knows is in our books."""

    @workflow.init
    def __init__(self, request: CollectionRequest) -> None:
        self._request = request
        self._round = CollectionRound(next_at=None)
        self._problem: str | None = None
        self._news = 0
        self._shown: tuple[object, ...] = ()

    @workflow.run
    async def run(self, request: CollectionRequest) -> CollectionRound:
        """Look until nothing is open and nothing is held, or until all dates are over."""
        while True:
            seen = self._news
            self._round = await self._look()
            self._show()
            if self._round.next_at is None and self._news == seen:  # else something was added while we looked
                return self._round
            if self._grown_long():
                workflow.continue_as_new(request)
            try:
                await workflow.wait_condition(
                    lambda: self._news > seen,  # noqa: B023  (awaited in the same turn)
                    timeout=self._pause(),
                    timeout_summary=self._waits_for(),
                )
            except TimeoutError:
                continue

    @workflow.signal(name="look", description="Something was written down: look again now")
    async def hear(self) -> None:
        """Somebody changed what we look at."""
        self._news += 1

    @workflow.query(description="How much is open, what comes next, and on whom it waits")
    def progress(self) -> CollectionRound:
        """The newest look."""
        return self._round

    async def _look(self) -> CollectionRound:
        request = self._request
        return await patiently(
            lambda: workflow.execute_activity_method(
                CollectionActivities.look_at_collection,
                CollectionLook(case_id=request.case_id, employee_id=request.employee_id, at=workflow.now()),
                summary="look at what the clients owe",
                **LONG,
            ),
            self._note,
        )

    def _pause(self) -> timedelta:
        now = workflow.now()
        return max((self._round.next_at or now) - now, SHORTEST)

    @staticmethod
    def _grown_long() -> bool:
        info = workflow.info()
        return info.is_continue_as_new_suggested() or info.get_current_history_length() > MOST_EVENTS

    def _note(self, problem: str | None) -> None:
        if problem != self._problem:
            self._problem = problem
            self._show()

    def _waits_for(self) -> str:
        """`72,000 of 100,000 CNY open · next 2026-12-08 10:00 UTC · waiting on E0007`."""
        now = self._round
        parts = [now.summary or "nothing is open"]
        if now.due_at:
            parts.append(f"next {now.due_at:%Y-%m-%d %H:%M} UTC")
        if now.unread:
            parts.append(f"{now.unread} cannot be read")
        if now.waiting_on:
            parts.append(f"waiting on {', '.join(now.waiting_on)}")
        if self._problem:
            parts.append(self._problem)
        return cut(" · ".join(parts))

    def _show(self) -> None:
        now = self._round
        phase = FOLLOWING if now.next_at else ENDED
        workflow.set_current_details(f"**{phase}** · {self._waits_for()}")
        waiting_on = [*now.waiting_on, *([self._problem] if self._problem else [])]
        shown = (phase, now.due_at, *waiting_on)
        if shown != self._shown:
            self._shown = shown
            due = search_attributes.NEXT_DEADLINE
            workflow.upsert_search_attributes(
                [
                    search_attributes.PHASE.value_set(phase),
                    search_attributes.WAITING_ON.value_set(waiting_on),
                    due.value_set(now.due_at) if now.due_at else due.value_unset(),
                ]
            )
