"""A table as it would stand after the import: the staged rows, and those of ours that are not staged again."""

from typing import Any

from sqlalchemy import ColumnElement, FromClause, Integer, Subquery, Table, cast, null, select, union_all
from sqlalchemy.sql.functions import coalesce

from store.tables import metadata


def merged(name: str, stage: Table | None, *columns: str) -> Subquery:
    """Columns `file_no` and `line` (both null for rows of ours), `id`, and those asked for.

    A column that no source gives is that of our row; an empty cell stays empty.
    """
    ours = metadata.tables[name]
    nowhere = cast(null(), Integer)
    kept = select(nowhere.label("file_no"), nowhere.label("line"), ours.c.id, *(ours.c[column] for column in columns))
    if stage is None:
        return kept.subquery(f"merged_{name}")
    held = ours.alias()
    given: dict[str, ColumnElement[Any]] = {
        column: stage.c[column] if column in stage.c else held.c[column] for column in columns
    }
    if set(columns) <= set(stage.c.keys()):
        staged = select(stage.c.file_no, stage.c.line, stage.c.id, *given.values())
    else:
        both = stage.outerjoin(held, held.c.id == stage.c.id)
        labelled = (value.label(column) for column, value in given.items())
        staged = select(stage.c.file_no, stage.c.line, stage.c.id, *labelled).select_from(both)
    again = select(stage.c.id).where(stage.c.id == ours.c.id).exists()
    return union_all(staged, kept.where(~again)).subquery(f"merged_{name}")


def place(*rows: FromClause) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """File and line of the first of these rows that is staged; null when none is."""
    return coalesce(*(row.c.file_no for row in rows)), coalesce(*(row.c.line for row in rows))
