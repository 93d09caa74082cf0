"""What a case knows: its state and its progress."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from temporalio import workflow

from workflows.access_guard import AccessGuard
from workflows.approval_desk import ApprovalDesk
from workflows.branches import Branches
from workflows.notice_board import NoticeBoard

with workflow.unsafe.imports_passed_through():
    from models.case import (
        ENDED,
        CasePlan,
        CaseProgress,
        CaseRequest,
        NewPlan,
        Phase,
        RejectedMessage,
        Withdrawal,
    )
    from models.errors import CaseConflict
    from models.risk import ReportRef

KEPT_REJECTIONS = 20


class LeaverStays(Exception):
    """The resignation was withdrawn: leave the story and walk back."""


class CaseState:
    """State of one case. What changes it is in `CaseMessages`, the story in `OffboardingWorkflow`."""

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
        self._new_plan: NewPlan | None = None
        self._new_plans = 0
        self._waiting_for: tuple[str, ...] = ()
        self._guard = AccessGuard(request.case_id, request.employee_id, on_change=self._show)
        self._rescheduling = asyncio.Lock()
        self._doing: str | None = None
        self._problem: str | None = None
        self._rejected: list[RejectedMessage] = []
        self._stale = False

    # ---- waiting, always with the door to withdrawal open ----

    def _ready_to_hand_over(self) -> bool:
        known = not self._branches.unknown and not self._branches.has_news
        return known and self._desk.approved and self._new_plan is None

    def _has_work_beside_the_gates(self) -> bool:
        return self._branches.has_news or self._desk.declined or self._new_plan is not None

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

    # ---- what could not count ----

    def _keep_forgery(self, decision_id: str) -> None:
        self._reject("forged: it never went by the approval page", decision_id)

    def _reject(self, reason: str, decision_id: str | None) -> None:
        rejected = RejectedMessage(at=workflow.now(), reason=reason, decision_id=decision_id)
        self._rejected = [*self._rejected, rejected][-KEPT_REJECTIONS:]
        self._show()

    # ---- what everybody sees ----

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
        gates = self._gates_that_wait()
        branches = tuple(branch.value for branch in self._branches.unknown)
        # While the case is closing, what is still open is among the obstacles already.
        counted = self._guard.still_open and self._phase is not Phase.CLOSING
        rights = (f"rights that are still open: {self._guard.still_open}",) if counted else ()
        found = (self._problem, self._desk.problem, self._guard.problem, *self._branches.problems)
        problems = tuple(dict.fromkeys(problem for problem in found if problem))
        return gates + branches + self._waiting_for + rights + problems

    def _gates_that_wait(self) -> tuple[str, ...]:
        if self._phase is Phase.APPROVING and (self._desk.sent_back or self._new_plan):
            starter = self._request.requested_by
            return (f"new plan: {starter}",) if starter else ("new plan",)
        return tuple(view.gate for view in self._desk.views if view.outcome is None and not view.after)

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
