"""What the Temporal Web UI shows: current details, and search attributes that stay readable without a worker."""

from temporalio import workflow
from temporalio.common import SearchAttributeUpdate

with workflow.unsafe.imports_passed_through():
    from models import search_attributes
    from models.case import CasePlan, CaseProgress
    from models.case_display import details


class NoticeBoard:
    """Writes only what changed: every upsert is an event in the history."""

    def __init__(self) -> None:
        self._shown: dict[str, object] = {}

    def show(self, progress: CaseProgress, plan: CasePlan) -> None:
        """Bring details and search attributes up to date."""
        workflow.set_current_details(details(progress, plan.time_zone, plan.region))
        wanted: dict[str, SearchAttributeUpdate] = {  # type: ignore[type-arg]
            "phase": search_attributes.PHASE.value_set(progress.phase.value),
            "waiting_on": search_attributes.WAITING_ON.value_set(list(progress.waiting_on)),
            "department": search_attributes.DEPARTMENT.value_set(plan.department),
        }
        if progress.level and progress.score:
            wanted["level"] = search_attributes.LEVEL.value_set(progress.level.value)
            wanted["score"] = search_attributes.SCORE.value_set(float(progress.score))
        if progress.next_deadline:
            wanted["deadline"] = search_attributes.NEXT_DEADLINE.value_set(progress.next_deadline)
        elif "deadline" in self._shown:
            wanted["deadline"] = search_attributes.NEXT_DEADLINE.value_unset()
        changed = {name: update for name, update in wanted.items() if self._shown.get(name) != update.value}
        if changed:
            self._shown.update({name: update.value for name, update in changed.items()})
            workflow.upsert_search_attributes(list(changed.values()))
