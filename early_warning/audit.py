"""Attributes of people that the model must not see, read for the audit of a model and for nothing else."""

from collections.abc import Collection

import pandas as pd
from sqlalchemy import Connection, select

from store.tables import employees

# Of every person another one: a name is protected, but it makes no groups.
NO_GROUPS = frozenset({"name", "photo", "email"})


def attributes(connection: Connection, people: pd.Series, protected: Collection[str]) -> dict[str, list[object]]:
    """By name: the value for every row of `people` (employee ids), for each protected attribute that records hold."""
    held = [column for column in employees.c if column.name in protected and column.name not in NO_GROUPS]
    if not held:
        return {}
    asked = sorted(set(map(str, people)))
    rows = connection.execute(select(employees.c.id, *held).where(employees.c.id.in_(asked)))
    known = {row.id: row for row in rows}
    return {column.name: [getattr(known[str(person)], column.name) for person in people] for column in held}
