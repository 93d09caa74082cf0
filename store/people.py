"""Employees as rows."""

from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Connection, RowMapping, any_, func, literal, select, update

from models.errors import UnknownEmployee
from models.people import Employee, EmployeeStatus, Role
from store.tables import clients, employees

# A day that is over this long after midnight UTC is over everywhere on earth.
LAST_ZONE = timedelta(hours=12)


def employee_of(row: RowMapping) -> Employee:
    """Build an Employee from a row of `employees`."""
    fields = {name: row[name] for name in Employee.model_fields}
    return Employee.model_validate(fields)


def get(connection: Connection, employee_id: str) -> Employee:
    """The employee with that id; UnknownEmployee otherwise."""
    row = connection.execute(select(employees).where(employees.c.id == employee_id)).mappings().one_or_none()
    if row is None:
        raise UnknownEmployee("no employee has the id {employee!r}", employee=employee_id)
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
        raise UnknownEmployee(
            "no employee has the id or the name {employee!r}. Try `offboard import` first.", employee=key
        )
    if len(exact) > 1:
        ids = ", ".join(sorted(row["id"] for row in exact))
        raise UnknownEmployee(
            "{number} employees are called {employee!r}: use the id, one of {ids}",
            number=len(exact),
            employee=key,
            ids=ids,
        )
    return employee_of(exact[0])


def has_left(person: Employee, today: date) -> bool:
    """True for who has left, and for who is leaving and had their last day before `today` (garden leave ends so)."""
    over = person.left_on is not None and person.left_on < today
    return person.status is EmployeeStatus.LEFT or (person.status is EmployeeStatus.LEAVING and over)


def gone(today: ColumnElement[date] | date) -> ColumnElement[bool]:
    """The same as `has_left`, for a query on `employees`; false, never unknown, without a last day."""
    over = func.coalesce(employees.c.left_on < today, False)
    return (employees.c.status == EmployeeStatus.LEFT) | ((employees.c.status == EmployeeStatus.LEAVING) & over)


def settle_leavers(connection: Connection, at: datetime) -> int:
    """Write `left` for everybody whose case is closed and whose last day is over everywhere; returns how many."""
    over = gone((at - LAST_ZONE).date()) & (employees.c.status == EmployeeStatus.LEAVING)
    return connection.execute(update(employees).where(over).values(status=EmployeeStatus.LEFT)).rowcount


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
