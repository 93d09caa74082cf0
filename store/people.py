"""Employees as rows."""

from sqlalchemy import Connection, RowMapping, any_, func, literal, select

from models.errors import UnknownEmployee
from models.people import Employee, Role
from store.tables import clients, employees


def employee_of(row: RowMapping) -> Employee:
    """Build an Employee from a row of `employees`."""
    fields = {name: row[name] for name in Employee.model_fields}
    return Employee.model_validate(fields)


def get(connection: Connection, employee_id: str) -> Employee:
    """The employee with that id; UnknownEmployee otherwise."""
    row = connection.execute(select(employees).where(employees.c.id == employee_id)).mappings().one_or_none()
    if row is None:
        raise UnknownEmployee(f"no employee has the id {employee_id!r}", employee=employee_id)
    return employee_of(row)


def find(connection: Connection, key: str) -> Employee:
    """The employee with that id or exact name. A name that several people share is refused with their ids."""
    rows = (
        connection.execute(select(employees).where((employees.c.id == key) | (employees.c.name == key)).limit(10))
        .mappings()
        .all()
    )
    exact = [row for row in rows if row["id"] == key] or list(rows)
    if not exact:
        raise UnknownEmployee(f"no employee has the id or the name {key!r}. Try `offboard import` first.", employee=key)
    if len(exact) > 1:
        ids = ", ".join(sorted(row["id"] for row in exact))
        raise UnknownEmployee(f"{len(exact)} employees are called {key!r}: use the id, one of {ids}", employee=key)
    return employee_of(exact[0])


def with_role(connection: Connection, role: Role) -> list[Employee]:
    """Active people who act in a role, by id."""
    rows = connection.execute(
        select(employees)
        .where(
            (employees.c.role == role) | (literal(role.value) == any_(employees.c.extra_roles)),
            employees.c.status == "active",
        )
        .order_by(employees.c.id)
    ).mappings()
    return [employee_of(row) for row in rows]


def count_of_clients(connection: Connection, employee_id: str) -> int:
    """How many active clients a person owns."""
    query = select(func.count()).select_from(clients)
    return connection.execute(query.where(clients.c.owner_id == employee_id, clients.c.status == "active")).scalar_one()


def names(connection: Connection, ids: set[str]) -> dict[str, str]:
    """Names by id, for people who are shown."""
    rows = connection.execute(select(employees.c.id, employees.c.name).where(employees.c.id.in_(ids)))
    return {row.id: row.name for row in rows}
