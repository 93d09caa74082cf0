"""After a case was declined: access still ends at the cut-off, unless somebody decided anew."""

from temporalio import activity
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from models.access import CutoffCheck, CutoffRequest, CutoffVerdict
from models.people import EmployeeStatus
from models.search_attributes import TASK_QUEUE
from store import cases, people
from store.database import Database


class AccessCutoffActivities:
    """Starts the watch over a cut-off, and looks whether somebody else takes care of a person's access by now."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn(name="watch_access_cutoff")
    async def watch_access_cutoff(self, asked: CutoffRequest) -> None:
        """Start the workflow `AccessCutoff` of a case, once; it outlives the case."""
        client: Client = activity.client()
        try:
            await client.start_workflow(
                "AccessCutoff",
                asked,
                id=f"access-cutoff-{asked.case_id.removeprefix('offboarding-')}",
                task_queue=TASK_QUEUE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                static_summary=f"access ends {asked.access_cutoff:%Y-%m-%d %H:%M} UTC, after a declined plan",
            )
        except WorkflowAlreadyStartedError:
            activity.logger.info("the cut-off is watched already")

    @activity.defn(name="check_access_cutoff")
    def check_access_cutoff(self, asked: CutoffCheck) -> CutoffVerdict:
        """The cut-off applies unless the person stays, or another case of theirs is open and cuts access itself."""
        with self._database.begin() as connection:
            person = people.get(connection, asked.employee_id)
            other = cases.open_case_of(connection, asked.employee_id)
        return CutoffVerdict(applies=person.status is not EmployeeStatus.ACTIVE and other is None)
