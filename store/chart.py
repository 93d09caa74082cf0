"""The part of the org chart that an approval needs, in one query."""

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, any_, literal, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Text

from models.people import Employee, EmployeeStatus, Role
from store.people import employee_of
from store.tables import cases, employees


def around(connection: Connection, starts: Collection[str], roles: Collection[Role]) -> dict[str, Employee]:
    """People by id: `starts`, everybody above them, and the active holders of `roles`. Circles do no harm."""
    first = employees.c.id == any_(literal(list(starts), ARRAY(Text)))  # one parameter, however many they are
    line = select(employees.c.id, employees.c.manager_id).where(first).cte("line", recursive=True)
    managers = select(employees.c.id, employees.c.manager_id).join(line, employees.c.id == line.c.manager_id)
    line = line.union(managers)  # UNION drops what was seen, so a circle ends
    wanted = [role.value for role in roles]
    holds = or_(employees.c.role.in_(wanted), employees.c.extra_roles.cast(ARRAY(Text)).overlap(wanted))
    active_holder = (employees.c.status == EmployeeStatus.ACTIVE) & holds
    found = connection.execute(select(employees).where(employees.c.id.in_(select(line.c.id)) | active_holder))
    return {row["id"]: employee_of(row) for row in found.mappings()}


def with_leavers(connection: Connection, people: Mapping[str, Employee]) -> dict[str, Employee]:
    """The same people; whoever has an open departure is `leaving`, whatever an import wrote since it began."""
    running = select(cases.c.employee_id).where(cases.c.ended_at.is_(None), cases.c.employee_id.in_(people))
    leaving = {"status": EmployeeStatus.LEAVING}
    found = connection.execute(running).scalars()
    return {**people, **{person: people[person].model_copy(update=leaving) for person in found}}
