"""What a table of the template consists of: columns, what a cell of each may hold, and short ways to write them."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a cell holds."""

    ID = "id"
    PERSON_ID = "person id"
    REFERENCE = "reference"
    TEXT = "text"
    EMAIL = "e-mail"
    DATE = "date"
    MOMENT = "time"
    AMOUNT = "amount"
    CURRENCY = "currency"
    YES_NO = "yes or no"
    WHOLE = "whole number"
    NUMBER = "number"
    ONE_OF = "one of"
    SEVERAL_OF = "several of"
    GRADE = "grade"
    TIME_ZONE = "time zone"
    COUNTRY = "country"
    DESTINATION = "destination"


@dataclass(frozen=True)
class TemplateColumn:
    """One column of one file.

    `refers` is the table of a reference; `not_before` a date column of the same row that may not be later;
    `prices` the amount column that a currency belongs to; `low` and `high` the limits of a number and `decimals` how
    many it may have; `or_else` the column that must be given where this one is empty; `stored` the column of our table.
    """

    name: str
    kind: Kind
    required: bool = False
    meaning: str = ""
    refers: str = ""
    choices: tuple[str, ...] = ()
    low: int = 0
    high: int = 0
    decimals: int = 0
    or_else: str = ""
    not_before: str = ""
    prices: str = ""
    stored: str = ""

    @property
    def target(self) -> str:
        """Name of the column in our table."""
        return self.stored or self.name


@dataclass(frozen=True)
class TemplateTable:
    """One file of the template. The first column is the id of the row.

    `facts`: its rows say what happened. One that comes again is left alone, and it cannot say something else.
    """

    name: str
    meaning: str
    columns: tuple[TemplateColumn, ...]
    id_prefix: str = ""
    facts: bool = False

    @property
    def file(self) -> str:
        """Name of the file in the folder."""
        return f"{self.name}.csv"

    @property
    def id_column(self) -> TemplateColumn:
        """The column that holds the id."""
        return self.columns[0]

    @property
    def by_name(self) -> bool:
        """True for tables whose rows a source may name without an id (people and clients)."""
        return bool(self.id_prefix)

    def column(self, name: str) -> TemplateColumn | None:
        """The column of that name, or None."""
        return next((column for column in self.columns if column.name == name), None)


def id_(name: str, kind: Kind = Kind.ID) -> TemplateColumn:
    """The id of a row."""
    return TemplateColumn(name, kind, required=True, stored="id")


def words(name: str, meaning: str = "", *, required: bool = False) -> TemplateColumn:
    """Free text."""
    return TemplateColumn(name, Kind.TEXT, required, meaning)


def to(name: str, table: str, meaning: str = "", *, required: bool = False) -> TemplateColumn:
    """A reference to a row of another table."""
    return TemplateColumn(name, Kind.REFERENCE, required, meaning, refers=table)


def day(name: str, meaning: str = "", *, required: bool = False, not_before: str = "") -> TemplateColumn:
    """A calendar day."""
    return TemplateColumn(name, Kind.DATE, required, meaning, not_before=not_before)


def money(amount: str, meaning: str = "", *, required: bool = False) -> tuple[TemplateColumn, TemplateColumn]:
    """An amount with its currency."""
    return (
        TemplateColumn(amount, Kind.AMOUNT, required, meaning),
        TemplateColumn("currency", Kind.CURRENCY, required, prices=amount),
    )


def one_of(name: str, choices: tuple[str, ...], meaning: str = "", *, required: bool = False) -> TemplateColumn:
    """One of a closed set of words."""
    return TemplateColumn(name, Kind.ONE_OF, required, meaning, choices=choices)


def number(name: str, meaning: str, *, high: int, decimals: int) -> TemplateColumn:
    """A required number from 0 to `high`."""
    return TemplateColumn(name, Kind.NUMBER, required=True, meaning=meaning, high=high, decimals=decimals)
