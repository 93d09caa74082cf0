"""What a page is made of. HTML and PDF are two drawings of the same blocks, so they cannot disagree."""

from dataclasses import dataclass, field
from typing import Literal

Tone = Literal["", "low", "medium", "high", "critical", "good", "open", "bad", "unknown"]


@dataclass(frozen=True)
class Cell:
    """One cell: its text, smaller `notes` below it, and a tone that colours (never replaces) the text.

    `link` is the anchor of what the figure is made of; empty for none.
    """

    text: str
    notes: tuple[str, ...] = ()
    tone: Tone = ""
    link: str = ""


@dataclass(frozen=True)
class Column:
    """Head of a column. `numeric` aligns right with figures of one width; `share` is its part of the PDF's width."""

    title: str
    share: int
    numeric: bool = False


@dataclass(frozen=True)
class Row:
    """One row, a cell for each column. `flagged` rows ask for somebody's action."""

    cells: tuple[Cell, ...]
    flagged: bool = False


@dataclass(frozen=True)
class Table:
    """A table; `empty` is the sentence that stands in its place when it has no rows. `key` is its anchor, if any."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    empty: str
    totals: Row | None = None
    key: str = ""


@dataclass(frozen=True)
class Fact:
    """A label with its value, and notes, tone and link as in `Cell`."""

    label: str
    value: str
    tone: Tone = ""
    notes: tuple[str, ...] = ()
    link: str = ""


@dataclass(frozen=True)
class Chart:
    """A drawing as SVG and what it shows in words, for whoever cannot see it."""

    svg: str
    alt: str


@dataclass(frozen=True)
class Section:
    """One section. `key` is the same in every language; `wide` asks for a landscape page in print."""

    key: str
    title: str
    notice: str = ""
    text: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()
    charts: tuple[Chart, ...] = ()
    tables: tuple[Table, ...] = ()
    wide: bool = False


@dataclass(frozen=True)
class Tile:
    """One of the boxes at the top: a title, the one thing to know, and what belongs to it."""

    key: str
    title: str
    value: str
    notes: tuple[str, ...] = ()
    tone: Tone = ""
    scale: str = ""


@dataclass(frozen=True)
class Summary:
    """What a decision maker reads first: the verdict in one sentence, four boxes, and why."""

    verdict: str
    tone: Tone
    tiles: tuple[Tile, ...]
    why_title: str
    why: tuple[str, ...]


@dataclass(frozen=True)
class ReportView:
    """The whole report in one language, every figure already written out.

    `footer` stands on each printed page; `page` holds `%page` and `%pages` for the printer to fill. `lists` are what
    figures open to: on a page one of them is seen at a time, on paper none.
    """

    tag: str
    title: str
    subtitle: str
    footer: str
    page: str
    summary: Summary
    sections: tuple[Section, ...] = field(default=())
    lists: tuple[Section, ...] = field(default=())
    back: str = ""
