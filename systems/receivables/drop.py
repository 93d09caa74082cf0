"""Deliveries in a drop folder: one subfolder a day, complete as soon as its manifest is there.

2026-11-24/open_items.csv    client,document,instalment,kind,issued_on,due_on,amount,outstanding,disputed,currency
2026-11-24/balances.csv      client,currency,balance
2026-11-24/invoices.csv      client,document,issued_on,due_on,settled_on,amount,currency      (may be left out)
2026-11-24/manifest.json     {"encoding": "utf-8", "files": {"open_items.csv": {"rows": 2, "sha256": "…"}, …}}
"""

import csv
import hashlib
import io
import os
import stat
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, TypeVar

from pydantic import Field, StringConstraints, ValidationError

from models.base import Value
from systems.receivables.answers import Fields, Misread
from systems.receivables.failures import BadRow, bad_rows, garbled, no_answer, not_allowed

MANIFEST = "manifest.json"
LONGEST_MANIFEST = 65_536  # bytes
LONGEST_FILE = 1 << 28  # about three million rows
DECODERS = {"utf-8": "utf-8-sig", "gb18030": "gb18030"}
NOT_PARTS = "has another number of cells than the header"
Row = TypeVar("Row")


class DroppedFile(Value):
    """What the manifest says about one file: rows without the header, and the SHA-256 of its bytes."""

    rows: int = Field(ge=0)
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Manifest(Value):
    """What belongs to a delivery. Written last, so that a delivery under way is none yet."""

    encoding: Literal["utf-8", "gb18030"] = "utf-8"
    files: dict[str, DroppedFile]


class Drop(NamedTuple):
    """One complete delivery, as of the end of its day."""

    day: date
    folder: Path
    manifest: Manifest


def newest(system: str, folder: Path, as_of: date) -> Drop | None:
    """The last complete delivery of that day or before; None when there is none. Raises `Unavailable`."""
    try:
        days = sorted((day for each in folder.iterdir() if (day := _day(each.name)) and day <= as_of), reverse=True)
        for day in days:
            inside = folder / day.isoformat()
            if (inside / MANIFEST).exists():
                return Drop(day, inside, _manifest(system, inside))
    except OSError as failure:
        raise _unreadable(system, failure) from None
    return None


def read(
    system: str, drop: Drop, name: str, columns: tuple[str, ...], make: Callable[[Fields], Row | None]
) -> list[Row]:
    """Every row of a file, made by `make`, which may raise Misread. Everything or nothing: raises `Unavailable`.

    Rows of which `make` makes None are checked and counted, and not kept: a file may be larger than our memory.
    """
    place = f"{drop.day}/{name}"
    wanted = drop.manifest.files.get(name)
    if wanted is None:
        raise garbled(system, f"{place} is not in the manifest")
    digest = hashlib.sha256()
    try:
        with _opened(drop.folder / name) as raw:
            if not stat.S_ISREG(os.fstat(raw.fileno()).st_mode):
                raise garbled(system, f"{place} is no file")
            if os.fstat(raw.fileno()).st_size > LONGEST_FILE:
                raise garbled(system, f"{place} is longer than {LONGEST_FILE} bytes")
            text = io.TextIOWrapper(
                io.BufferedReader(_Hashed(raw, digest)), encoding=DECODERS[drop.manifest.encoding], newline=""
            )
            rows, faults, count = _rows(system, place, text, columns, make)
    except OSError as failure:
        raise _unreadable(system, failure) from None
    except UnicodeDecodeError:
        raise garbled(system, f"{place} is not {drop.manifest.encoding}, as the manifest says") from None
    if digest.hexdigest() != wanted.sha256:
        raise garbled(system, f"{place} is not the file of the manifest (sha256)")
    if faults:
        raise bad_rows(system, place, faults)
    if count != wanted.rows:
        raise garbled(system, f"{place} has {count} rows, the manifest says {wanted.rows}")
    return rows


def _rows(
    system: str, place: str, text: io.TextIOWrapper, columns: tuple[str, ...], make: Callable[[Fields], Row | None]
) -> tuple[list[Row], list[BadRow], int]:
    reader = csv.reader(text, strict=True)
    rows: list[Row] = []
    faults: list[BadRow] = []
    count = 0
    header = _header(reader)
    if missing := [column for column in columns if header.count(column) != 1]:
        raise garbled(system, f"{place} has no column, or more than one, called {', '.join(missing)}")
    try:
        for cells in reader:
            count += 1
            if len(cells) != len(header):
                faults.append(BadRow(reader.line_num, "", NOT_PARTS))
                continue
            try:
                row = make(Fields(dict(zip(header, cells, strict=True)), textual=True))
            except Misread as misread:
                faults.append(BadRow(reader.line_num, misread.field, misread.what))
                continue
            if row is not None:
                rows.append(row)
    except csv.Error:
        raise garbled(system, f"{place} is not CSV at line {reader.line_num}") from None
    return rows, faults, count


def _header(reader: "Iterator[list[str]]") -> list[str]:
    try:
        return next(reader, [])
    except csv.Error:
        return []


class _Hashed(io.RawIOBase):
    """Bytes of a file that are counted into a digest as they pass, so that what was checked is what was read."""

    def __init__(self, raw: io.RawIOBase | io.FileIO, digest: "hashlib._Hash") -> None:
        self._raw = raw
        self._digest = digest

    def readable(self) -> bool:
        """It is for reading."""
        return True

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]
        """Fill the buffer."""
        count = self._raw.readinto(buffer) or 0
        self._digest.update(memoryview(buffer)[:count])
        return count


def _manifest(system: str, inside: Path) -> Manifest:
    with _opened(inside / MANIFEST) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise garbled(system, f"{inside.name}/{MANIFEST} is no file")
        said = file.read(LONGEST_MANIFEST)
    try:
        return Manifest.model_validate_json(said)
    except ValidationError:
        raise garbled(system, f"{inside.name}/{MANIFEST} is no manifest") from None


def _opened(path: Path) -> io.FileIO:
    """The file, without a wait: a pipe that nobody writes to would hold us forever."""
    return io.FileIO(path, opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK))


def _day(name: str) -> date | None:
    try:
        day = date.fromisoformat(name)
    except ValueError:
        return None
    return day if name == day.isoformat() else None  # Python also reads 20261124 and 2026-W48-2


def _unreadable(system: str, failure: OSError) -> Exception:
    if isinstance(failure, PermissionError):
        return not_allowed(system, "its files belong to somebody else")
    return no_answer(system, type(failure).__name__)
