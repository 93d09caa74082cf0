"""Whom a case listens to: decisions, withdrawals, new dates, new plans, and word that facts have changed."""

from collections.abc import Sequence

from temporalio import workflow
from temporalio.common import RawValue

from workflows.calls import QUICK
from workflows.case_state import CaseState

with workflow.unsafe.imports_passed_through():
    from activities.cases import CaseActivities
    from models.approvals import Decision, DecisionReceipt
    from models.case import CaseDates, CaseProgress, NewPlan, Phase, ReplanRequest, Reschedule, Withdrawal
    from models.errors import CaseConflict, DecisionRefused, NotAllowed

# New plans ask everybody again: whoever reaches the engine could send them without end.
MOST_NEW_PLANS = 20
FIXED = (Phase.CLOSING, Phase.CLOSED, Phase.DECLINED, Phase.WITHDRAWN)


class CaseMessages(CaseState):
    """Every message that a case takes. Validators only read, and no handler raises anything but a typed error."""

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

        Signal `news`: what the report rests on has changed, so another version is due. Signal `people`: somebody
        delegated, left or came, so others may have to be asked. Both carry nothing: the facts are read from our
        database.

        A typed handler would drop a mistyped signal without a trace, and an exception would wedge the case; here
        whatever cannot count is kept and shown.
        """
        if name == "news":
            self._branches.hear()
            return
        if name == "people":
            self._desk.people_changed()
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

    @workflow.update(name="withdraw", description="The leaver stays: walk every effect back")
    def withdraw(self, withdrawal: Withdrawal) -> CaseProgress:
        """Accept a withdrawal; the effects are walked back afterwards, see `progress`."""
        self._withdrawal = self._withdrawal or withdrawal
        return self.progress()

    @withdraw.validator
    def _may_withdraw(self, withdrawal: Withdrawal) -> None:
        if self._phase in FIXED:
            raise CaseConflict("the case is {phase}: nothing can be withdrawn any more", phase=self._phase)
        if self._request.employee_id == withdrawal.requested_by:
            raise NotAllowed("nobody ends their own departure: ask HR to withdraw it; nothing was changed")

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

    @workflow.update(name="replan", description="Propose the handover anew; everybody is asked again")
    def replan(self, change: NewPlan) -> CaseProgress:
        """Accept the wish for another handover plan; it is made and asked about afterwards, see `progress`."""
        self._new_plan = change
        self._new_plans += 1
        self._show()
        return self.progress()

    @replan.validator
    def _may_replan(self, change: NewPlan) -> None:
        if self._phase is not Phase.APPROVING:
            raise CaseConflict("the case is {phase}: no new plan can be made now", phase=self._phase)
        if self._request.employee_id == change.requested_by:
            raise NotAllowed("nobody plans the handover of their own departure", person=change.requested_by)
        if self._new_plans >= MOST_NEW_PLANS:
            raise CaseConflict(
                "{number} new plans were made in this case, which is the most; decide about the last one, or withdraw",
                number=self._new_plans,
            )
