"""The approval desk: asks people, reminds, escalates, and hears their decisions. A silence is never an approval."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta

from temporalio import workflow

from workflows.approvals_office import ApprovalsOffice
from workflows.calls import WHY_PAUSE
from workflows.deadline_clock import DeadlineClock

with workflow.unsafe.imports_passed_through():
    from models.approvals import Decision, DecisionReceipt, GatePlan, GateRound, Ladder
    from models.judging import remaining_reminders
    from models.risk import ReportRef
    from workflows.decision_book import DecisionBook
    from workflows.gate import Gate, Step
    from workflows.people_news import PeopleNews


class ApprovalDesk(DecisionBook):
    """The gates of a case while they are worked on: one task for each, one that writes down, one that seats people."""

    def __init__(
        self,
        case_id: str,
        employee_id: str,
        on_change: Callable[[], None],
        on_forgery: Callable[[str], None] = lambda decision_id: None,
    ) -> None:
        super().__init__(on_change, on_forgery)
        self._office = ApprovalsOffice(case_id, employee_id, on_change)
        self._clock = DeadlineClock()
        self._tasks: list[asyncio.Task[None]] = []
        self._people = PeopleNews()

    @property
    def problem(self) -> str | None:
        """What keeps the desk from asking people, as an error type; None when all is well."""
        return self._office.problem

    # ---- what the case says to the desk ----

    async def hear(self, decision: Decision) -> DecisionReceipt:
        """Take a decision, after the round that it answers is known and what is before it proved to be genuine."""
        while not self.can_judge(decision):  # once more for each who waited for the same
            await workflow.wait_condition(lambda: self.can_judge(decision))
        return self.take(decision)

    def ask(self, plans: Sequence[GatePlan], report: ReportRef) -> None:
        """Open gates for a report version. What was decided or is open for an older one is asked again.

        Returns at once: a gate for which nobody can be asked must not keep the case from hearing of a withdrawal.
        """
        self.report = report
        if not self._tasks:
            lasting = (self._record_for_ever(), self._reseat_for_ever(), self._clock.run())
            self._tasks += [asyncio.create_task(each) for each in lasting]
        for plan in plans:
            if gate := self.gates.get(plan.gate):
                gate.plan = plan
                gate.lapse()
        fresh = {plan.gate: Gate(plan) for plan in plans if plan.gate not in self.gates}
        self.gates.update(fresh)
        if fresh:
            self._tasks.append(asyncio.create_task(self._open(tuple(fresh.values()))))
        self._on_change()

    def retime(self, plans: Sequence[GatePlan]) -> None:
        """Take new deadlines. A gate that is open with another deadline is asked again, so that people hear of it."""
        for plan in plans:
            gate = self.gates.get(plan.gate)
            if gate and gate.plan.due_at != plan.due_at:
                gate.plan = plan
                asked = gate.rounds > 0 or not plan.after
                if gate.outcome is None and asked:
                    gate.next = Step(Ladder.APPROVER, plan.due_at)

    def people_changed(self) -> None:
        """Somebody delegated, left or came: see who holds the seats now, and ask where nobody could be asked."""
        self._people.hear()

    async def carry_over(self, report: ReportRef) -> None:
        """A new version of the report changes nothing that matters: note it where people have spoken."""
        if gates := tuple(gate.plan.gate for gate in self.gates.values() if gate.votes):
            await self._office.note_carry_over(gates, report)

    async def stop(self) -> None:
        """End every task of the desk (withdrawal, or the end of approvals)."""
        self._over = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        for gate in self.gates.values():
            gate.round, gate.opening, gate.reseating = None, False, False
        self._on_change()

    # ---- one gate ----

    async def _open(self, fresh: Sequence[Gate]) -> None:
        ready = [gate for gate in fresh if not self.rests(gate)]
        if len(ready) > 1:
            # When nobody can be asked at one of them, that one waits, and the others need not wait with it.
            await self._ask_people(ready, once=True)
        self._tasks += [asyncio.create_task(self._run(gate)) for gate in fresh]

    async def _run(self, gate: Gate) -> None:
        while True:
            await workflow.wait_condition(lambda: self._has_work(gate))
            if gate.next is not None:
                await self._ask_people([gate])
            elif gate.round is not None:
                await self._await_round(gate, gate.round)

    def _has_work(self, gate: Gate) -> bool:
        known = gate.next is not None or gate.round is not None
        return known and gate.outcome is None and not gate.reseating and not self.rests(gate)

    async def _ask_people(self, gates: Sequence[Gate], *, once: bool = False) -> None:
        tried = before = self._people.heard

        async def until_people_change(pause: timedelta) -> None:
            nonlocal tried
            with suppress(TimeoutError):
                await workflow.wait_condition(
                    lambda: self._people.known > tried, timeout=pause, timeout_summary=WHY_PAUSE
                )
            tried = self._people.heard

        await self._office.open(gates, self, None if once else until_people_change)
        if self._people.heard != before:  # whoever was asked just now may have been chosen before that change
            self._people.must_look()

    async def _await_round(self, gate: Gate, current: GateRound) -> None:
        """Wait for the end of a round, reminding on the way."""
        while self._is_open(gate, current):
            now = workflow.now()
            if now >= current.due_at:
                await self._end_round(gate, current)
                return
            reminders = remaining_reminders(current, now)
            until = reminders[0] if reminders else current.due_at
            ended = await self._clock.until(until, lambda: not self._is_open(gate, current), gate.plan.gate)
            if reminders and not ended:
                await self._remind(gate, current, len(current.reminders_at) - len(reminders) + 1)

    def _is_open(self, gate: Gate, current: GateRound) -> bool:
        return gate.outcome is None and gate.next is None and gate.round is current and not self.rests(gate)

    async def _end_round(self, gate: Gate, current: GateRound) -> None:
        for decision in await self._office.stored_decisions(gate):
            await self.hear(decision)
        await workflow.wait_condition(lambda: not gate.reseating)
        if self._is_open(gate, current):
            gate.fall_silent(workflow.now())
            self._note_end(gate)

    async def _remind(self, gate: Gate, current: GateRound, number: int) -> None:
        change = self._people.must_look()  # who is away now needs no reminder, and who stands in needs a link
        await workflow.wait_condition(lambda: self._people.known >= change)
        if self._is_open(gate, current):
            await self._office.remind(gate, current, number)

    # ---- all gates ----

    async def _reseat_for_ever(self) -> None:
        while True:
            await workflow.wait_condition(lambda: self._people.waits)
            if (pause := self._people.pause_left(workflow.now())) > timedelta(0):
                with suppress(TimeoutError):
                    await workflow.wait_condition(
                        lambda: self._people.is_pressing, timeout=pause, timeout_summary="people changed, look again"
                    )
            heard = self._people.heard
            found = await self._reseat()
            self._people.looked(heard, workflow.now(), found=found)

    async def _reseat(self) -> bool:
        """Look who holds the seats now; True where other people are asked."""
        waiting = [gate for gate in self.gates.values() if gate.round and self._is_free(gate, gate.round)]
        if not waiting:
            return False
        for gate in waiting:
            gate.reseating = True
        found = await self._office.reseat(waiting, self)
        for gate in waiting:
            gate.reseating = False
        return found

    def _is_free(self, gate: Gate, current: GateRound) -> bool:
        return not gate.busy and self._is_open(gate, current)

    async def _record_for_ever(self) -> None:
        while True:
            await workflow.wait_condition(lambda: not self.written)
            receipts, outcomes = tuple(self._unrecorded_receipts), tuple(self._unrecorded_outcomes)
            votes = tuple(self._unrecorded_votes)
            forged = await self._office.record(receipts, tuple(vote for _, vote in votes), outcomes)
            for receipt in receipts:
                if receipt.decision_id in forged:
                    self._take_back(receipt)
            del self._unrecorded_receipts[: len(receipts)]
            del self._unrecorded_votes[: len(votes)]
            del self._unrecorded_outcomes[: len(outcomes)]
            if any(self._has_lost_seats(gate) for gate in self.gates.values()):
                self._people.must_look()

    def _has_lost_seats(self, gate: Gate) -> bool:
        """Whoever has a vote at one gate has none at another: somebody else is to be asked there."""
        return gate.outcome is None and any(
            person in self.elsewhere(gate) for seat in gate.open_seats for person in seat.holders()
        )
