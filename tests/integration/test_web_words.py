"""Every sentence of the hook is in the Chinese catalogue, and the guide for approvers names every problem."""

import ast
import re
from pathlib import Path

from babel.messages.catalog import Message
from babel.messages.extract import extract
from babel.messages.pofile import read_po

from web.gate import acts, notice
from web.gate import lines as gate_lines
from web.inbox import view as inbox_view
from web.problems import WORDS, Problem
from web.words import ROLES

ROOT = Path(__file__).parents[2]
CATALOGUES = [ROOT / "reports/locale/zh_CN/LC_MESSAGES" / name for name in ("web.po", "inbox.po")]


def entries() -> list[Message]:
    """Every entry of the catalogues of the pages."""
    found: list[Message] = []
    for path in CATALOGUES:
        with path.open("rb") as source:
            found += read_po(source, locale="zh_CN")
    return found


def in_templates() -> set[str]:
    found = set()
    for path in (ROOT / "web/templates").glob("*.html"):
        with path.open("rb") as source:
            found |= {str(message) for _, message, _, _ in extract("jinja2.ext.babel_extract", source, {"t": None})}
    return found


def in_code() -> set[str]:
    """First arguments of `words.text(...)`, both of `words.count(...)`, and sentences that are chosen before."""
    found = {acts.REASON_MISSING, acts.WISH_MISSING, acts.NOBODY_NAMED, acts.QUESTION_MISSING, *ROLES.values()}
    for chosen in (gate_lines.ENDS, notice.SAID, notice.THANKS, notice.DONE, inbox_view.BECAME):
        found |= set(chosen.values())
    found |= set(inbox_view.SAID.values())
    for facts in WORDS.values():
        found |= {facts.title, facts.detail}
    for path in (ROOT / "web").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("words.text", "words.count"):
                sentences = node.args[:1] if ast.unparse(node.func) == "words.text" else node.args[:2]
                found |= {each.value for each in sentences if isinstance(each, ast.Constant)}
    return found


def test_every_sentence_has_a_chinese_one() -> None:
    known: dict[str, str] = {}
    for message in entries():
        for msgid in message.id if isinstance(message.id, tuple) else (message.id,):
            known[msgid] = message.string[0] if isinstance(message.string, tuple) else message.string
    wanted = in_templates() | in_code()
    assert len(wanted) > 80
    assert wanted - known.keys() == set()
    assert [msgid for msgid in wanted if not known[msgid] or known[msgid] == msgid] == []


def test_a_translation_keeps_every_placeholder() -> None:
    for message in entries():
        english = message.id[1] if isinstance(message.id, tuple) else message.id
        chinese = message.string[0] if isinstance(message.string, tuple) else message.string
        if english:
            assert sorted(re.findall(r"{\w+}", english)) == sorted(re.findall(r"{\w+}", chinese)), english


def test_the_guide_names_every_problem_with_its_status() -> None:
    guide = (ROOT / "docs/approvers.md").read_text(encoding="utf-8")
    listed = {name: int(status) for name, status in re.findall(r"^\| `(\w+)` \| (\d{3}) \|", guide, re.MULTILINE)}
    assert listed == {problem.value: WORDS[problem].status for problem in Problem}
