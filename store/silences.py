"""Since when a system of record has not answered a branch of a case: one row while it is silent, else none."""

from datetime import datetime

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.postgresql import insert

from models.base import Moment, Value
from models.case import Branch
from store.tables.money import silences


class Silence(Value):
    """A system that has not answered since a moment; `reason` is why, as adapters name it."""

    branch: Branch
    system: str
    since: Moment
    reason: str


def begin(connection: Connection, case_id: str, branch: Branch, system: str, reason: str, *, at: datetime) -> None:
    """Write down that a system does not answer. The first time counts; later tries only renew the reason."""
    row = insert(silences).values(case_id=case_id, branch=branch, system=system, since=at, reason=reason)
    again = row.on_conflict_do_update(index_elements=["case_id", "branch"], set_={"system": system, "reason": reason})
    connection.execute(again)


def end(connection: Connection, case_id: str, branch: Branch) -> None:
    """The system answered."""
    connection.execute(delete(silences).where(silences.c.case_id == case_id, silences.c.branch == branch))


def of_case(connection: Connection, case_id: str) -> tuple[Silence, ...]:
    """Every system that is silent now, the longest silence first."""
    columns = (silences.c.branch, silences.c.system, silences.c.since, silences.c.reason)
    rows = connection.execute(select(*columns).where(silences.c.case_id == case_id).order_by(silences.c.since))
    return tuple(Silence.model_validate(dict(row)) for row in rows.mappings())
