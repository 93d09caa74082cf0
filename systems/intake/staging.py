"""Staging tables: temporary, filled by COPY from a stream, so that a file of any size needs little memory."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator

import psycopg2
from psycopg2 import sql
from sqlalchemy import Column, Connection, Integer, MetaData, Table, text

from models.errors import Unavailable
from store.tables import metadata
from systems.intake.rows import Staged

_ROWS_A_BLOCK = 2_000
_ROWS_A_REPORT = 50_000


def create_stage(connection: Connection, name: str, targets: Iterable[str]) -> Table:
    """A temporary table with the types of ours and none of its rules, for the columns that the sources give."""
    ours = metadata.tables[name]
    wanted = set(targets) | {"id"} | ({"source_key"} & set(ours.columns.keys()))
    stage = Table(
        f"stage_{name}",
        MetaData(),
        Column("file_no", Integer),
        Column("line", Integer),
        *(Column(column.name, column.type) for column in ours.columns if column.name in wanted),
        prefixes=["TEMPORARY"],
        postgresql_on_commit="DROP",
    )
    stage.create(connection)
    return stage


def fill(
    connection: Connection,
    stage: Table,
    file_no: int,
    targets: tuple[str, ...],
    rows: Iterable[Staged],
    report: Callable[[int], None],
) -> int:
    """COPY the rows of one source into its staging table and return their number; `report` hears it on the way."""
    columns = sql.SQL(", ").join(map(sql.Identifier, ("file_no", "line", *targets)))
    command = sql.SQL("COPY {} ({}) FROM STDIN WITH (FORMAT csv, ENCODING 'UTF8')").format(
        sql.Identifier(stage.name), columns
    )
    stream = _Stream(file_no, rows, report)
    raw = connection.connection.dbapi_connection
    try:
        with raw.cursor() as cursor:  # type: ignore[union-attr]
            cursor.copy_expert(command, stream, 1 << 18)
    except (psycopg2.OperationalError, psycopg2.InterfaceError) as lost:
        raise Unavailable("our database does not answer: {answer}", answer=lost, system="database") from lost
    return stream.rows


def analyse(connection: Connection, stage: Table) -> None:
    """Tell the planner how many rows there are: without it, checks of large files choose slow ways."""
    connection.execute(text(f"ANALYZE {stage.name}"))


class _Stream:
    """The rows as a file that COPY reads."""

    def __init__(self, file_no: int, rows: Iterable[Staged], report: Callable[[int], None]) -> None:
        self.rows = 0
        self._blocks = self._encode(file_no, rows, report)
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes; nothing at the end."""
        block = self._rest or next(self._blocks, b"")
        if size < 0 or len(block) <= size:
            self._rest = b""
            return block
        self._rest = block[size:]
        return block[:size]

    def _encode(self, file_no: int, rows: Iterable[Staged], report: Callable[[int], None]) -> Iterator[bytes]:
        buffer = io.StringIO()
        writer = csv.writer(buffer)  # ends rows with CR LF, so that both are quoted inside a text
        for line, values in rows:
            writer.writerow((file_no, line, *values))
            self.rows += 1
            if self.rows % _ROWS_A_BLOCK == 0:
                yield buffer.getvalue().encode()
                buffer.seek(0)
                buffer.truncate()
            if self.rows % _ROWS_A_REPORT == 0:
                report(self.rows)
        report(self.rows)
        yield buffer.getvalue().encode()
