"""From the staging tables into ours: what is new is inserted, what differs is changed, the rest is left alone."""

from dataclasses import dataclass
from functools import reduce

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Table,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.schema import DefaultClause
from sqlalchemy.sql.functions import coalesce

from models.case import Phase
from models.people import EmployeeStatus
from store.tables import cases, metadata
from systems.intake.handed_over import handed_over
from systems.intake.report import TableCounts

OWNED_BY_KIND = {"clients": "client", "opportunities": "opportunity"}  # our tables, as the effects of a handover say


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
    joined = stage.outerjoin(ours, ours.c.id == stage.c.id)
    if ours.name == "employees":
        values |= _standing(ours, stage, values)
    if ours.name in OWNED_BY_KIND and "owner_id" in values:
        moved = handed_over(OWNED_BY_KIND[ours.name])
        joined = joined.outerjoin(moved, moved.c.id == stage.c.id)
        values["owner_id"] = _owner(ours, moved, values["owner_id"])
    differs: list[ColumnElement[bool]] = [
        ours.c[name].is_distinct_from(value) for name, value in values.items() if name != "id"
    ]
    return _Comparison(
        joined=joined,
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


def _owner(ours: Table, moved: FromClause, value: ColumnElement[object]) -> ColumnElement[object]:
    """An owner that a case set stays while the source still names who owned it before; anybody else is news."""
    kept = and_(
        moved.c.id.is_not(None),
        ours.c.owner_id.is_not_distinct_from(moved.c.owner_id),
        func.array_position(moved.c.earlier, value).is_not(None),
    )
    return case((kept, ours.c.owner_id), else_=value)


def _standing(ours: Table, stage: Table, values: dict[str, ColumnElement[object]]) -> dict[str, ColumnElement[object]]:
    """Status and last day. A person whose departure runs stays `leaving` until the source says `left`; one whose case
    was closed stays `left` until the source knows a later first day: they were hired again.
    """
    closed = exists().where(cases.c.employee_id == ours.c.id, cases.c.phase == Phase.CLOSED.value)
    stays: ColumnElement[bool] = and_(ours.c.status == EmployeeStatus.LEFT.value, closed)
    if "hired_on" in values:
        stays = and_(stays, or_(values["hired_on"].is_(None), ~coalesce(values["hired_on"] > ours.c.hired_on, False)))
    found: dict[str, ColumnElement[object]] = {}
    if "status" in values:
        value = values["status"]
        leaving = and_(ours.c.status == EmployeeStatus.LEAVING.value, value == EmployeeStatus.ACTIVE.value)
        found["status"] = case(
            (stays, literal(EmployeeStatus.LEFT.value)), (leaving, literal(EmployeeStatus.LEAVING.value)), else_=value
        )
    if "left_on" in values:
        found["left_on"] = case((stays, coalesce(values["left_on"], ours.c.left_on)), else_=values["left_on"])
    return found
