"""Many values as one parameter: a list of any length makes the same statement."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Column, ColumnElement, TableValuedAlias, Text, any_, cast, func, literal
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import TypeEngine


def among(column: Column[str], values: Iterable[str]) -> ColumnElement[bool]:
    """The column is one of these texts; never, when there are none."""
    return column == any_(literal(sorted(set(values)), ARRAY(Text)))


def rows_of(**columns: tuple[TypeEngine[Any], Iterable[object]]) -> TableValuedAlias:
    """Rows to join with, called `asked`: the name, the type and the values of each column, all equally long."""
    arrays = (cast(literal(list(values), ARRAY(kind)), ARRAY(kind)) for kind, values in columns.values())
    return func.unnest(*arrays).table_valued(*columns).render_derived(name="asked")
