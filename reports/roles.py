"""The table of who sees and does what, as a page of the guide. `python -m reports.roles` writes both languages anew."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from models.secrecy import SENSITIVE, TABLE, Action, Field, Part
from reports.language import Language, language
from reports.words import mark

Row = TypeVar("Row", bound=StrEnum)
DOCS = Path(__file__).parents[1] / "docs"
PAGES = {"en": DOCS / "roles.md", "zh-CN": DOCS / "roles.zh-CN.md"}

PARTS: dict[Part, str] = {
    Part.SALES_MANAGER: mark("Asked as sales manager"),
    Part.FINANCE_REVIEWER: mark("Asked as finance reviewer"),
    Part.HRBP: mark("Asked as HR partner"),
    Part.IT_ADMIN: mark("Asked as IT administrator"),
    Part.LEGAL_COUNSEL: mark("Asked as legal counsel"),
    Part.STARTER: mark("Who started the case"),
    Part.HR_OFFICE: mark("HR, not asked"),
    Part.IT_OFFICE: mark("IT, not asked"),
    Part.SUCCESSOR: mark("Who takes over"),
    Part.LEAVER: mark("Who leaves"),
    Part.OTHER: mark("Everybody else"),
}
FIELDS: dict[Field, str] = {
    Field.LEAVER: mark("Who leaves, and when"),
    Field.REASON: mark("Reason for leaving"),
    Field.LEVEL: mark("Risk: score, level, unknowns"),
    Field.MONEY: mark("Money: totals"),
    Field.DEBTORS: mark("Who owes most"),
    Field.CLIENTS: mark("Clients at risk"),
    Field.ACCESS: mark("Access: which rights, taken when"),
    Field.BEHAVIOUR: mark("Findings about behaviour"),
    Field.OWNERS: mark("Who takes over how much"),
    Field.HANDED: mark("What is handed to the reader"),
    Field.PEOPLE: mark("Who decides, and how"),
    Field.NOTES: mark("Notes of decisions"),
    Field.QUESTIONS: mark("Questions and answers"),
    Field.TIMELINE: mark("What happened"),
    Field.EVIDENCE: mark("The evidence, to save"),
}
ACTIONS: dict[Action, str] = {
    Action.SEE: mark("Open the case"),
    Action.DECIDE: mark("Decide"),
    Action.HAND_OVER: mark("Give the question to somebody else"),
    Action.ASK: mark("Ask without deciding"),
    Action.ANSWER: mark("Answer questions"),
    Action.REASSIGN: mark("Ask somebody else"),
    Action.REPLAN: mark("Make a new plan"),
    Action.WITHDRAW: mark("Withdraw the case"),
}
TITLE = mark("Who sees and does what")
INTRODUCTION = mark(
    "On the page of a case everybody sees what they need for their part in it, and nothing else. Who has several parts "
    "has all of them together; who leaves or takes over has that part alone. Entries of the timeline that would give "
    "away a field are left out with it. A case that is none of a reader's business looks like one that is not there."
)
LOGGED = mark("{fields}: who reads this is written into the evidence, once an hour for each person and case.")
WHOLE = mark(
    "Who is asked to decide may also read the whole report, because a decision counts for the report that was seen."
)
MADE = mark("This page is made by `python -m reports.roles` from `models/secrecy.py`.")


def page(words: Language) -> str:
    """The whole page, as Markdown."""
    sensitive = words.text(", ").join(words.text(FIELDS[field]) for field in SENSITIVE)
    seen = _table(words, FIELDS, lambda part, field: field in TABLE[part].fields)
    done = _table(words, ACTIONS, lambda part, action: action in TABLE[part].actions)
    parts = [
        f"# {words.text(TITLE)}",
        words.text(INTRODUCTION),
        words.text(LOGGED, fields=sensitive),
        words.text(WHOLE),
        f"## {words.text('What they see')}",
        seen,
        f"## {words.text('What they may do')}",
        done,
        words.text(MADE),
    ]
    return "\n\n".join(parts) + "\n"


def _table(words: Language, rows: Mapping[Row, str], has: Callable[[Part, Row], bool]) -> str:
    head = ["", *(words.text(name) for name in PARTS.values())]
    lines = [head, ["---"] * len(head)]
    for row, name in rows.items():
        lines.append([words.text(name), *("✓" if has(part, row) else "" for part in PARTS)])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def write() -> None:
    """Write the page in every language."""
    for tag, path in PAGES.items():
        path.write_text(page(language(tag)), encoding="utf-8")


if __name__ == "__main__":
    write()
