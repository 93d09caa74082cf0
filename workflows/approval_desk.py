"""The approval desk: asks people, reminds, escalates, and counts their decisions. A silence is never an approval.

A decision is judged by the time at which the hook accepted it, in the round that it answers, not by the order in which
the engine delivers timers and messages: with a worker that was down across the deadline, that order says nothing.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime

from temporalio import workflow

from workflows.approvals_office import ApprovalsOffice, Gate
from workflows.deadline_clock import DeadlineClock

with workflow.unsafe.imports_passed_through():
    from models.approvals import (
        Decision,
        DecisionReceipt,
        GateOutcome,
        GatePlan,
        Ladder,
        OnSilence,
        Refusal,
        Verdict,
        judge,
        remaining_reminders,
    )
    from models.case import GateView
    from models.risk import ReportRef

LADDER_AFTER = {
    Ladder.APPROVER: Ladder.ESCALATION,
    Ladder.ESCALATION: Ladder.FALLBACK,
    Ladder.FALLBACK: Ladder.FALLBACK,
}


class ApprovalDesk:
    """All gates of a case. `barred` people are never asked and never counted, whatever the page showed them."""

    def __init__(
        self,
        case_id: str,
        employee_id: str,
        on_change: Callable[[], None],
        on_forgery: Callable[[str], None] = lambda decision_id: None,
    ) -> None:
        self._on_forgery = on_forgery
        self.barred: frozenset[str] = frozenset()
        self.gates: dict[str, Gate] = {}
        self._office = ApprovalsOffice(case_id, employee_id, on_change)
        self._clock = DeadlineClock()
        self._on_change = on_change
        self._receipts: dict[str, DecisionReceipt] = {}
        self._unrecorded_receipts: list[DecisionReceipt] = []
        self._unrecorded_outcomes: list[GateOutcome] = []
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def problem(self) -> str | None:
        """What keeps the desk from asking people, as an error type; None when all is well."""
        return self._office.problem

    # ---- decisions, from both routes ----

    def refusal_of(self, decision: Decision) -> Refusal | None:
        """Why a decision would not count now; None when it would, or when it was counted before (a repeat)."""
        if decision.decision_id in self._receipts:
            return None
        gate = self.gates.get(decision.gate)
        if gate is None:
            return Refusal.NOT_OPEN
        if not self._can_judge(gate):
            return None  # `hear` waits until it can
        refusal = judge(decision, gate.round_of(decision), gate.outcome, self.barred)
        # A changed report is asked about again; until that round is open, an answer to the old one counts no more.
        if refusal is None and self._office.report and decision.report_digest != self._office.report.digest:
            return Refusal.REPORT_CHANGED
        return refusal

    async def hear(self, decision: Decision) -> DecisionReceipt:
        """Take a decision, after the round that it answers is known and an outcome before it proved to be genuine."""
        gate = self.gates.get(decision.gate)
        if gate is not None and not self._can_judge(gate):
            await workflow.wait_condition(lambda: self._can_judge(gate))
        return self.take(decision)

    def _can_judge(self, gate: Gate) -> bool:
        # A forged outcome stands until it is written down; meanwhile it must not turn the real decision away.
        unproven = bool(self._tasks) and any(outcome is gate.outcome for outcome in self._unrecorded_outcomes)
        return not gate.opening and not unproven

    def take(self, decision: Decision) -> DecisionReceipt:
        """Count or refuse a decision, once: the same decision again gets the same receipt."""
        if known := self._receipts.get(decision.decision_id):
            return known
        refusal = self.refusal_of(decision)
        gate = self.gates.get(decision.gate)
        answered = gate.round_of(decision) if gate else None
        if refusal is None and gate and answered:
            gate.outcome = GateOutcome(
                gate=decision.gate,
                verdict=decision.verdict,
                by=decision.by,
                at=decision.accepted_at,
                round=answered.round,
                report_version=answered.report_version,
                report_digest=answered.report_digest,
            )
            self._unrecorded_outcomes.append(gate.outcome)
        receipt = DecisionReceipt(
            decision_id=decision.decision_id,
            gate=decision.gate,
            counted=refusal is None,
            refusal=refusal,
            verdict=gate.outcome.verdict if gate and gate.outcome else None,
            decided_by=gate.outcome.by if gate and gate.outcome else None,
        )
        self._receipts[decision.decision_id] = receipt
        self._unrecorded_receipts.append(receipt)
        self._on_change()
        return receipt

    # ---- the desk's own life ----

    @property
    def settled(self) -> bool:
        """True when every opened gate has an outcome that is written down."""
        decided = all(gate.outcome for gate in self.gates.values())
        return decided and self.written

    @property
    def views(self) -> tuple[GateView, ...]:
        """Every gate as progress shows it."""
        return tuple(gate.view() for gate in self.gates.values())

    @property
    def outcomes(self) -> tuple[GateOutcome, ...]:
        """Outcomes so far, in the order of the plan."""
        return tuple(gate.outcome for gate in self.gates.values() if gate.outcome)

    @property
    def refused(self) -> bool:
        """True when a gate was declined, or fell silent where the policy says that silence declines."""
        return any(outcome.verdict is not Verdict.APPROVED for outcome in self.outcomes)

    @property
    def declined(self) -> bool:
        """True when a refusal is written down, and so known to be genuine. One is enough to end a plan."""
        return self.refused and self.written

    @property
    def written(self) -> bool:
        """True when nothing waits to be written down."""
        return not self._unrecorded_outcomes and not self._unrecorded_receipts

    def ask(self, plans: tuple[GatePlan, ...], report: ReportRef) -> None:
        """Open gates for a report version. What was decided or is open for an older one is asked again.

        Returns at once: a gate for which nobody can be asked must not keep the case from hearing of a withdrawal.
        """
        self._office.report = report
        if not self._tasks:
            self._tasks += [asyncio.create_task(each) for each in (self._record_for_ever(), self._clock.run())]
        fresh = [plan for plan in plans if plan.gate not in self.gates]
        for plan in plans:
            gate = self.gates.get(plan.gate)
            if gate is not None:
                gate.plan, gate.outcome, gate.asked_again, gate.new_due_at = plan, None, True, None
        if fresh:
            opened = {plan.gate: Gate(plan) for plan in fresh}
            self.gates.update(opened)
            self._tasks.append(asyncio.create_task(self._open(tuple(opened.values()))))
        self._on_change()

    def retime(self, plans: tuple[GatePlan, ...]) -> None:
        """Take new deadlines. A gate that is open with another deadline is asked again, so that people hear of it."""
        for plan in plans:
            gate = self.gates.get(plan.gate)
            if gate and gate.plan.due_at != plan.due_at:
                gate.plan, gate.new_due_at = plan, plan.due_at
                gate.asked_again = gate.asked_again or gate.outcome is None

    async def stop(self) -> None:
        """End every task of the desk (withdrawal, or the end of approvals)."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        for gate in self.gates.values():
            gate.round, gate.opening = None, False
        self._on_change()

    async def _open(self, fresh: tuple[Gate, ...]) -> None:
        wanted = [(gate, Ladder.APPROVER, gate.plan.due_at) for gate in fresh]
        if await self._office.open(wanted, self.barred, once=len(fresh) > 1):
            self._tasks += [asyncio.create_task(self._run(gate)) for gate in fresh]
        else:  # at one of them nobody can be asked: that one waits, and the others need not wait with it
            self._tasks += [asyncio.create_task(self._open((gate,))) for gate in fresh]

    async def _run(self, gate: Gate) -> None:
        ladder = Ladder.APPROVER
        while True:
            await self._await_round(gate)
            if gate.outcome:
                gate.asked_again = False  # decided before a new date could be asked about
                await workflow.wait_condition(lambda: gate.asked_again or gate.outcome is None)
                continue
            if gate.asked_again:
                ladder, due_at = Ladder.APPROVER, gate.new_due_at
            elif ladder is not Ladder.APPROVER and gate.plan.on_silence is OnSilence.DECLINE:
                self._time_out(gate, workflow.now())
                continue
            else:
                ladder, due_at = LADDER_AFTER[ladder], None
            gate.asked_again, gate.new_due_at = False, None
            await self._office.open([(gate, ladder, due_at)], self.barred)

    async def _await_round(self, gate: Gate) -> None:
        """Wait for a decision, reminding on the way; returns at the decision, at the deadline or when asked again."""
        sent, opened_at = 0, workflow.now()
        while gate.round and gate.outcome is None and not gate.asked_again:
            reminders = remaining_reminders(gate.plan, gate.round, opened_at, workflow.now())
            if workflow.now() >= gate.round.due_at:
                for decision in await self._office.stored_decisions(gate):
                    self.take(decision)
                return
            until = reminders[0] if reminders else gate.round.due_at
            if await self._decided_before(gate, until):
                continue
            if reminders:
                sent += 1
                await self._office.remind(gate.round, sent)

    async def _decided_before(self, gate: Gate, moment: datetime) -> bool:
        return await self._clock.until(moment, lambda: gate.outcome is not None or gate.asked_again, gate.plan.gate)

    def _time_out(self, gate: Gate, at: datetime) -> None:
        last = gate.round
        gate.outcome = GateOutcome(
            gate=gate.plan.gate,
            verdict=Verdict.TIMED_OUT,
            at=at,
            round=gate.rounds,
            report_version=last.report_version if last else 0,
            report_digest=last.report_digest if last else "",
        )
        self._unrecorded_outcomes.append(gate.outcome)
        self._on_change()

    async def _record_for_ever(self) -> None:
        while True:
            await workflow.wait_condition(lambda: bool(self._unrecorded_outcomes or self._unrecorded_receipts))
            receipts, outcomes = tuple(self._unrecorded_receipts), tuple(self._unrecorded_outcomes)
            forged = await self._office.record(receipts, outcomes)
            for receipt in receipts:
                if receipt.decision_id in forged:
                    self._take_back(receipt)
            del self._unrecorded_receipts[: len(receipts)]
            del self._unrecorded_outcomes[: len(outcomes)]

    def _take_back(self, receipt: DecisionReceipt) -> None:
        # Whoever reaches the engine can send a decision; only what the hook accepted is one. The gate goes on waiting,
        # also for a real decision with that id: it can be worked out beforehand.
        self._receipts.pop(receipt.decision_id, None)
        gate = self.gates.get(receipt.gate)
        if gate is not None:
            gate.outcome = None
        self._on_forgery(receipt.decision_id)
        self._on_change()
