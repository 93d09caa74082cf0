"""Any labelled table as rows to learn from: a CSV file, and a mapping in TOML that says what its columns are.

label = { column = "Attrition", positive = "Yes" }
drop = ["EmployeeNumber"]              # not looked at
protected = ["Age", "Gender"]          # for the audit alone, never for the learner
keep = ["Education"]                   # on the policy's list, and used all the same
categorical = ["JobLevel"]             # words; without this, all columns that are not figures
time = "observed_on"                   # then later days are measured, `gap_days` after the last one learned from
gap_days = 90
person = "employee_id"                 # rows of one person stay together
distinct = true                        # equal rows count once
"""

import csv
import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import Field, ValidationError

from early_warning.document import Feature
from early_warning.table import Table
from models.base import Value
from models.errors import Refused

FEWEST_ROWS = 200
FEWEST_OF_A_KIND = 20  # rows with the label, and without it
MOST_LEVELS = 60
LARGEST = 512 * 1024 * 1024  # bytes
DELIMITERS = ",;\t|"


class Label(Value):
    """The column that says who left, and the value that means it."""

    column: str
    positive: str


class TableMapping(Value):
    """The mapping file; see the module for what each line means."""

    label: Label
    drop: tuple[str, ...] = ()
    protected: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    categorical: tuple[str, ...] | None = None
    time: str | None = None
    gap_days: int = Field(default=0, ge=0, le=3650)
    person: str | None = None
    distinct: bool = False

    @property
    def named(self) -> set[str]:
        """Every column that it speaks of."""
        named = {self.label.column, *self.drop, *self.protected, *self.keep, *(self.categorical or ())}
        return named | {name for name in (self.time, self.person) if name}


@dataclass(frozen=True)
class Labelled:
    """Rows to learn from, and beside them the attributes that are for the audit alone."""

    table: Table
    audited: Mapping[str, Sequence[object]]


def read_mapping(path: Path) -> TableMapping:
    """Read a mapping. Raises Refused with what is wrong in it."""
    try:
        return TableMapping.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as missing:
        raise Refused("{file} cannot be read ({cause}).", file=path, cause=missing.strerror) from missing
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as wrong:
        raise Refused("{file} is no TOML file: {cause}.", file=path, cause=wrong) from wrong
    except ValidationError as wrong:
        first = wrong.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise Refused("{file}: {where}: {cause}.", file=path, where=where, cause=first["msg"]) from wrong


def read_table(path: Path, mapping: TableMapping, *, listed: Collection[str], audit: str | None = None) -> Labelled:
    """Read a file. `listed` are the policy's protected attributes and proxies; `audit` is one more column to audit.

    Raises Refused: no CSV, a missing column, one class only, too few rows, a column of the policy's list that the
    mapping does not speak of.
    """
    frame = _frame(path)
    _check_columns(path, frame, mapping, listed, audit)
    if mapping.distinct:
        frame = frame.drop_duplicates(ignore_index=True)
    label = frame[mapping.label.column].str.strip()
    frame = frame[label != ""].reset_index(drop=True)
    labels = np.asarray(label[label != ""] == mapping.label.positive, dtype=np.float64)
    _check_labels(path, labels, mapping)
    apart = {mapping.label.column, *mapping.drop, *mapping.protected, mapping.time, mapping.person}
    features, columns = [], []
    for name in frame.columns:
        if name not in apart:
            feature, column = _feature(name, frame[name], mapping)
            features.append(feature)
            columns.append(column)
    if not features:
        raise Refused("{file}: the mapping leaves no column to learn from.", file=path)
    table = Table(
        features=tuple(features),
        matrix=np.column_stack(columns),
        labels=labels,
        people=_codes(frame[mapping.person]) if mapping.person else None,
        days=_days(path, frame[mapping.time]) if mapping.time else None,
        horizon=mapping.gap_days,
    )
    names = dict.fromkeys([*(name for name in mapping.protected if name in frame), *([audit] if audit else [])])
    return Labelled(table, {name: frame[name].tolist() for name in names})


