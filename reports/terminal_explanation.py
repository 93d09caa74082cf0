"""One figure of a report opened up in a terminal: its formula, its parts and its items, 80 columns wide."""

from decimal import Decimal
from typing import Any

from rich.table import Table
from rich.text import Text

from reports.terminal_tables import Blocks, grid, minute, why
from reports.terminal_words import Words

SHOWN = 1000  # items; more of them are added up in one line, so that the sum still is the figure


def show_explanation(plain: Any, words: Words) -> Blocks:
    """The figure, how it is made, where it was read, and what it is made of."""
    figure = plain["figure"]
    blocks: Blocks = [
        Text(f"{figure['name']} = {_value(figure, words)}", style="bold"),
        Text(why(figure["formula"], words)),
    ]
    source = plain["source"]
    if source:
        read = words.text(
            "Read from {system} at {moment} UTC, as of {day}; policy {policy}, version {version} of the report.",
            system=source["system"],
            moment=minute(source["read_at"]),
            day=plain["as_of"],
            policy=plain["policy"],
            version=plain["version"],
        )
        blocks.append(Text(read))
    if figure["parts"]:
        blocks += [Text(), _parts(figure, words)]
    if figure["items_of"]:
        blocks += [Text(), *_items(plain, words)]
    return blocks


def _value(figure: Any, words: Words) -> str:
    if figure["value"] is None:
        return words.text("unknown")
    if figure["currency"]:
        return words.money(Decimal(figure["value"]), figure["currency"])
    return str(figure["value"])


def _parts(figure: Any, words: Words) -> Table:
    table = grid(words, "part", "amount", "rate", "result", right=("amount", "rate", "result"))
    for part in figure["parts"]:
        rate = "" if part["rate"] is None else words.exact(Decimal(part["rate"]))
        base, amount = (words.amount(Decimal(part[name])) for name in ("base", "amount"))
        table.add_row(words.client(words.word(part["what"])), base, rate, amount if rate else "")
    if figure["value"] is not None and any(part["rate"] is not None for part in figure["parts"]):
        table.add_row(words.text("Total"), "", "", words.amount(Decimal(figure["value"])), style="bold")
    return table


def _items(plain: Any, words: Words) -> Blocks:
    table: Table = grid(words, "document", "client", "due", "days late", "counts", right=("days late", "counts"))
    for column, width in zip(table.columns, (20, 24, 10, 5, 16), strict=True):
        column.max_width = width
    items = plain["items"]
    for item in items[:SHOWN]:
        number = f" /{item['instalment']}" if item["instalment"] else ""
        counts = words.amount(Decimal(item["counts"]))
        late = str(item["days_past_due"])
        table.add_row(item["document"] + number, words.client(item["client"]), item["due_on"], late, counts)
    if rest := items[SHOWN:]:
        name = words.text("and {n} more items; --csv FILE has all", n=len(rest))
        table.add_row(name, "", "", "", words.amount(sum((Decimal(each["counts"]) for each in rest), Decimal(0))))
    table.add_row(words.text("Total"), "", "", "", words.amount(Decimal(plain["items_total"])), style="bold")
    base = plain["figure"]["items_of"]
    head = words.text("{n} open items, the sum of which is {figure}:", n=len(items), figure=base)
    return [Text(head), table]
