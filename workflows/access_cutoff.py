"""A declined plan does not keep a leaver's access open: it still ends at the cut-off, unless somebody decided anew."""

from datetime import timedelta

from temporalio import workflow

from workflows.access_guard import AccessGuard
from workflows.calls import QUICK

with workflow.unsafe.imports_passed_through():
    from activities.access_cutoff import AccessCutoffActivities
    from models.access import CutoffCheck, CutoffRequest


@workflow.defn(name="AccessCutoff")
class AccessCutoffWorkflow:
    """Outlives the declined case that started it; a new case or a withdrawal makes it end without a lock."""

    @workflow.run
    async def run(self, request: CutoffRequest) -> bool:
        """Returns whether access was taken here."""
        workflow.set_current_details(
            f"Access of {request.employee_id} ends {request.access_cutoff:%Y-%m-%d %H:%M} UTC."
        )
        left = request.access_cutoff - workflow.now()
        if left > timedelta(0):
            await workflow.sleep(left, summary="access cut-off")
        verdict = await workflow.execute_activity_method(
            AccessCutoffActivities.check_access_cutoff,
            CutoffCheck(case_id=request.case_id, employee_id=request.employee_id),
            summary="does the cut-off still apply?",
            **QUICK,
        )
        if verdict.applies:
            await AccessGuard(request.case_id, request.employee_id, lambda: None).take_all()
        return verdict.applies
