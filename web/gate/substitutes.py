"""Whom the page offers to hand a question over to."""

from sqlalchemy import Connection

from models.people import Employee, EmployeeStatus
from store import chart
from web.door.hearing import Hearing

MOST = 30  # a longer list helps nobody; anybody else is named by their id


def substitutes(connection: Connection, hearing: Hearing) -> tuple[Employee, ...]:
    """Active people with the role of the gate or above the leaver, who may decide here: those nearby first.

    It is an offer; whether somebody may take it is judged when it is handed over.
    """
    leaver = hearing.case.employee_id
    around = chart.around(connection, {leaver}, {hearing.plan.role})
    out = hearing.standing.barred | hearing.standing.elsewhere | {leaver, *hearing.current.approvers}
    home = around[leaver].region
    able = [each for each in around.values() if each.status is EmployeeStatus.ACTIVE and each.id not in out]
    nearest = sorted(able, key=lambda each: (each.region != home, each.name, each.id))
    return tuple(nearest[:MOST])
