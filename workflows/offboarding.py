"""One departure, from the letter to the last closed door. `run` reads as the story of a case."""

import asyncio
from datetime import timedelta
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.types import MethodSyncSingleParam

from workflows.calls import LONG, QUICK, CallConfig, patiently
from workflows.case_state import CaseState, LeaverStays

with workflow.unsafe.imports_passed_through():
    from activities.access import AccessActivities
    from activities.assessment import AssessmentActivities
    from activities.cases import CaseActivities
    from activities.clients import ClientActivities
    from activities.handover import HandoverActivities
    from activities.inventory import InventoryActivities
    from activities.receivables import ReceivableActivities
    from models.access import Grade, LockRequest
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
    from models.errors import CaseConflict
    from models.handover import HandoverRequest, UndoRequest
    from models.risk import MergeRequest

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

ALL_GRADES = tuple(Grade)


@workflow.defn(name="Offboarding")
class OffboardingWorkflow(CaseState):
    """Durable state of one case. Everything heavy or personal stays in the store."""

    @workflow.init
    def __init__(self, request: CaseRequest) -> None:
        super().__init__(request)

    @workflow.run
    async def run(self, request: CaseRequest) -> CaseResult:
        """Plan, assess, merge, approve, hand over, close; or walk back when the resignation is withdrawn."""
        plan = await self._make_plan(request)
        board = asyncio.create_task(self._keep_board())
        try:
            end = await self._depart(plan)
        except LeaverStays:
            end = await self._walk_back(plan)
        await self._branches.stop()
        await self._desk.stop()
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
        self._desk.barred = frozenset(plan.barred)
        return plan

    async def _depart(self, plan: CasePlan) -> Phase:
        self._enter(Phase.ASSESSING)
        if self._request.kind is SeparationKind.DISMISSAL:
            # Locked fully and read back before anything else happens and before anybody is told (D4).
            self._branches.update(Branch.ACCESS, await self._lock(ALL_GRADES))
        await self._assess(plan)
        await self._approve(plan)
        if self._desk.refused:
            return await self._close(Phase.DECLINED)
        await self._hand_over(plan)
        return await self._close(Phase.CLOSED)

    async def _assess(self, plan: CasePlan) -> None:
        asked = BranchRequest(case_id=plan.case_id, employee_id=plan.employee_id, as_of=plan.as_of)
        if Branch.ACCESS not in self._branches.digests:
            self._branches.start(Branch.ACCESS, lambda: self._lock(plan.first_grades))
        self._start(Branch.RECEIVABLES, ReceivableActivities.audit_receivables, asked, "audit what the clients owe")
        self._start(Branch.CLIENTS, ClientActivities.report_clients, asked, "report the book of business")
        self._start(Branch.SUCCESSORS, HandoverActivities.propose_successors, asked, "propose successors")
        self._start(Branch.INVENTORY, InventoryActivities.take_inventory, asked, "list assets and duties")
        self._show()
        await self._branches.wait(timedelta(seconds=plan.branch_budget_seconds))
        await self._merge("assessment")

    async def _approve(self, plan: CasePlan) -> None:
        self._enter(Phase.APPROVING)
        await self._ask(plan)
        while not self._ready_to_hand_over():
            await self._wait(
                lambda: (
                    self._branches.has_news or (self._desk.settled and self._desk.refused) or self._ready_to_hand_over()
                )
            )
            if self._desk.settled and self._desk.refused:
                return
            if self._branches.has_news:
                await self._merge("late result")
                if self._report and self._report.material:
                    await self._ask(plan)

    async def _hand_over(self, plan: CasePlan) -> None:
        self._enter(Phase.HANDING_OVER)
        approved = self._branches.digests[Branch.SUCCESSORS] or ""
        done = await self._call(
            HandoverActivities.transfer_clients,
            HandoverRequest(case_id=plan.case_id, employee_id=plan.employee_id, plan_digest=approved),
            "hand every client and deal to its successor",
            LONG,
        )
        self._branches.update(Branch.SUCCESSORS, done.plan_digest)
        await self._until_access_cutoff()
        self._branches.update(Branch.ACCESS, await self._lock(ALL_GRADES))

    async def _until_access_cutoff(self) -> None:
        while (cutoff := self._pinned.dates.access_cutoff) > workflow.now():
            self._waiting_for = ("access cut-off",)
            self._show()
            left = cutoff - workflow.now()
            await self._wait(lambda: self._pinned.dates.access_cutoff != cutoff, left, "access cut-off")
        self._waiting_for = ()

    async def _close(self, end: Phase) -> Phase:
        self._checkpoint()
        self._enter(Phase.CLOSING)
        while True:
            closed = await self._call(CaseActivities.close_case, self._close_request(end), f"end as {end.value}")
            if not closed.obstacles:
                break
            self._waiting_for = tuple(f"{kind}: {count}" for kind, count in sorted(closed.obstacles.items()))
            self._show()
            await workflow.sleep(timedelta(hours=1), summary="obstacles to closing, look again")
            self._branches.update(Branch.ACCESS, await self._lock(ALL_GRADES))
        self._waiting_for = ()
        await self._merge("final")
        return end

    async def _walk_back(self, plan: CasePlan) -> Phase:
        """Undo every effect in reverse order: clients first, access last."""
        self._enter(Phase.CLOSING)
        await self._branches.stop()
        await self._desk.stop()
        undo = UndoRequest(case_id=plan.case_id, employee_id=plan.employee_id)
        await self._call(HandoverActivities.undo_transfers, undo, "give every client back", LONG)
        await self._call(AccessActivities.restore_access, undo, "give every right back", LONG)
        await self._call(CaseActivities.close_case, self._close_request(Phase.WITHDRAWN), "end as withdrawn")
        await self._merge("withdrawn")
        return Phase.WITHDRAWN

    # ---- its steps ----

    async def _lock(self, grades: tuple[Grade, ...]) -> str:
        asked = LockRequest(case_id=self._request.case_id, employee_id=self._request.employee_id, grades=grades)
        span = f"{min(grades).name.lower()} to {max(grades).name.lower()}"
        done = await self._call(AccessActivities.lock_access, asked, f"lock access, {span}", LONG)
        return done.digest

    async def _merge(self, why: str) -> None:
        taken = dict(self._branches.digests)
        self._merges += 1
        asked = MergeRequest(
            case_id=self._request.case_id,
            employee_id=self._request.employee_id,
            merge_key=f"{self._merges}: {why}",
            branches={branch.value: digest for branch, digest in taken.items()},
            outcomes=self._desk.outcomes,
            at=workflow.now(),
        )
        self._report = await self._call(AssessmentActivities.merge_report, asked, f"merge the report: {why}")
        self._branches.mark_merged(taken)
        self._show()

    async def _ask(self, plan: CasePlan) -> None:
        report = self._report
        if report is None:
            raise CaseConflict("approvals were asked for before a report was made", case=plan.case_id)
        needed = tuple(gate for gate in self._pinned.gates if gate.from_level.rank <= report.level.rank)
        await self._desk.ask(needed, report)

    def _start(
        self, branch: Branch, method: MethodSyncSingleParam[Any, BranchRequest, Any], asked: BranchRequest, summary: str
    ) -> None:
        async def call() -> str:
            done = await workflow.execute_activity_method(method, asked, summary=summary, **LONG)
            # Nobody approves a plan that hands them clients.
            self._desk.barred |= frozenset(getattr(done, "successors", ()))
            return str(done.digest)

        self._branches.start(branch, call)

    async def _call(
        self,
        method: MethodSyncSingleParam[Any, Asked, Answer],
        asked: Asked,
        summary: str,
        config: CallConfig = QUICK,
    ) -> Answer:
        return await patiently(
            lambda: workflow.execute_activity_method(method, asked, summary=summary, **config), self._note_problem
        )

    def _close_request(self, end: Phase) -> CloseRequest:
        case = self._request
        return CloseRequest(case_id=case.case_id, employee_id=case.employee_id, phase=end, at=workflow.now())
