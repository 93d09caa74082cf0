"""Records of a CSV file with the physical line on which each one starts."""

import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from models.reasons import because

BAD_QUOTES = because(
    "has quotes that do not match (a quote inside a text is written twice), or a cell of more than 131072 characters"
)


class _Lines:
    """Lines with their count, and a way back to the second line of a record whose quotes never end."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._again: deque[str] = deque()
        self._taken: list[str] = []
        self.count = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self._taken.append(line)
        self.count += 1
        return line

    def mark(self) -> int:
        """A record starts here; returns the number of its first line."""
        self._taken.clear()
        return self.count + 1

    def rewind(self) -> str:
        """Give back every line of this record but the first, which is returned."""
        first, *others = self._taken
        self._again.extendleft(reversed(others))
        self.count -= len(others)
        return first


@dataclass(frozen=True)
class Record:
    """One record. `line`: the physical line on which it starts, from 1.

    `sound` is False when its quotes do not match; then `cells` are the pieces of its first line, as a help to find out
    which row it is.
    """

    line: int
    cells: list[str]
    sound: bool = True


def records(lines: Iterator[str], *, delimiter: str) -> Iterator[Record]:
    """Yield every record; blank lines are left out.

    After a record with broken quotes reading goes on with the next line, so that one stray quote does not swallow the
    rows below it.
    """
    source = _Lines(lines)
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    while True:
        start = source.mark()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            first = source.rewind()
            yield Record(start, [piece.strip().strip('"') for piece in first.split(delimiter)], sound=False)
            continue
        if cells:
            yield Record(start, cells)
