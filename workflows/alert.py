"""One alert, from its opening until it is decided and its protection is over. History holds ids and counts only."""

import asyncio
from collections.abc import Sequence

from temporalio import workflow
from temporalio.common import RawValue

from workflows.alert_protection import AlertProtection
from workflows.alert_triage import AlertTriage
from workflows.calls import QUICK, background, patiently

with workflow.unsafe.imports_passed_through():
    from activities.alerts import AlertActivities
    from models import search_attributes
    from models.approvals import Refusal
    from models.errors import DecisionRefused
    from models.warning import (
        ENDED,
        MOVES,
        AlertProgress,
        AlertRequest,
        AlertState,
        AlertView,
        DecidedTriage,
        ProtectionState,
        Severity,
        TriageDecision,
    )

TRIAGE = "triage"


@workflow.defn(name="Alert")
class AlertWorkflow:
    """Asks people, protects for a while, and ends when people have decided. Nothing but a decision ends it."""

    @workflow.init
    def __init__(self, request: AlertRequest) -> None:
        self._id = request.alert_id
        self._state = AlertState.NEEDS_REVIEW
        self._severity = Severity.LOW
        self._known = False
        self._news = 0
        self._seen = -1
        self._rejected = request.rejected
        self._problem: str | None = None
        self._shown: tuple[object, ...] = ()
        self._turn = asyncio.Lock()
        self._receipts: dict[str, DecidedTriage] = {}
        self._triage = AlertTriage(request.alert_id, request.round, lambda: self._state, self._show)
        self._protection = AlertProtection(request.alert_id, lambda: self._state, self._hear_stored, self._show)
        self._protection.wanted = request.protect

    @workflow.run
    async def run(self, request: AlertRequest) -> AlertProgress:
        """Look, ask and protect at once, until it is decided and every right is as it was."""
        await self._look()
        tasks = [background(each, self._note) for each in (self._watch(), self._triage.run(), self._protection.run())]
        await workflow.wait_condition(lambda: self._state in ENDED or self._grown_long())
        if self._state not in ENDED:
            workflow.continue_as_new(self._for_the_next_run())
        await workflow.wait_condition(lambda: self._protection.over)
        await workflow.wait_condition(workflow.all_handlers_finished)
        for task in tasks:
            task.cancel()
        self._show()
        return self.progress()

    # ---- messages ----

    @workflow.update(name="decide", description="Confirm, dismiss or resolve; refused with a reason when it cannot be")
    async def decide(self, decision: TriageDecision) -> DecidedTriage:
        """Count a decision once; the same `decision_id` again gets the same answer."""
        return await self._hear(decision)

    @decide.validator
    def _may_decide(self, decision: TriageDecision) -> None:
        if decision.decision_id in self._receipts or not self._known:
            return
        if decision.to not in MOVES[self._state]:
            raise DecisionRefused(
                "the alert is {phase} already: it cannot become {what}",
                phase=self._state,
                what=decision.to,
                reason=Refusal.ALREADY_DECIDED,
            )

    @workflow.signal(dynamic=True)
    async def receive(self, name: str, args: Sequence[RawValue]) -> None:
        """`more`: look again; `decision`: as `decide`, for when no worker answers. Takes raw data and never raises."""
        if name == "more":
            self._news += 1
            return
        try:
            if name != "decision":
                raise ValueError("unknown signal")
            decision = workflow.payload_converter().from_payload(args[0].payload, TriageDecision)
            heard = await self._hear(decision)
        except Exception:  # whatever cannot be read is counted and shown; raising would wedge the alert
            heard = None
        if heard is None or not heard.counted:
            self._rejected += 1
            self._show()

    @workflow.query(description="How the alert stands, on whom it waits, and until when rights are suspended")
    def progress(self) -> AlertProgress:
        """The same picture for the CLI and the Web UI."""
        waits = self._triage.waiting_on if self._state is AlertState.NEEDS_REVIEW else ()
        return AlertProgress(
            state=self._state,
            severity=self._severity,
            waiting_on=(*waits, *self._protection.waiting_on, *(each for each in self._problems if each)),
            due_at=self._triage.due_at if self._state is AlertState.NEEDS_REVIEW else None,
            protection=self._protection.state,
            protected_until=self._protection.until,
            rejected=self._rejected,
        )

    # ---- what happens behind them ----

    @staticmethod
    def _grown_long() -> bool:
        """An alert may wait for years and be joined a thousand times; the engine ends what never stops growing."""
        return workflow.info().is_continue_as_new_suggested() and workflow.all_handlers_finished()

    def _for_the_next_run(self) -> AlertRequest:
        """What our books do not hold. Whatever is under way is done again by the next run, and does nothing twice."""
        return AlertRequest(
            alert_id=self._id,
            round=self._triage.round,
            protect=self._protection.wanted,
            rejected=self._rejected,
        )

    @property
    def _problems(self) -> tuple[str | None, ...]:
        return self._problem, self._triage.problem, self._protection.problem

    async def _hear(self, decision: TriageDecision) -> DecidedTriage:
        decided = await self._record(decision)
        if decided.counted:
            await patiently(
                lambda: workflow.execute_activity_method(
                    AlertActivities.tell_case, AlertRequest(alert_id=self._id), summary="tell a case", **QUICK
                ),
                self._note,
            )
        return decided

    async def _record(self, decision: TriageDecision) -> DecidedTriage:
        async with self._turn:  # of two at once, one wins
            if known := self._receipts.get(decision.decision_id):
                return known
            # Whatever was decided about another alert was never decided about this one.
            decision = decision.model_copy(update={"alert_id": self._id})
            decided = await patiently(
                lambda: workflow.execute_activity_method(
                    AlertActivities.record_triage, decision, summary=f"record: {decision.to.value}", **QUICK
                ),
                self._note,
            )
            self._state = decided.state
            if not decided.forged:
                self._receipts[decision.decision_id] = decided
            self._show()
            return decided

    async def _hear_stored(self) -> None:
        """Decisions that were stored and could not be delivered, in the order in which they were taken."""
        for decision in (await self._view()).stored:
            await self._hear(decision)

    async def _watch(self) -> None:
        while True:
            await workflow.wait_condition(lambda: self._news > self._seen)
            await self._look()

    async def _look(self) -> None:
        self._seen = self._news
        view = await self._view()
        self._severity, self._known = view.severity, True
        if not self._receipts:
            self._state = view.state
        for decision in view.stored:
            await self._hear(decision)
        self._protection.wanted = self._protection.wanted or view.to_protect
        if view.given_back:
            self._protection.stop()
        self._show()

    async def _view(self) -> AlertView:
        return await patiently(
            lambda: workflow.execute_activity_method(
                AlertActivities.look_at_alert, AlertRequest(alert_id=self._id), summary="look at the alert", **QUICK
            ),
            self._note,
        )

    def _note(self, problem: str | None) -> None:
        if problem != self._problem:
            self._problem = problem
            self._show()

    def _show(self) -> None:
        now = self.progress()
        until = f", until {now.protected_until:%Y-%m-%d %H:%M} UTC" if now.protected_until else ""
        if now.state is AlertState.CONFIRMED and now.protection is ProtectionState.SUSPENDED:
            until = ", until the alert is resolved"
        waiting = ", ".join(now.waiting_on)
        workflow.set_current_details(
            f"**{now.severity.value} · {now.state.value}**"
            + (f" · waiting on {waiting}" if waiting else "")
            + f"\n\nExport rights: {now.protection.value}{until}"
        )
        # Who is asked is in `progress`; the list of workflows only says for what.
        waiting_for = [TRIAGE] * bool(self._triage.waiting_on) if now.state is AlertState.NEEDS_REVIEW else []
        waiting_for += [*self._protection.waiting_on, *(each for each in self._problems if each)]
        shown = (now.state, now.severity, *waiting_for)
        if shown != self._shown:
            self._shown = shown
            workflow.upsert_search_attributes(
                [
                    search_attributes.PHASE.value_set(now.state.value),
                    search_attributes.LEVEL.value_set(now.severity.value),
                    search_attributes.WAITING_ON.value_set(waiting_for),
                ]
            )
