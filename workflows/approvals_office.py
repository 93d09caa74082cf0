"""The desk's calls to the approvals department: ask, remind, look for stored decisions, write down."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from temporalio import workflow

from workflows.calls import QUICK, patiently, rest

with workflow.unsafe.imports_passed_through():
    from activities.approvals import ApprovalActivities
    from models.approvals import (
        Ask,
        CollectDecisions,
        Decision,
        DecisionReceipt,
        GateOutcome,
        GatePlan,
        GateRound,
        Ladder,
        OpenGates,
        RecordDecisions,
        Remind,
    )
    from models.case import GateView
    from models.case_display import cut
    from models.risk import ReportRef


class Gate:
    """One gate while it is worked on.

    `asked_again` is set when the open round no longer fits and a new one is due, with `new_due_at` when its date was
    moved; `opening` while people are being asked: some have their link already, and what they decide waits until we
    know the round. `asked` holds every round so far: who answered one in time may be heard when the next is open.
    """

    def __init__(self, plan: GatePlan) -> None:
        self.plan = plan
        self.rounds = 0
        self.round: GateRound | None = None
        self.asked: dict[int, GateRound] = {}
        self.outcome: GateOutcome | None = None
        self.asked_again = False
        self.new_due_at: datetime | None = None
        self.opening = True

    def enter(self, current: GateRound) -> None:
        """People have been asked: this is the open round."""
        self.round, self.opening = current, False
        self.asked[current.round] = current

    def round_of(self, decision: Decision) -> GateRound | None:
        """The round that a decision answers: its own, else the open one; None when nothing is asked any more."""
        return self.asked.get(decision.round, self.round) if self.round else None

    def view(self) -> GateView:
        """The gate as progress shows it."""
        open_round = self.round if self.outcome is None else None
        return GateView(
            gate=self.plan.gate,
            waiting_on=open_round.approvers if open_round else (),
            due_at=open_round.due_at if open_round else None,
            round=self.round.round if self.round else self.rounds,
            outcome=self.outcome,
        )


class _GivenUp(Exception):
    """A call that was to be made once was refused. Never leaves this file."""


WHO = "approvals"


class ApprovalsOffice:
    """Every call is repeated until it works; `problem` says what keeps it from working."""

    def __init__(self, case_id: str, employee_id: str, on_change: Callable[[], None]) -> None:
        self.report: ReportRef | None = None
        self._problems: dict[str, str] = {}
        self._case_id = case_id
        self._employee_id = employee_id
        self._on_change = on_change

    @property
    def problem(self) -> str | None:
        """`hr: NobodyToAsk`, one for each gate that cannot be asked; None when all is well."""
        return ", ".join(f"{where}: {what}" for where, what in sorted(self._problems.items())) or None

    async def open(
        self, wanted: Sequence[tuple[Gate, Ladder, datetime | None]], barred: frozenset[str], *, once: bool = False
    ) -> bool:
        """Open the next round of each gate for the newest report, all in one call; None counts the deadline afresh.

        With `once` a refusal (nobody to ask at one of the gates) gives False, and none of them is open.
        """
        if self.report is None:
            return False
        for gate, _, _ in wanted:
            gate.rounds += 1
            gate.opening = True
        request = OpenGates(
            case_id=self._case_id,
            employee_id=self._employee_id,
            asks=tuple(
                Ask(gate=gate.plan.gate, role=gate.plan.role, round=gate.rounds, ladder=ladder, due_at=due_at)
                for gate, ladder, due_at in wanted
            ),
            report_version=self.report.version,
            report_digest=self.report.digest,
            barred=tuple(sorted(barred)),
            at=workflow.now(),
        )
        names = ", ".join(gate.plan.gate for gate, _, _ in wanted)
        call = workflow.execute_activity_method
        try:
            opened = await patiently(
                lambda: call(ApprovalActivities.open_gates, request, summary=cut(f"ask {names}"), **QUICK),
                self._noting(names),
                self._give_up if once else rest,
            )
        except _GivenUp:
            self._noting(names)(None)
            for gate, _, _ in wanted:
                gate.rounds -= 1
            return False
        for (gate, _, _), current in zip(wanted, opened.rounds, strict=True):
            gate.enter(current)
        self._on_change()
        return True

    async def remind(self, current: GateRound, number: int) -> None:
        """Send the reminder with that number for an open round."""
        request = Remind(
            case_id=self._case_id, gate=current.gate, round=current.round, number=number, at=workflow.now()
        )
        await patiently(
            lambda: workflow.execute_activity_method(
                ApprovalActivities.remind, request, summary=f"remind {current.gate}, no. {number}", **QUICK
            ),
            self._noting(WHO),
        )

    async def stored_decisions(self, gate: Gate) -> tuple[Decision, ...]:
        """Decisions that the hook accepted and could not deliver (server or worker down)."""
        request = CollectDecisions(case_id=self._case_id, gate=gate.plan.gate, round=gate.rounds)
        found = await patiently(
            lambda: workflow.execute_activity_method(
                ApprovalActivities.collect_decisions,
                request,
                summary=f"{gate.plan.gate}: decisions not heard yet",
                **QUICK,
            ),
            self._noting(WHO),
        )
        return found.decisions

    async def record(self, receipts: tuple[DecisionReceipt, ...], outcomes: tuple[GateOutcome, ...]) -> frozenset[str]:
        """Write down what became of decisions and gates; returns the ids of decisions that never went by the hook."""
        request = RecordDecisions(case_id=self._case_id, receipts=receipts, outcomes=outcomes, at=workflow.now())
        gates = sorted({receipt.gate for receipt in receipts} | {outcome.gate for outcome in outcomes})
        recorded = await patiently(
            lambda: workflow.execute_activity_method(
                ApprovalActivities.record_decisions, request, summary=cut(f"record {', '.join(gates)}"), **QUICK
            ),
            self._noting(WHO),
        )
        return frozenset(recorded.forged)

    async def _give_up(self, pause: timedelta) -> None:
        raise _GivenUp

    def _noting(self, where: str) -> Callable[[str | None], None]:
        def note(problem: str | None) -> None:
            if problem != self._problems.get(where):
                self._problems = {key: known for key, known in self._problems.items() if key != where}
                if problem is not None:
                    self._problems[where] = problem
                self._on_change()

        return note
