"""One of many values, as one parameter: a list of any length makes the same statement."""

from collections.abc import Iterable

from sqlalchemy import Column, ColumnElement, Text, any_, literal
from sqlalchemy.dialects.postgresql import ARRAY


def among(column: Column[str], values: Iterable[str]) -> ColumnElement[bool]:
    """The column is one of these texts; never, when there are none."""
    return column == any_(literal(sorted(set(values)), ARRAY(Text)))
