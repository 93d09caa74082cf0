"""The audit of everybody in a terminal: one line a salesperson and currency."""

from decimal import Decimal
from typing import Any

from rich.text import Text

from reports.terminal_tables import Blocks, grid
from reports.terminal_words import Words


def show_audits(plain: Any, words: Words) -> Blocks:
    """Who has how much open, overdue and expected to be lost; nobody is left out."""
    sums = ("total", "overdue", "expected loss")
    table = grid(words, "employee", "items", *sums, "coefficient", "adds up", right=("items", *sums, "coefficient"))
    for line in plain["audits"]:
        found = line["audit"]
        every = [found["main"], *found["others"]] if found["main"] else []
        if not every:
            table.add_row(words.person(line["employee"]), "0", words.text("nothing open"))
        for number, each in enumerate(every):
            table.add_row(
                words.person(line["employee"]) if number == 0 else "",
                words.number(each["open_items"]),
                *(
                    words.money(Decimal(each[name]), each["currency"])
                    for name in ("total", "overdue", "expected_credit_loss")
                ),
                words.percent(Decimal(each["bad_debt_coefficient"]), 2),
                words.text("yes") if each["reconciled"] else words.text("NO"),
            )
    wrong = sum(not _agrees(line["audit"]) for line in plain["audits"])
    people = len(plain["audits"])
    count = words.text("{n} salespeople; {wrong} do not add up with the ledger.", n=people, wrong=wrong)
    return [table, Text(count)]


def _agrees(found: Any) -> bool:
    return all(each["reconciled"] for each in ([found["main"], *found["others"]] if found["main"] else []))
