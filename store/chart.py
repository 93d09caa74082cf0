"""The part of the org chart that an approval needs, in one query."""

from collections.abc import Collection

from sqlalchemy import Connection, any_, literal, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Text

from models.people import Employee, EmployeeStatus, Role
from store.people import employee_of
from store.tables import employees


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
