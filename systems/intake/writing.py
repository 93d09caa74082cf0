"""From the staging tables into ours: what is new is inserted, what differs is changed, the rest is left alone."""

from dataclasses import dataclass
from functools import reduce

from sqlalchemy import ColumnElement, Connection, FromClause, Table, and_, case, cast, func, literal, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.schema import DefaultClause
from sqlalchemy.sql.functions import coalesce

from models.people import EmployeeStatus
from store.tables import metadata
from systems.intake.report import TableCounts


@dataclass(frozen=True)
class _Comparison:
    """Staged rows beside our rows: `values` by column, `fresh` and `differs` as conditions."""

    joined: FromClause
    values: dict[str, ColumnElement[object]]
    fresh: ColumnElement[bool]
    differs: ColumnElement[bool]


def compare(connection: Connection, name: str, stage: Table) -> TableCounts:
    """Count what is new, changed and unchanged. Nothing is written."""
    both = _compare(metadata.tables[name], stage)
    read, new, changed = connection.execute(
        select(
            func.count(),
            func.count().filter(both.fresh),
            func.count().filter(and_(~both.fresh, both.differs)),
        ).select_from(both.joined)
    ).one()
    return TableCounts(read=read, new=new, changed=changed, unchanged=read - new - changed)


def write(connection: Connection, name: str, stage: Table) -> None:
    """Insert new rows and change those that differ. Columns that no source gives keep what they hold."""
    ours = metadata.tables[name]
    both = _compare(ours, stage)
    rows = select(*both.values.values()).select_from(both.joined).where(or_(both.fresh, both.differs))
    upsert = insert(ours).from_select(list(both.values), rows)
    changes = {column: upsert.excluded[column] for column in both.values if column != "id"}
    connection.execute(upsert.on_conflict_do_update(index_elements=["id"], set_=changes))


def _compare(ours: Table, stage: Table) -> _Comparison:
    given = [column.name for column in stage.columns if column.name in ours.columns]
    values = {name: _value(ours, stage, name) for name in given}
    if ours.name == "employees" and "status" in values:
        values["status"] = _status(ours, values["status"])
    differs: list[ColumnElement[bool]] = [
        ours.c[name].is_distinct_from(value) for name, value in values.items() if name != "id"
    ]
    return _Comparison(
        joined=stage.outerjoin(ours, ours.c.id == stage.c.id),
        values=values,
        fresh=ours.c.id.is_(None),
        differs=reduce(or_, differs),
    )


def _value(ours: Table, stage: Table, name: str) -> ColumnElement[object]:
    """The staged value; an empty cell stands for the default of our column, or for nothing where it may be empty."""
    column = ours.c[name]
    if column.nullable or not isinstance(column.server_default, DefaultClause):
        return stage.c[name]
    return coalesce(stage.c[name], cast(literal(str(column.server_default.arg)), column.type))


def _status(ours: Table, value: ColumnElement[object]) -> ColumnElement[object]:
    """A person whose departure runs stays `leaving`, whatever the source still says, until it says `left`."""
    leaving = and_(ours.c.status == EmployeeStatus.LEAVING.value, value == EmployeeStatus.ACTIVE.value)
    return case((leaving, literal(EmployeeStatus.LEAVING.value)), else_=value)
