"""What every terminal view is made of: tables, times, reasons, and the plain view of any answer."""

from collections.abc import Sequence
from typing import Any

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from models.reasons import Reason
from reports.terminal_words import Words

Blocks = list[Any]
NARROWEST = 12  # cells to which a column of text may be folded
GAP = 2  # cells between two columns


def facts(plain: Any, words: Words) -> Blocks:
    """Any answer as name and value, nested ones indented."""
    lines: Blocks = []

    def walk(value: Any, name: str, depth: int) -> None:
        pad = "  " * depth
        label = words.text(name.replace("_", " "))
        if isinstance(value, dict):
            if name:
                lines.append(Text(f"{pad}{label}:"))
            for key, inner in value.items():
                walk(inner, key, depth + (1 if name else 0))
        elif isinstance(value, list):
            lines.append(Text(f"{pad}{label}:"))
            lines.extend(Text(f"{pad}  {item}") for item in value)
        else:
            lines.append(Text(f"{pad}{label}: {'-' if value in (None, '') else value}"))

    walk(plain, "", 0)
    return lines


def grid(words: Words, *columns: str, right: Sequence[str] = ()) -> Table:
    """An empty table with these columns (English words of the catalogue); those in `right` hold figures."""
    table = Table(box=None, pad_edge=False, show_edge=False, header_style="bold")
    for column in columns:
        figures = column in right
        table.add_column(words.text(column), justify="right" if figures else "left", overflow="fold", no_wrap=figures)
    return table


def width_needed(table: Table) -> int:
    """The narrowest width at which no figure of the table is cut: a figure on two lines reads as another one."""
    widths = []
    for column in table.columns:
        cells = [str(cell) for cell in (column.header, *column.cells)]
        if column.no_wrap:
            widths.append(max(cell_len(cell) for cell in cells))
        else:
            widths.append(min(NARROWEST, max((cell_len(word) for cell in cells for word in cell.split()), default=0)))
    return sum(widths) + GAP * (len(widths) - 1)


def minute(text: str | None) -> str:
    """A moment of JSON to the minute; nothing for None."""
    return (text or "")[:16].replace("T", " ")


def why(plain: Any, words: Words) -> str:
    """A reason of JSON in words; nothing for None."""
    return words.reason(Reason.model_validate(plain)) if plain else ""
