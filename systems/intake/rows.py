"""Rows of one source, checked cell by cell and made ready for the staging table."""

from collections.abc import Iterator
from pathlib import Path

from models.reasons import Reason, because
from systems.intake.encoding import Bytes
from systems.intake.records import BAD_QUOTES, Record, records
from systems.intake.report import BadCell, FaultLog
from systems.intake.shape import Cell, Ready, Shape
from systems.intake.sources import Source

Once = dict[str, tuple[int, int, Ready]]  # key -> source, line and values of the row that was taken
Staged = tuple[int, Ready]


class Rows:
    """Reads one source; iterating yields (line, values in the order of the shape's targets).

    A row with faults is named in the log and still yielded with its bad cells empty: what refers to it must not be
    called unknown because of a slip elsewhere in that row. `once` holds what distinct sources of the same table took.
    """

    def __init__(self, source: Source, path: Path, seen: Bytes, shape: Shape, once: Once, log: FaultLog) -> None:
        self._source, self._path, self._seen = source, path, seen
        self._shape, self._once, self._log = shape, once, log

    def __iter__(self) -> Iterator[Staged]:
        skip, width, distinct = self._shape.skip, self._shape.width, self._source.distinct
        with self._path.open(encoding=self._seen.encoding, errors="surrogateescape", newline="") as text:
            rows = records(text, delimiter=self._source.delimiter)
            next(rows, None)  # the header
            for record in rows:
                line, row = record.line, record.cells
                if not record.sound or len(row) != width:
                    yield line, self._misshapen(record)
                    continue
                if skip and any(not row[at].strip() for at in skip):
                    continue
                values = self._values(line, row)
                if not distinct or self._is_first(line, values):
                    yield line, values

    def _values(self, line: int, row: list[str]) -> Ready:
        shape = self._shape
        try:
            values: Ready = [cell.take(row[cell.at]) for cell in shape.cells]
        except BadCell:
            values = [self._take(cell, row, line) for cell in shape.cells]
        else:
            for check in shape.checks:
                complaint = check(values)
                if complaint is not None:
                    self._fault(line, *complaint)
        for step in shape.steps:
            step(values, row)
        return values

    def _take(self, cell: Cell, row: list[str], line: int) -> str | None:
        try:
            return cell.take(row[cell.at])
        except BadCell as bad:
            self._fault(line, cell.shown, bad.reason, row[cell.at])
            return None

    def _misshapen(self, record: Record) -> Ready:
        """A row that cannot be read: only what tells it apart is kept, so that what refers to it is not named too."""
        shape, row = self._shape, record.cells
        width = because("has {found} fields where the header has {expected}", found=len(row), expected=shape.width)
        self._fault(record.line, "", width if record.sound else BAD_QUOTES)
        values: Ready = [None for _ in shape.targets]
        key = shape.cells[shape.key]
        if key.at < len(row):
            try:
                values[shape.key] = key.take(row[key.at])
            except BadCell:
                return values
        if self._source.table.by_name and values[shape.key] is not None:
            values[-1] = values[shape.key] if self._source.gives_id else f"name:{values[shape.key]}"
        return values

    def _is_first(self, line: int, values: Ready) -> bool:
        """Rows that describe the same thing must say the same; the first one is taken."""
        key = values[self._shape.key]
        if key is None:
            return True
        number, earlier, first = self._once.setdefault(key, (self._source.number, line, values))
        if number == self._source.number and first != values:
            self._fault(line, "", because("says something else than line {line} about the same row", line=earlier))
        return first is values

    def _fault(self, line: int, column: str, reason: Reason, value: str = "") -> None:
        self._log.add(self._source.file, line, column, reason, value)
