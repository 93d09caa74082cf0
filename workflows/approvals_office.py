"""The desk's calls to the approvals department: ask, ask others, remind, look for stored decisions, write down."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from temporalio import workflow

from workflows.calls import QUICK, patiently

with workflow.unsafe.imports_passed_through():
    from activities.approvals import ApprovalActivities
    from models.approvals import (
        Ask,
        CarryOver,
        CollectDecisions,
        Decision,
        DecisionReceipt,
        GateOutcome,
        GateRound,
        OpenGates,
        OpenSeat,
        RecordDecisions,
        Remind,
        Reseat,
        Reseated,
        Vote,
    )
    from models.case_display import cut
    from models.risk import ReportRef
    from workflows.decision_book import DecisionBook
    from workflows.gate import Gate, Step


class _GivenUp(Exception):
    """A call that was to be made once was refused. Never leaves this file."""


WHO = "approvals"
NOBODY = "NobodyToAsk"


class ApprovalsOffice:
    """Every call is repeated until it works; `problem` says what keeps it from working."""

    def __init__(self, case_id: str, employee_id: str, on_change: Callable[[], None]) -> None:
        self._problems: dict[str, str] = {}
        self._case_id = case_id
        self._employee_id = employee_id
        self._on_change = on_change

    @property
    def problem(self) -> str | None:
        """`hr: NobodyToAsk: hrbp`, one for each gate that cannot be asked, with who is missing; None: all is well."""
        return ", ".join(f"{where}: {what}" for where, what in sorted(self._problems.items())) or None

    async def open(
        self, gates: Sequence[Gate], book: DecisionBook, rest: Callable[[timedelta], Awaitable[None]] | None
    ) -> bool:
        """Open the next round of each gate for the newest report, all in one call.

        After a refusal (nobody to ask at one of the gates) it is tried again when `rest` is over. Without `rest` a
        refusal gives False, and none of them is open.
        """
        steps = [gate.next for gate in gates]
        wanted = [(gate, step) for gate, step in zip(gates, steps, strict=True) if step is not None]
        if book.report is None or not wanted:
            return False
        for gate, _ in wanted:
            gate.rounds += 1
            gate.opening, gate.next = True, None
        request = self._opening(wanted, book, book.report)
        names = ", ".join(gate.plan.gate for gate, _ in wanted)
        call = workflow.execute_activity_method
        try:
            opened = await patiently(
                lambda: call(ApprovalActivities.open_gates, request, summary=cut(f"ask {names}"), **QUICK),
                self._noting(names, wanted[0][0].plan.role if len(wanted) == 1 else None),
                rest or self._give_up,
            )
        except _GivenUp:
            self._noting(names)(None)
            for gate, step in wanted:
                gate.rounds -= 1
                gate.next = gate.next or step
            return False
        for (gate, _), current in zip(wanted, opened.rounds, strict=True):
            gate.enter(current)
        book.delegates = frozenset(opened.barred)
        self._on_change()
        return True

    def _opening(self, wanted: Sequence[tuple[Gate, Step]], book: DecisionBook, report: ReportRef) -> OpenGates:
        return OpenGates(
            case_id=self._case_id,
            employee_id=self._employee_id,
            asks=tuple(
                Ask(
                    gate=gate.plan.gate,
                    role=gate.plan.role,
                    round=gate.rounds,
                    ladder=step.ladder,
                    people=gate.plan.people,
                    kept=gate.voted_seats,
                    same_people=step.same_people,
                    due_at=step.due_at,
                )
                for gate, step in wanted
            ),
            report_version=report.version,
            report_digest=report.digest,
            barred=tuple(sorted(book.barred)),
            decided=book.decided(),
            at=workflow.now(),
        )

    async def reseat(self, gates: Sequence[Gate], book: DecisionBook) -> bool:
        """Ask who holds the seats of these open gates now; where other people are asked, a new round is open.

        True when there is one.
        """
        request = Reseat(
            case_id=self._case_id,
            employee_id=self._employee_id,
            open=tuple(_seats_of(gate, gate.round) for gate in gates if gate.round),
            barred=tuple(sorted(book.barred)),
            decided=book.decided(),
            at=workflow.now(),
        )
        names = ", ".join(gate.plan.gate for gate in gates)
        found: Reseated = await patiently(
            lambda: workflow.execute_activity_method(
                ApprovalActivities.reseat, request, summary=cut(f"who is asked now: {names}"), **QUICK
            ),
            self._noting(WHO),
        )
        for current in found.rounds:
            book.gates[current.gate].enter(current)
        for gate in gates:
            self._noting(gate.plan.gate, gate.plan.role)(NOBODY if gate.plan.gate in found.missing else None)
        book.delegates = frozenset(found.barred)
        self._on_change()
        return bool(found.rounds)

    async def remind(self, gate: Gate, current: GateRound, number: int) -> None:
        """Send the reminder with that number for an open round, to those who have not voted."""
        request = Remind(
            case_id=self._case_id,
            gate=current.gate,
            round=current.round,
            number=number,
            voted=tuple(dict.fromkeys(person for seat in gate.voted_seats for person in seat.holders())),
            at=workflow.now(),
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

    async def record(
        self, receipts: tuple[DecisionReceipt, ...], votes: tuple[Vote, ...], outcomes: tuple[GateOutcome, ...]
    ) -> frozenset[str]:
        """Write down what became of decisions and gates; returns the ids of decisions that never went by the hook."""
        request = RecordDecisions(
            case_id=self._case_id, receipts=receipts, votes=votes, outcomes=outcomes, at=workflow.now()
        )
        gates = sorted({receipt.gate for receipt in receipts} | {outcome.gate for outcome in outcomes})
        recorded = await patiently(
            lambda: workflow.execute_activity_method(
                ApprovalActivities.record_decisions, request, summary=cut(f"record {', '.join(gates)}"), **QUICK
            ),
            self._noting(WHO),
        )
        return frozenset(recorded.forged)

    async def note_carry_over(self, gates: tuple[str, ...], report: ReportRef) -> None:
        """Write down that what was said at these gates stands, although there is a new version of the report."""
        request = CarryOver(
            case_id=self._case_id,
            gates=gates,
            report_version=report.version,
            report_digest=report.digest,
            at=workflow.now(),
        )
        await patiently(
            lambda: workflow.execute_activity_method(
                ApprovalActivities.note_carry_over, request, summary="approvals stand for the new version", **QUICK
            ),
            self._noting(WHO),
        )

    async def _give_up(self, pause: timedelta) -> None:
        raise _GivenUp

    def _noting(self, where: str, role: str | None = None) -> Callable[[str | None], None]:
        def note(problem: str | None) -> None:
            if problem == NOBODY and role is not None:
                problem = f"{NOBODY}: {role}"  # what a person must have who ends this
            if problem != self._problems.get(where):
                self._problems = {key: known for key, known in self._problems.items() if key != where}
                if problem is not None:
                    self._problems[where] = problem
                self._on_change()

        return note


def _seats_of(gate: Gate, current: GateRound) -> OpenSeat:
    return OpenSeat(
        gate=gate.plan.gate,
        role=gate.plan.role,
        round=current.round,
        ladder=current.ladder,
        people=gate.plan.people,
        voted=gate.voted_seats,
    )
