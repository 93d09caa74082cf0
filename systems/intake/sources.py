"""What is read from where: one source is one file that feeds one table."""

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from models.reasons import Reason, because
from systems.intake.columns import TemplateColumn, TemplateTable
from systems.intake.template import TEMPLATE
from systems.intake.values import Format


@dataclass(frozen=True)
class Origin:
    """Where one column of a table comes from; exactly one of the four ways is used.

    `header`: a column of the file. `constant`: the same text in every row. `made_from`: an id made from the text of
    several columns, the same on every import. `same_as`: (reference column, column of the row that it names).
    `key` is how the mapping calls it.
    """

    column: TemplateColumn
    written: Format
    header: str = ""
    constant: str | None = None
    made_from: tuple[str, ...] = ()
    same_as: tuple[str, str] | None = None
    optional: bool = False
    key: str = ""

    @property
    def headers(self) -> tuple[str, ...]:
        """The columns of the file that are needed for it."""
        return (self.header,) if self.header else self.made_from


@dataclass(frozen=True)
class Source:
    """One file that feeds one table.

    `exact`: the file is of the template, so a column that the template does not know is a fault. `distinct`: several
    rows describe the same person or thing, which is taken once. `skip_if_empty`: columns without which a row is no row.
    """

    number: int
    file: str
    table: TemplateTable
    origins: tuple[Origin, ...]
    delimiter: str = ","
    exact: bool = False
    distinct: bool = False
    skip_if_empty: tuple[str, ...] = ()

    def origin(self, name: str) -> Origin | None:
        """Where the column of that name comes from, or None."""
        return next((origin for origin in self.origins if origin.column.name == name), None)

    @property
    def gives_id(self) -> bool:
        """False where people or clients are known by name only."""
        return self.origin(self.table.id_column.name) is not None


@dataclass(frozen=True)
class Plan:
    """All sources in the order of writing, and the roles that a mapping gives to people by id or name."""

    sources: tuple[Source, ...]
    roles: dict[str, tuple[str, ...]]
    mapping: str = ""

    def by_table(self) -> Iterator[tuple[TemplateTable, tuple[Source, ...]]]:
        """Tables that are fed, in the order of writing, each with its sources."""
        for table in TEMPLATE.values():
            feeding = tuple(source for source in self.sources if source.table is table)
            if feeding:
                yield table, feeding


def template_sources(files: Iterable[str]) -> tuple[Source, ...]:
    """The sources of a folder in our own template."""
    present = set(files)
    tables = [table for table in TEMPLATE.values() if table.file in present]
    return tuple(
        Source(
            number=number,
            file=table.file,
            table=table,
            origins=tuple(
                Origin(column, Format(), header=column.name, optional=not column.required, key=column.name)
                for column in table.columns
            ),
            exact=True,
        )
        for number, table in enumerate(tables)
    )


def nearest(word: str, words: Iterable[str], plain: str, hinted: str) -> Reason:
    """The sentence `hinted` with the one of `words` that is most like `word`; `plain` when none is like it."""
    hint = next(iter(difflib.get_close_matches(word, list(words), n=1, cutoff=0.6)), "")
    return because(hinted, hint=hint) if hint else because(plain)