def _frame(path: Path) -> pd.DataFrame:
    try:
        raw = path.read_bytes() if path.stat().st_size <= LARGEST else b"\0"
    except OSError as missing:
        raise Refused("{file} cannot be read ({cause}).", file=path, cause=missing.strerror) from missing
    if b"\0" in raw:
        raise Refused("{file} is no CSV file that can be read here: it is binary, or too large.", file=path)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("gb18030", errors="replace")
    head = text.partition("\n")[0]
    try:
        rows = list(csv.reader(StringIO(text, newline=""), delimiter=max(DELIMITERS, key=head.count), strict=True))
    except csv.Error as wrong:
        raise Refused("{file} is no CSV file: {cause}.", file=path, cause=wrong) from wrong
    rows = [row for row in rows if row]
    names = [name.strip() for name in rows[0]] if rows else []
    if len(set(names)) < max(2, len(names)):
        raise Refused("{file} is no CSV file: its first line does not name two or more different columns.", file=path)
    for number, row in enumerate(rows, 1):
        if len(row) != len(names):
            raise Refused(
                "{file}, row {row}: {cells} cells, but the first line names {columns} columns.",
                file=path, row=number, cells=len(row), columns=len(names),
            )  # fmt: skip
    return pd.DataFrame(rows[1:], columns=pd.Index(names), dtype=str)


def _check_columns(
    path: Path, frame: pd.DataFrame, mapping: TableMapping, listed: Collection[str], audit: str | None
) -> None:
    wanted = mapping.named | ({audit} if audit else set())
    if missing := sorted(wanted - set(frame.columns)):
        raise Refused("{file} has no column {columns}.", file=path, columns=", ".join(missing))
    unspoken = [name for name in frame.columns if plain(name) in listed and name not in mapping.named]
    if unspoken:
        raise Refused(
            "{file}: {columns} is on the policy's list of protected attributes and proxies: name it in the mapping, "
            "under protected, drop or keep.",
            file=path,
            columns=", ".join(unspoken),
        )


def _check_labels(path: Path, labels: np.ndarray, mapping: TableMapping) -> None:
    left = int(labels.sum())
    if left in (0, len(labels)):
        raise Refused(
            "{file}: {column} is {positive} in {left} of {rows} rows: there must be both kinds.",
            file=path, column=mapping.label.column, positive=mapping.label.positive, left=left, rows=len(labels),
        )  # fmt: skip
    if len(labels) < FEWEST_ROWS or min(left, len(labels) - left) < FEWEST_OF_A_KIND:
        raise Refused(
            "{file}: {rows} rows with {left} of them positive are too few to measure anything: {fewest} rows are "
            "needed, {of_a_kind} of each kind.",
            file=path, rows=len(labels), left=left, fewest=FEWEST_ROWS, of_a_kind=FEWEST_OF_A_KIND,
        )  # fmt: skip


def _feature(name: str, column: pd.Series, mapping: TableMapping) -> tuple[Feature, np.ndarray]:
    stripped = column.str.strip()
    figures = pd.to_numeric(stripped.where(stripped != ""), errors="coerce")
    words = (
        name in mapping.categorical if mapping.categorical is not None else (figures.isna() & (stripped != "")).any()
    )
    if not words:
        if (figures.isna() & (stripped != "")).any():
            raise Refused("column {column} holds words: name it under categorical, or drop it.", column=name)
        return Feature(name), figures.replace([np.inf, -np.inf], np.nan).to_numpy(dtype=np.float64)
    levels = tuple(sorted(set(stripped) - {""}))
    if len(levels) > MOST_LEVELS:
        raise Refused(
            "column {column} has {levels} different words: it looks like a name or a number; drop it in the mapping.",
            column=name, levels=len(levels),
        )  # fmt: skip
    places = {level: place for place, level in enumerate(levels)}
    return Feature(name, 0, levels), stripped.map(places).to_numpy(dtype=np.float64)


def _codes(column: pd.Series) -> np.ndarray:
    return np.asarray(pd.factorize(column)[0], dtype=np.int64)


def _days(path: Path, column: pd.Series) -> np.ndarray:
    days = pd.to_datetime(column, errors="coerce", format="mixed")
    if days.isna().any():
        at = int(np.flatnonzero(days.isna())[0])
        raise Refused(
            "{file}, row {row}: {value!r} in {column} is no date.",
            file=path, row=at + 2, value=str(column.iloc[at])[:40], column=column.name,
        )  # fmt: skip
    return np.asarray((days - pd.Timestamp(0)).dt.days, dtype=np.int64)


def plain(name: str) -> str:
    """A column's name as the policy writes it: `MaritalStatus` is `marital_status`."""
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()).strip("_")
