"""What a person still has to do for others, and the tasks that a case leaves to people."""

from datetime import datetime

from sqlalchemy import Connection, any_, func, literal, select, update

from store import people
from store.tables import assets, cases, employees, gates, tasks

ASSET_RETURN = "asset_return"
RETURNED = "returned"


def counts(connection: Connection, employee_id: str) -> dict[str, int]:
    """Duties of a person by kind, only those there are: direct reports, open gates that wait on them, open tasks.

    Gates about their own departure do not count: they may not answer those anyway.
    """
    queries = {
        "direct_reports": select(func.count())
        .select_from(employees)
        .where(employees.c.manager_id == employee_id, ~people.gone(func.current_date())),
        "gates_waiting": select(func.count())
        .select_from(gates.join(cases, cases.c.id == gates.c.case_id))
        .where(
            gates.c.closed_at.is_(None),
            literal(employee_id) == any_(gates.c.approvers),
            cases.c.ended_at.is_(None),
            cases.c.employee_id != employee_id,
        ),
        "tasks_owned": select(func.count())
        .select_from(tasks)
        .where(tasks.c.owner_id == employee_id, tasks.c.outcome.is_(None)),
    }
    found = {kind: connection.execute(query).scalar_one() for kind, query in queries.items()}
    return {kind: number for kind, number in found.items() if number}


def add_asset_return(connection: Connection, case_id: str, asset_id: str, owner_id: str, due_at: datetime) -> str:
    """Ask `owner_id` to get one asset back; returns the id of the task."""
    task_id = f"{case_id}/{ASSET_RETURN}/{asset_id}"
    connection.execute(
        tasks.insert().values(
            id=task_id, case_id=case_id, kind=ASSET_RETURN, subject=asset_id, owner_id=owner_id, due_at=due_at
        )
    )
    return task_id


def retime_asset_returns(connection: Connection, case_id: str, due_at: datetime) -> int:
    """Give every open asset task of a case a new deadline; returns how many there were."""
    moved = connection.execute(
        update(tasks)
        .where(tasks.c.case_id == case_id, tasks.c.kind == ASSET_RETURN, tasks.c.outcome.is_(None))
        .values(due_at=due_at)
    )
    return moved.rowcount


def settle_returned_assets(connection: Connection, case_id: str) -> int:
    """Close the tasks of assets that the register shows as returned by now; returns how many."""
    settled = connection.execute(
        update(tasks)
        .where(
            tasks.c.case_id == case_id,
            tasks.c.kind == ASSET_RETURN,
            tasks.c.outcome.is_(None),
            tasks.c.subject == assets.c.id,
            assets.c.returned_on.is_not(None),
        )
        .values(outcome=RETURNED)
    )
    return settled.rowcount


def overdue_tasks(connection: Connection, case_id: str, at: datetime) -> int:
    """Tasks of a case that are past their deadline and have no outcome yet."""
    query = select(func.count()).select_from(tasks)
    query = query.where(tasks.c.case_id == case_id, tasks.c.outcome.is_(None), tasks.c.due_at < at)
    return connection.execute(query).scalar_one()


def end_open_tasks(connection: Connection, case_id: str, outcome: str) -> int:
    """Give every open task of a case that ends otherwise (declined, withdrawn) that outcome; returns how many."""
    ended = connection.execute(
        update(tasks).where(tasks.c.case_id == case_id, tasks.c.outcome.is_(None)).values(outcome=outcome)
    )
    return ended.rowcount
