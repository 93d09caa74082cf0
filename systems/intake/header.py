"""The first line of a file against what the source needs."""

from collections.abc import Iterator
from pathlib import Path

from models.reasons import Reason, because
from systems.intake.encoding import Bytes
from systems.intake.records import BAD_QUOTES, records
from systems.intake.report import FaultLog, printable
from systems.intake.sources import Source, nearest

MOST_COLUMNS = 500


def read_header(source: Source, path: Path, seen: Bytes, log: FaultLog) -> list[str] | None:
    """The names of the columns; None, with every fault named, when the file cannot be read by them."""
    with path.open(encoding=seen.encoding, errors="surrogateescape", newline="") as text:
        first = next(records(text, delimiter=source.delimiter), None)
    if first is None:
        log.add(source.file, 1, "", because("the file is empty; its first line must name the columns"))
        return None
    if not first.sound:
        log.add(source.file, first.line, "", BAD_QUOTES)
        return None
    if len(first.cells) > MOST_COLUMNS:
        log.add(
            source.file,
            first.line,
            "",
            because("has {n} columns, more than {most}", n=len(first.cells), most=MOST_COLUMNS),
        )
        return None
    header = [printable(name.strip()) for name in first.cells]
    faults = list(_faults(source, header))
    for name, reason in faults:
        log.add(source.file, first.line, name, reason)
    return None if faults else header


def _faults(source: Source, header: list[str]) -> Iterator[tuple[str, Reason]]:
    for name in sorted({name for name in header if header.count(name) > 1}):
        yield name, because("is the name of two columns")
    wanted = {name for origin in source.origins if not origin.optional for name in origin.headers}
    for name in sorted(wanted | set(source.skip_if_empty)):
        if name not in header:
            yield (
                name,
                nearest(
                    name,
                    header,
                    "is not in the first line of the file",
                    "is not in the first line of the file; {hint} is. Is that the one?",
                ),
            )
    if source.exact:
        known = [column.name for column in source.table.columns]
        for name in header:
            if name not in known:
                free = [word for word in known if word not in header]
                yield (
                    name,
                    nearest(
                        name,
                        free,
                        "is no column of the template",
                        "is no column of the template; did you mean {hint}?",
                    ),
                )
