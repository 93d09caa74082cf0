"""Every sentence of the hook is in the Chinese catalogue, and the guide for approvers names every problem."""

import ast
import re
from pathlib import Path

from babel.messages.extract import extract
from babel.messages.pofile import read_po

from web.pages import REASON_MISSING
from web.problems import WORDS, Problem
from web.words import ROLES

ROOT = Path(__file__).parents[2]
CATALOGUE = ROOT / "reports/locale/zh_CN/LC_MESSAGES/web.po"


def in_templates() -> set[str]:
    found = set()
    for path in (ROOT / "web/templates").glob("*.html"):
        with path.open("rb") as source:
            found |= {str(message) for _, message, _, _ in extract("jinja2.ext.babel_extract", source, {"t": None})}
    return found


def in_code() -> set[str]:
    """First arguments of `words.text(...)`, both of `words.count(...)`, and sentences that are chosen before."""
    found = {REASON_MISSING, *ROLES.values()}
    for facts in WORDS.values():
        found |= {facts.title, facts.detail}
    for path in (ROOT / "web").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("words.text", "words.count"):
                sentences = node.args[:1] if ast.unparse(node.func) == "words.text" else node.args[:2]
                found |= {each.value for each in sentences if isinstance(each, ast.Constant)}
    return found


def test_every_sentence_has_a_chinese_one() -> None:
    with CATALOGUE.open("rb") as source:
        catalogue = read_po(source, locale="zh_CN")
    known: dict[str, str] = {}
    for message in catalogue:
        for msgid in message.id if isinstance(message.id, tuple) else (message.id,):
            known[msgid] = message.string[0] if isinstance(message.string, tuple) else message.string
    wanted = in_templates() | in_code()
    assert len(wanted) > 80
    assert wanted - known.keys() == set()
    assert [msgid for msgid in wanted if not known[msgid] or known[msgid] == msgid] == []


def test_a_translation_keeps_every_placeholder() -> None:
    with CATALOGUE.open("rb") as source:
        for message in read_po(source, locale="zh_CN"):
            english = message.id[1] if isinstance(message.id, tuple) else message.id
            chinese = message.string[0] if isinstance(message.string, tuple) else message.string
            if english:
                assert sorted(re.findall(r"{\w+}", english)) == sorted(re.findall(r"{\w+}", chinese)), english


def test_the_guide_names_every_problem_with_its_status() -> None:
    guide = (ROOT / "docs/approvers.md").read_text(encoding="utf-8")
    listed = {name: int(status) for name, status in re.findall(r"^\| `(\w+)` \| (\d{3}) \|", guide, re.MULTILINE)}
    assert listed == {problem.value: WORDS[problem].status for problem in Problem}
