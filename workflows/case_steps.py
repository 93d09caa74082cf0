"""The steps that the story of a case is made of: calls, locks, merges and questions."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.types import MethodSyncSingleParam

from workflows.calls import LONG, QUICK, WHY_PAUSE, CallConfig, background, patiently
from workflows.case_messages import CaseMessages

with workflow.unsafe.imports_passed_through():
    from activities.assessment import AssessmentActivities
    from activities.handover import HandoverActivities
    from models.case import Branch, BranchRequest, CasePlan
    from models.errors import CaseConflict
    from models.risk import MergeRequest

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


class CaseSteps(CaseMessages):
    """Single steps; in which order and why is told in `OffboardingWorkflow`."""

    async def _lock_before_anybody_knows(self) -> None:
        """Every right taken and read back before anything else happens and before anybody is told (D4)."""
        await self._unless_withdrawn(self._guard.take_all())
        self._branches.update(Branch.ACCESS, self._guard.digest)

    async def _unless_withdrawn(self, work: Coroutine[None, None, None]) -> None:
        """Do something that may take long; a withdrawal cuts it off."""
        task = background(work, self._note_problem)
        try:
            await self._wait(task.done)
        finally:
            if not task.done():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    async def _stop_background(self) -> None:
        await self._guard.stop()
        await self._branches.stop()
        await self._desk.stop()

    async def _first_lock(self, plan: CasePlan) -> str:
        return (await self._guard.take(plan.first_grades)).digest

    async def _merge(self, why: str, *, everybody_again: bool = False) -> None:
        taken, heard = dict(self._branches.digests), self._branches.heard
        self._merges += 1
        asked = MergeRequest(
            case_id=self._request.case_id,
            employee_id=self._request.employee_id,
            merge_key=f"{self._merges}: {why}",
            branches={branch.value: digest for branch, digest in taken.items()},
            outcomes=self._desk.outcomes,
            asked_version=self._desk.report.version if self._desk.report else 0,
            everybody_again=everybody_again,
            at=workflow.now(),
        )
        self._report = await self._call(AssessmentActivities.merge_report, asked, f"merge the report: {why}")
        self._branches.mark_merged(taken, heard)
        self._show()

    def _ask(self, plan: CasePlan) -> None:
        report = self._report
        if report is None:
            raise CaseConflict("approvals were asked for before a report was made", case=plan.case_id)
        # Who was asked once is asked again, also when the new level alone would not ask for them.
        needed = tuple(
            gate
            for gate in self._pinned.gates
            if gate.from_level.rank <= report.level.rank or gate.gate in self._desk.gates
        )
        self._desk.ask(needed, report)

    async def _take_news(self, plan: CasePlan) -> None:
        """Another version of the report: what it changes materially is asked again, what it does not is noted."""
        await self._merge("late result")
        if self._report and self._report.material:
            self._ask(plan)
        elif self._report:
            await self._unless_withdrawn(self._desk.carry_over(self._report))

    async def _plan_anew(self, plan: CasePlan) -> None:
        """Propose other successors, and ask everybody again, also those who approved the plan before."""
        wish = self._new_plan
        if wish is None:
            return
        await self._branches.forget(Branch.SUCCESSORS)  # one that is still tried would bring back the old proposal
        asked = BranchRequest(
            case_id=plan.case_id,
            employee_id=plan.employee_id,
            as_of=plan.as_of,
            exclude=wish.exclude,
            renewed=True,
            requested_by=wish.requested_by,
        )
        proposed = await self._call(HandoverActivities.propose_successors, asked, "propose successors anew", LONG)
        self._desk.successors = frozenset(proposed.successors)
        self._branches.update(Branch.SUCCESSORS, proposed.digest)
        await self._merge("new plan", everybody_again=True)
        if self._new_plan is wish:  # another wish may have come in the meantime: the next turn
            self._new_plan = None
            self._ask(plan)

    def _start(
        self, branch: Branch, method: MethodSyncSingleParam[Any, BranchRequest, Any], asked: BranchRequest, summary: str
    ) -> None:
        async def call() -> str:
            done = await workflow.execute_activity_method(method, asked, summary=summary, **LONG)
            if branch is Branch.SUCCESSORS:  # nobody approves a plan that hands them clients
                self._desk.successors = frozenset(done.successors)
            return str(done.digest)

        self._branches.start(branch, call)

    async def _call(
        self,
        method: MethodSyncSingleParam[Any, Asked, Answer],
        asked: Asked,
        summary: str,
        config: CallConfig = QUICK,
    ) -> Answer:
        self._doing = summary
        self._show()
        result = await patiently(
            lambda: workflow.execute_activity_method(method, asked, summary=summary, **config),
            self._note_problem,
            lambda pause: self._wait(lambda: False, pause, WHY_PAUSE),
        )
        self._doing = None
        self._checkpoint()
        return result
