"""What an import did, or why it did nothing."""

from collections import Counter
from collections.abc import Iterable

from models.base import Value
from models.errors import ImportRefused
from models.reasons import Reason, because

FAULTS_KEPT = 200  # faults that a report lists; all of them are counted
_VALUE_LENGTH = 40


class Fault(Value):
    """One thing that is wrong. `line` is the physical line in the file, from 1; 0 means the file as a whole."""

    file: str
    line: int
    column: str
    reason: Reason
    value: str = ""

    def sentence(self) -> str:
        """The reason in English."""
        return self.reason.code.format(**self.reason.params)

    def __str__(self) -> str:
        place = ":".join([self.file, *([str(self.line)] if self.line else []), *([self.column] if self.column else [])])
        return f"{place}: {self.sentence()}" + (f" (found {self.value!r})" if self.value else "")


class TableCounts(Value):
    """Rows of one table: `read` = `new` + `changed` + `unchanged`."""

    read: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0


class ImportReport(Value):
    """Counts by table, or faults. With any fault nothing is written and the counts say only what was read.

    `encodings` says how each file was read; `faults` holds the first ones by file and line, `total_faults` counts all.
    """

    folder: str
    dry_run: bool = False
    tables: dict[str, TableCounts] = {}
    encodings: dict[str, str] = {}
    faults: tuple[Fault, ...] = ()
    total_faults: int = 0


class FilesRefused(ImportRefused):
    """The files cannot be imported as they are; nothing was written. `report` names what is wrong."""

    def __init__(self, report: ImportReport) -> None:
        self.report = report
        first = "; ".join(str(fault) for fault in report.faults[:3])
        more = f" and {report.total_faults - 3} more" if report.total_faults > 3 else ""
        super().__init__(
            "{faults} faults in {folder}: {first}. Nothing was written. Correct the files and import them again.",
            faults=report.total_faults,
            folder=report.folder,
            first=first + more,
        )


class FaultLog:
    """Collects faults: counts all, keeps the first ones of every file."""

    def __init__(self) -> None:
        self.total = 0
        self._kept: list[Fault] = []
        self._seen: Counter[str] = Counter()

    def add(self, file: str, line: int, column: str, reason: Reason, value: str = "") -> None:
        """Take one fault."""
        self.total += 1
        self._seen[file] += 1
        if self._seen[file] <= FAULTS_KEPT:
            self._kept.append(_fault(file, line, column, reason, value))

    def add_found(self, faults: Iterable[tuple[str, int, str, Reason, str]], total: int) -> None:
        """Take the first faults of a check that found `total` of them."""
        self.total += total
        self._kept += [_fault(*fault) for fault in faults]

    def first(self) -> tuple[Fault, ...]:
        """The first faults by file, line and column."""
        ordered = sorted(self._kept, key=lambda fault: (fault.file, fault.line, fault.column))
        return tuple(ordered[:FAULTS_KEPT])


class BadCell(Exception):
    """A cell that cannot be taken; `reason` says why."""

    def __init__(self, code: str, **params: object) -> None:
        self.reason = because(code, **params)
        super().__init__(code)


def _fault(file: str, line: int, column: str, reason: Reason, value: str) -> Fault:
    shown = printable(value)
    short = shown if len(shown) <= _VALUE_LENGTH else shown[: _VALUE_LENGTH - 1] + "…"
    return Fault(file=file, line=line, column=column, reason=reason, value=short)


def printable(text: str) -> str:
    """The text with a mark in place of everything that a terminal or a page cannot show."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
