"""Who may write down what a client answered to a balance confirmation. Pure: a refusal, or None."""

from collections.abc import Collection

from models.base import EmployeeId
from models.errors import NotAllowed
from models.people import Employee, EmployeeStatus, Role


def refusal_to_record(
    person: Employee, leaver: EmployeeId, collector: EmployeeId | None, above: Collection[EmployeeId]
) -> NotAllowed | None:
    """Why a person may not: only the collector, whoever is `above` the collector, and finance may; never the leaver."""
    allowed = person.id == collector or person.id in above or person.holds(Role.FINANCE_REVIEWER)
    if allowed and person.id != leaver and person.status is EmployeeStatus.ACTIVE:
        return None
    return NotAllowed(
        "{person} may not write down what this client answered: only {collector}, who collects, their managers and "
        "finance may. Nothing was changed.",
        person=person.id,
        collector=collector or "the collector",
    )
