"""After a case was declined: does the access cut-off still apply?"""

from temporalio import activity

from models.access import CutoffCheck, CutoffVerdict
from models.people import EmployeeStatus
from store import cases, people
from store.database import Database


class AccessCutoffActivities:
    """Looks whether somebody else takes care of a person's access by now."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn(name="check_access_cutoff")
    def check_access_cutoff(self, asked: CutoffCheck) -> CutoffVerdict:
        """The cut-off applies unless the person stays, or another case of theirs is open and cuts access itself."""
        with self._database.begin() as connection:
            person = people.get(connection, asked.employee_id)
            other = cases.open_case_of(connection, asked.employee_id)
        return CutoffVerdict(applies=person.status is not EmployeeStatus.ACTIVE and other is None)
