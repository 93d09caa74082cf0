"""Turns rows that a check found in the staging tables into faults with file, line and column."""

from typing import Any

from sqlalchemy import Connection, Select, func, select

from models.reasons import Reason
from systems.intake.report import FAULTS_KEPT, FaultLog
from systems.intake.sources import Source


class Found:
    """Reports what set-based checks find. `sources` give file numbers their names."""

    def __init__(self, connection: Connection, sources: tuple[Source, ...], log: FaultLog) -> None:
        self._connection, self._log = connection, log
        self._sources = {source.number: source for source in sources}

    def report(self, rows: Select[Any], column: str, reason: Reason) -> None:
        """Name every row of the query (file number, line, value). The first ones are kept, all are counted."""
        found = rows.subquery()
        number, line, value = found.c
        total = func.count().over().label("total")
        listed = self._connection.execute(
            select(number, line, value, total).order_by(number, line).limit(FAULTS_KEPT)
        ).all()
        if listed:
            self._log.add_found(
                [
                    (*self._place(row[0], column, row[1]), reason, "" if row[2] is None else str(row[2]))
                    for row in listed
                ],
                listed[0].total,
            )

    def _place(self, file_no: int, column: str, line: int) -> tuple[str, int, str]:
        source = self._sources[file_no]
        sought = "name" if column == source.table.id_column.name and not source.gives_id else column
        origin = source.origin(sought)
        return source.file, line, (origin.headers[0] if origin and origin.headers else column)
