"""Who collects what a client owes: whoever holds the client now, or else the manager's line of the leaver."""

from collections.abc import Collection

from sqlalchemy import Connection, and_, func, select

from models.approvers import line_above
from models.base import ClientId, EmployeeId
from models.people import EmployeeStatus, Role
from store import chart
from store.among import among
from store.tables import clients, employees

# Who takes over when nobody above the leaver is there: the same order as for clients without a successor.
STAND_INS = (Role.SALES_MANAGER, Role.HRBP)


def holders_of(connection: Connection, ids: Collection[ClientId], leaver: EmployeeId) -> dict[ClientId, EmployeeId]:
    """Who holds each of these clients; those whom nobody but the leaver, or who has left, holds are left out."""
    holder = func.coalesce(clients.c.interim_owner_id, clients.c.owner_id)
    there = and_(employees.c.id == holder, employees.c.status != EmployeeStatus.LEFT, employees.c.id != leaver)
    rows = connection.execute(
        select(clients.c.id, employees.c.id).join(employees, there).where(among(clients.c.id, ids))
    ).all()
    return {client: person for client, person in rows}


def stand_in(connection: Connection, leaver: EmployeeId) -> EmployeeId | None:
    """The nearest active person above the leaver, else an active sales manager or HR partner; None when nobody is."""
    people = chart.around(connection, [leaver], STAND_INS)
    active = {person.id: person for person in people.values() if person.status is EmployeeStatus.ACTIVE}
    above = (person for person in line_above(people, [leaver]) if person in active)
    others = (
        person.id
        for role in STAND_INS
        for person in sorted(active.values(), key=lambda each: each.id)
        if person.holds(role) and person.id != leaver
    )
    return next(above, None) or next(others, None)


def gone(connection: Connection, ids: Collection[EmployeeId]) -> dict[EmployeeId, EmployeeStatus]:
    """Those of these people who are leaving or have left."""
    away = among(employees.c.id, ids) & (employees.c.status != EmployeeStatus.ACTIVE)
    rows = connection.execute(select(employees.c.id, employees.c.status).where(away))
    return {row.id: EmployeeStatus(row.status) for row in rows}
