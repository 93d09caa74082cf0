"""Every sentence of the command exists in Chinese, and every fixed word that its tables show."""

import ast
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

import pytest

from models.access import AccessState
from models.approvals import OnSilence, Refusal, Verdict
from models.case import Branch, Phase, SeparationKind
from models.risk_level import Level
from reports.language import language
from reports.terminal_approvals import SENTENCES
from reports.terminal_cases import REFUSALS
from systems.intake.template import TEMPLATE

ROOT = Path(__file__).parent.parent.parent
SOURCES = (ROOT / "starter_cli.py", *ROOT.glob("commands/*.py"), *ROOT.glob("reports/terminal*.py"))
ENUMS: tuple[type[Enum], ...] = (Phase, SeparationKind, Branch, Verdict, OnSilence, Refusal, Level, AccessState)
SHOWN = {
    "sales_manager",
    "finance",
    "hr",
    "it",
    "legal",
    "open",
    "not decided",
    "altered",
    "missing",
    "reordered",
    "truncated",
    "inserted",
    # what a case says that it waits for
    "access cut-off",
    "clients_without_owner",
    "items_without_collector",
    "open_deals_of_the_leaver",
    "new plan",
    "rights that are still open",
    "worker does not answer",
    "no answer in time",
    "NobodyToAsk",
    "Unavailable",
    # why a message could not count
    "unknown signal",
    "forged: it never went by the approval page",
    *REFUSALS.values(),
    # who answers in whose place
    *SENTENCES.values(),
}


def _sentences() -> Iterator[str]:
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text())):
            if not isinstance(node, ast.Call):
                continue
            name = ast.unparse(node.func)
            if name in ("_", "words.text") and node.args:
                yield from _texts(node.args[0])
            elif name == "grid":
                yield from (text for argument in node.args[1:] for text in _texts(argument))


def _texts(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.IfExp):
        yield from _texts(node.body)
        yield from _texts(node.orelse)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


@pytest.mark.parametrize("sentence", sorted(set(_sentences())))
def test_a_sentence_of_the_command_is_translated(sentence: str) -> None:
    assert language("zh").words.gettext(sentence) != sentence


@pytest.mark.parametrize("word", sorted({member.value for kind in ENUMS for member in kind} | SHOWN | set(TEMPLATE)))
def test_a_word_of_its_tables_is_translated(word: str) -> None:
    assert language("zh").words.gettext(word) != word
