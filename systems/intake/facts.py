"""Events: what happened once. The same event again changes nothing; the same id with other content is a fault."""

from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, cast, func, literal, or_, select
from sqlalchemy.schema import DefaultClause
from sqlalchemy.sql.functions import coalesce

from models.reasons import because
from store.roll_up import Hours, add_events
from store.tables.behaviour import activity_events
from systems.intake.columns import TemplateTable
from systems.intake.found import Found
from systems.intake.report import TableCounts

FIRST_MOMENT = datetime(1990, 1, 1, tzinfo=UTC)  # no system wrote a log that we could be given before
AHEAD = timedelta(days=2)  # clocks and zones differ by less
LONGEST_SPAN = 240  # months; each one is a table of its own


def absurd_times(table: TemplateTable, stage: Table, found: Found) -> None:
    """Name every staged event at a time that nobody means: it would make a table, and count as the newest for ever."""
    place, at = (stage.c.file_no, stage.c.line, stage.c.occurred_at), stage.c.occurred_at
    last = datetime.now(UTC) + AHEAD
    column = next(each.name for each in table.columns if each.target == at.name)
    found.report(
        select(*place).where(at < FIRST_MOMENT),
        column,
        because("is before the year {year}", year=FIRST_MOMENT.year),
    )
    found.report(select(*place).where(at > last), column, because("is more than two days in the future"))
    newest = select(func.max(at)).where(at <= last).scalar_subquery()
    longest = func.make_interval(0, LONGEST_SPAN)
    found.report(
        select(*place).where(at >= FIRST_MOMENT, at < newest - longest),
        column,
        because("is more than {months} months before the newest event of this import", months=LONGEST_SPAN),
    )


def contradictions(table: TemplateTable, stage: Table, found: Found) -> None:
    """Name every staged row that says something else than an earlier one, or than the event that we hold."""
    found.report(
        _unlike_the_first(stage),
        table.id_column.name,
        because("was given before in this import and said something else"),
    )
    ours = activity_events.c
    differs = reduce(or_, (ours[name].is_distinct_from(value) for name, value in _said(stage).items()))
    found.report(
        select(stage.c.file_no, stage.c.line, stage.c.id).join(activity_events, ours.id == stage.c.id).where(differs),
        table.id_column.name,
        because("is the id of an event that we hold and that says something else"),
    )


def compare_facts(connection: Connection, stage: Table) -> TableCounts:
    """Count what is new and what is here already. Nothing is written."""
    here = select(activity_events.c.id).where(activity_events.c.id == stage.c.id).exists()
    count = select(func.count(stage.c.id.distinct())).where(~here)
    read, new = (connection.execute(each).scalar_one() for each in (select(func.count()).select_from(stage), count))
    return TableCounts(read=read, new=new, unchanged=read - new)


def write_facts(connection: Connection, stage: Table, off_hours: Hours) -> None:
    """Keep and count the staged events that are not here yet. `off_hours` are from, until."""
    rows = select(*(value.label(name) for name, value in _values(stage).items()))
    add_events(connection, rows.subquery("rows"), off_hours)


def _unlike_the_first(stage: Table) -> Select[Any]:
    often = select(stage.c.id).where(stage.c.id.is_not(None)).group_by(stage.c.id).having(func.count() > 1)
    lines, said = (stage.c.file_no, stage.c.line), _said(stage)
    first = {
        f"first_{name}": func.first_value(value).over(partition_by=stage.c.id, order_by=lines)
        for name, value in said.items()
    }
    labelled = (value.label(name) for name, value in (said | first).items())
    rows = select(*lines, stage.c.id, *labelled).where(stage.c.id.in_(often)).subquery()
    differs = reduce(or_, (rows.c[name].is_distinct_from(rows.c[f"first_{name}"]) for name in said))
    return select(rows.c.file_no, rows.c.line, rows.c.id).where(differs)


def _said(stage: Table) -> dict[str, ColumnElement[Any]]:
    """What the sources say of an event beside its id; they are silent about columns that they do not have."""
    return {name: value for name, value in _values(stage).items() if name in stage.columns and name != "id"}


def _values(stage: Table) -> dict[str, ColumnElement[Any]]:
    """Every column of an event; what is not given has the default of our column."""
    found: dict[str, ColumnElement[Any]] = {}
    for column in activity_events.columns:
        given: list[ColumnElement[Any]] = [stage.c[column.name]] if column.name in stage.columns else []
        if isinstance(column.server_default, DefaultClause):
            given.append(cast(literal(str(column.server_default.arg)), column.type))
        found[column.name] = coalesce(*given)
    return found
