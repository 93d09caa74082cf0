"""What a case knows and whom it listens to: its state, its messages, its progress."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RawValue

from workflows.access_guard import AccessGuard
from workflows.approval_desk import ApprovalDesk
from workflows.branches import Branches
from workflows.calls import QUICK
from workflows.notice_board import NoticeBoard

with workflow.unsafe.imports_passed_through():
    from activities.cases import CaseActivities
    from models.approvals import Decision, DecisionReceipt
    from models.case import (
        ENDED,
        CaseDates,
        CasePlan,
        CaseProgress,
        CaseRequest,
        Phase,
        RejectedMessage,
        ReplanRequest,
        Reschedule,
        Withdrawal,
    )
    from models.errors import CaseConflict, DecisionRefused
    from models.risk import ReportRef

KEPT_REJECTIONS = 20
FIXED = (Phase.CLOSING, Phase.CLOSED, Phase.DECLINED, Phase.WITHDRAWN)


class LeaverStays(Exception):
    """The resignation was withdrawn: leave the story and walk back."""


class CaseState:
    """State of one case with the messages that change it. The story is told in `OffboardingWorkflow`."""

    def __init__(self, request: CaseRequest) -> None:
        self._request = request
        self._phase = Phase.PLANNING
        self._plan: CasePlan | None = None
        self._report: ReportRef | None = None
        self._merges = 0
        self._branches = Branches(on_change=self._show)
        self._board = NoticeBoard()
        self._desk = ApprovalDesk(request.case_id, request.employee_id, self._show, self._keep_forgery)
        self._withdrawal: Withdrawal | None = None
        self._waiting_for: tuple[str, ...] = ()
        self._guard = AccessGuard(request.case_id, request.employee_id, on_change=self._show)
        self._rescheduling = asyncio.Lock()
        self._doing: str | None = None
        self._problem: str | None = None
        self._rejected: list[RejectedMessage] = []
        self._stale = False

    # ---- waiting, always with the door to withdrawal open ----

    def _ready_to_hand_over(self) -> bool:
        return self._desk.settled and not self._branches.unknown and not self._branches.has_news

    async def _wait(self, until: Callable[[], bool], timeout: timedelta | None = None, summary: str = "") -> None:
        with suppress(TimeoutError):  # a timer that runs out is no failure here: the caller looks again
            await workflow.wait_condition(
                lambda: until() or self._leaver_stays, timeout=timeout, timeout_summary=summary or None
            )
        self._checkpoint()

    @property
    def _leaver_stays(self) -> bool:
        # Once the case is closing, the withdrawal is what is being carried out, or it came too late and was refused.
        return self._withdrawal is not None and self._phase is not Phase.CLOSING

    def _checkpoint(self) -> None:
        if self._leaver_stays:
            raise LeaverStays

    # ---- messages ----

    @workflow.update(name="decide", description="An approver's decision; refused with a reason when it cannot count")
    async def decide(self, decision: Decision) -> DecisionReceipt:
        """Count a decision once; the same `decision_id` again gets the same receipt."""
        return await self._desk.hear(decision)

    @decide.validator
    def _may_decide(self, decision: Decision) -> None:
        if refusal := self._desk.refusal_of(decision):
            raise DecisionRefused("the decision does not count: {reason}", reason=refusal)

    @workflow.signal(dynamic=True)
    async def receive(self, name: str, args: Sequence[RawValue]) -> None:
        """Signal `decision`: the same message for when no worker answers. Takes raw data and never raises.

        Signal `news`: what the report rests on has changed, so another version is due. It carries nothing: the facts
        are read from our database.

        A typed handler would drop a mistyped signal without a trace, and an exception would wedge the case; here
        whatever cannot count is kept and shown.
        """
        if name == "news":
            self._branches.hear()
            return
        decision: Decision | None = None
        try:
            if name != "decision":
                raise ValueError(f"unknown signal {name[:40]!r}")
            decision = workflow.payload_converter().from_payload(args[0].payload, Decision)
            if decision is None:  # JSON null fits every type
                raise ValueError("nothing was decided")
            receipt = await self._desk.hear(decision)
            if receipt.counted:
                return
            reason = str(receipt.refusal)
        except Exception as broken:
            reason = f"malformed: {type(broken).__name__}" if name == "decision" else "unknown signal"
        self._reject(reason, decision.decision_id if decision else None)

    def _keep_forgery(self, decision_id: str) -> None:
        self._reject("forged: it never went by the approval page", decision_id)

    def _reject(self, reason: str, decision_id: str | None) -> None:
        rejected = RejectedMessage(at=workflow.now(), reason=reason, decision_id=decision_id)
        self._rejected = [*self._rejected, rejected][-KEPT_REJECTIONS:]
        self._show()

    @workflow.update(name="withdraw", description="The leaver stays: walk every effect back")
    def withdraw(self, withdrawal: Withdrawal) -> CaseProgress:
        """Accept a withdrawal; the effects are walked back afterwards, see `progress`."""
        self._withdrawal = self._withdrawal or withdrawal
        return self.progress()

    @withdraw.validator
    def _may_withdraw(self, withdrawal: Withdrawal) -> None:
        if self._phase in FIXED:
            raise CaseConflict("the case is {phase}: nothing can be withdrawn any more", phase=self._phase)

    @workflow.update(name="reschedule", description="A new last working day; every pending timer follows")
    async def reschedule(self, change: Reschedule) -> CaseDates:
        """Plan again for the new day and re-time what is pending. Bad dates are refused and change nothing."""
        async with self._rescheduling:  # two at once: the later one wins, not the slower one
            plan = await workflow.execute_activity_method(
                CaseActivities.replan_case,
                ReplanRequest(
                    case_id=self._request.case_id,
                    last_working_day=change.last_working_day,
                    requested_by=change.requested_by,
                    at=workflow.now(),
                ),
                summary="re-time the plan",
                **QUICK,
            )
            self._plan = plan
            self._desk.retime(plan.gates)
        self._show()
        return plan.dates

    @reschedule.validator
    def _may_reschedule(self, change: Reschedule) -> None:
        if self._plan is None or self._phase in FIXED:
            raise CaseConflict("the case is {phase}: its dates are fixed", phase=self._phase)

    @workflow.query(description="What the case is waiting for, on whom and since when")
    def progress(self) -> CaseProgress:
        """The same picture for the CLI, the pages and the Web UI."""
        report = self._report
        deadlines = [view.due_at for view in self._desk.views if view.due_at]
        return CaseProgress(
            case_id=self._request.case_id,
            employee_id=self._request.employee_id,
            phase=self._phase,
            last_working_day=self._plan.dates.last_working_day if self._plan else self._request.last_working_day,
            report_version=report.version if report else 0,
            report_digest=report.digest if report else "",
            score=str(report.score) if report else None,
            level=report.level if report else None,
            provisional=report.provisional if report else False,
            unknowns=report.unknowns if report else tuple(branch.value for branch in self._branches.unknown),
            gates=self._desk.views,
            waiting_on=self._waiting_on(),
            next_deadline=min(deadlines) if deadlines else None,
            doing=self._doing,
            rejected=tuple(self._rejected),
        )

    def _waiting_on(self) -> tuple[str, ...]:
        if self._phase in ENDED:
            return ()
        gates = tuple(view.gate for view in self._desk.views if view.outcome is None)
        branches = tuple(branch.value for branch in self._branches.unknown)
        # While the case is closing, what is still open is among the obstacles already.
        counted = self._guard.still_open and self._phase is not Phase.CLOSING
        rights = (f"rights that are still open: {self._guard.still_open}",) if counted else ()
        found = (self._problem, self._desk.problem, self._guard.problem, *self._branches.problems)
        problems = tuple(dict.fromkeys(problem for problem in found if problem))
        return gates + branches + self._waiting_for + rights + problems

    # ---- what admins see ----

    @property
    def _pinned(self) -> CasePlan:
        if self._plan is None:
            raise CaseConflict("the case has no plan yet", case=self._request.case_id)
        return self._plan

    def _enter(self, phase: Phase) -> None:
        self._phase = phase
        self._show()

    def _note_problem(self, problem: str | None) -> None:
        if problem != self._problem:
            self._problem = problem
            self._show()

    def _show(self) -> None:
        self._stale = True

    async def _keep_board(self) -> None:
        # One update of the board an activation, however much changed in it: each is an event in the history.
        while True:
            await workflow.wait_condition(lambda: self._stale)
            self._write_board()

    def _write_board(self) -> None:
        self._stale = False
        if self._plan:
            self._board.show(self.progress(), self._plan)
