"""One departure, from the letter to the last closed door. `run` reads as the story of a case."""

from datetime import timedelta

from temporalio import workflow

from workflows.calls import LONG, QUICK, background, patiently
from workflows.case_state import LeaverStays
from workflows.case_steps import CaseSteps

with workflow.unsafe.imports_passed_through():
    from activities.access import AccessActivities
    from activities.access_cutoff import AccessCutoffActivities
    from activities.cases import CaseActivities
    from activities.clients import ClientActivities
    from activities.handover import HandoverActivities
    from activities.inventory import InventoryActivities
    from activities.receivables import ReceivableActivities
    from models.access import CutoffRequest
    from models.case import (
        Branch,
        BranchRequest,
        CasePlan,
        CaseRequest,
        CaseResult,
        CloseRequest,
        Phase,
        PlanRequest,
        SeparationKind,
    )
    from models.handover import HandoverRequest, UndoRequest

# From the first to the longest pause between two looks at what keeps a case from closing: one that hangs for months
# must not fill its history.
CLOSING_PAUSES = (timedelta(hours=1), timedelta(hours=12))


@workflow.defn(name="Offboarding")
class OffboardingWorkflow(CaseSteps):
    """Durable state of one case. Everything heavy or personal stays in the store."""

    @workflow.init
    def __init__(self, request: CaseRequest) -> None:
        super().__init__(request)

    @workflow.run
    async def run(self, request: CaseRequest) -> CaseResult:
        """Plan, assess, merge, approve, hand over, close; or walk back when the resignation is withdrawn."""
        plan = await self._make_plan(request)
        board = background(self._keep_board(), self._note_problem)
        try:
            end = await self._depart(plan)
        except LeaverStays:
            end = await self._walk_back(plan)
        await self._stop_background()
        board.cancel()
        self._phase = end
        self._write_board()
        await workflow.wait_condition(workflow.all_handlers_finished)
        return CaseResult(
            case_id=request.case_id,
            phase=end,
            report_version=self._report.version if self._report else 0,
            report_digest=self._report.digest if self._report else "",
            outcomes=self._desk.outcomes,
        )

    # ---- the story ----

    async def _make_plan(self, request: CaseRequest) -> CasePlan:
        plan = await workflow.execute_activity_method(
            CaseActivities.plan_case,
            PlanRequest(request=request, at=workflow.now()),
            summary="plan: gates, deadlines, policy",
            **QUICK,
        )
        self._plan = plan
        self._desk.parties, self._desk.separation = frozenset(plan.barred), plan.separation
        return plan

    async def _depart(self, plan: CasePlan) -> Phase:
        self._enter(Phase.ASSESSING)
        self._checkpoint()
        if self._request.kind is SeparationKind.DISMISSAL:
            await self._lock_before_anybody_knows()
        self._guard.watch(plan.first_grades, lambda: self._pinned.dates.access_cutoff, self._rights_were_taken)
        await self._assess(plan)
        await self._approve(plan)
        if self._desk.declined:
            await self._keep_access_ending()
            return await self._close(Phase.DECLINED)
        await self._hand_over(plan)
        return await self._close(Phase.CLOSED)

    async def _assess(self, plan: CasePlan) -> None:
        asked = BranchRequest(case_id=plan.case_id, employee_id=plan.employee_id, as_of=plan.as_of)
        if Branch.ACCESS not in self._branches.digests:
            self._branches.start(Branch.ACCESS, lambda: self._first_lock(plan))
        self._start(Branch.RECEIVABLES, ReceivableActivities.audit_receivables, asked, "audit what the clients owe")
        self._start(Branch.CLIENTS, ClientActivities.report_clients, asked, "report the book of business")
        self._start(Branch.SUCCESSORS, HandoverActivities.propose_successors, asked, "propose successors")
        self._start(Branch.INVENTORY, InventoryActivities.take_inventory, asked, "list assets and duties")
        self._show()
        budget = timedelta(seconds=plan.branch_budget_seconds)
        await self._wait(lambda: not self._branches.unknown, budget, "budget of the branches")
        # What is missing by now is unknown, not zero; it keeps trying, and a late result makes another version.
        await self._merge("assessment")

    async def _approve(self, plan: CasePlan) -> None:
        self._enter(Phase.APPROVING)
        self._ask(plan)
        while not self._ready_to_hand_over():
            await self._wait(lambda: self._has_work_beside_the_gates() or self._ready_to_hand_over())
            if self._desk.declined:  # one is enough: nobody else need answer about a plan that will not be carried out
                return
            if self._new_plan:
                await self._plan_anew(plan)
            elif self._branches.has_news:
                await self._take_news(plan)

    async def _hand_over(self, plan: CasePlan) -> None:
        self._enter(Phase.HANDING_OVER)
        approved = self._branches.digests[Branch.SUCCESSORS] or ""
        done = await self._call(
            HandoverActivities.transfer_clients,
            HandoverRequest(
                case_id=plan.case_id, employee_id=plan.employee_id, plan_digest=approved, at=workflow.now()
            ),
            "hand every client and deal to its successor",
            LONG,
        )
        self._branches.update(Branch.SUCCESSORS, done.plan_digest)
        self._waiting_for = ("access cut-off",)
        self._show()
        await self._wait(lambda: self._guard.over)
        self._waiting_for = ()
        self._branches.update(Branch.ACCESS, self._guard.digest)

    async def _close(self, end: Phase) -> Phase:
        self._checkpoint()
        self._enter(Phase.CLOSING)
        pause, longest = CLOSING_PAUSES
        while True:
            closed = await self._call(CaseActivities.close_case, self._close_request(end), f"end as {end.value}")
            if not closed.obstacles:
                break
            self._waiting_for = tuple(f"{kind}: {count}" for kind, count in sorted(closed.obstacles.items()))
            self._show()
            await workflow.sleep(pause, summary="obstacles to closing, look again")
            pause = min(pause * 2, longest)
            self._branches.update(Branch.ACCESS, self._guard.digest)
        self._waiting_for = ()
        await self._merge("final")
        return end

    async def _keep_access_ending(self) -> None:
        """A declined plan ends this case; access still ends at the cut-off, watched by a workflow of its own."""
        plan = self._pinned
        await self._guard.stop()
        end = CutoffRequest(case_id=plan.case_id, employee_id=plan.employee_id, access_cutoff=plan.dates.access_cutoff)
        await patiently(
            lambda: workflow.execute_activity_method(
                AccessCutoffActivities.watch_access_cutoff, end, summary="access still ends at the cut-off", **QUICK
            ),
            self._note_problem,
        )

    async def _walk_back(self, plan: CasePlan) -> Phase:
        """Undo every effect in reverse order: clients first, access last."""
        self._waiting_for = ()
        self._enter(Phase.CLOSING)
        await self._stop_background()
        undo = UndoRequest(case_id=plan.case_id, employee_id=plan.employee_id)
        await self._call(HandoverActivities.undo_transfers, undo, "give every client back", LONG)
        await self._call(AccessActivities.restore_access, undo, "give every right back", LONG)
        await self._call(CaseActivities.close_case, self._close_request(Phase.WITHDRAWN), "end as withdrawn")
        await self._merge("withdrawn")
        return Phase.WITHDRAWN

    def _rights_were_taken(self) -> None:
        self._branches.update(Branch.ACCESS, self._guard.digest)

    def _close_request(self, end: Phase) -> CloseRequest:
        case, withdrawal = self._request, self._withdrawal
        return CloseRequest(
            case_id=case.case_id,
            employee_id=case.employee_id,
            phase=end,
            requested_by=withdrawal.requested_by if withdrawal and end is Phase.WITHDRAWN else None,
            at=workflow.now(),
        )
