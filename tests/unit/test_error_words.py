"""Every error is a literal English sentence that the Chinese catalogue knows, with the facts that it asks for."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from string import Formatter
from typing import NamedTuple

import pytest
from babel.messages.pofile import read_po

from models.errors import WORDS
from reports.language import CATALOGUES, language

ROOT = Path(__file__).parents[2]
ROOMS = sorted(folder.parent for folder in ROOT.glob("*/__init__.py") if folder.parent.name != "tests")
SEEN_BY_DOCTOR = ("connections.py", "store/database.py")  # of what is unavailable there it says the first sentence


class Made(NamedTuple):
    """One place that makes an error: where, which kind, its first argument, and the facts given by name."""

    place: str
    kind: str
    template: ast.expr | None
    facts: dict[str, ast.expr]


@cache
def sources() -> dict[str, ast.Module]:
    """The product's modules, parsed."""
    files = [*ROOT.glob("*.py"), *(file for room in ROOMS for file in room.rglob("*.py"))]
    return {str(file.relative_to(ROOT)): ast.parse(file.read_text(encoding="utf-8")) for file in sorted(files)}


def kinds(trees: dict[str, ast.Module]) -> dict[str, ast.ClassDef]:
    """Every class below OffboardError, wherever it is defined."""
    classes = [node for tree in trees.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    found: dict[str, ast.ClassDef] = {}
    before = -1
    while before != len(found):
        before = len(found)
        for one in classes:
            parents = {ast.unparse(base).rsplit(".", 1)[-1] for base in one.bases}
            if one.name == "OffboardError" or parents & set(found):
                found[one.name] = one
    return found


def made(trees: dict[str, ast.Module]) -> Iterator[Made]:
    """Every place that makes an error: by name, or in the constructor of a kind that makes its own sentence."""
    known = kinds(trees)
    own = {
        name: call
        for name, kind in known.items()
        if name != "OffboardError"
        for call in ast.walk(kind)
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "super().__init__"
    }
    plain = set(known) - set(own)
    for place, tree in trees.items():
        for call in ast.walk(tree):
            if not isinstance(call, ast.Call):
                continue
            kind = ast.unparse(call.func).rsplit(".", 1)[-1]
            if call in own.values() or kind in plain:
                template = call.args[0] if len(call.args) == 1 else None
                facts = {one.arg: one.value for one in call.keywords if one.arg}
                yield Made(f"{place}:{call.lineno}", kind, template, facts)


def placeholders(sentence: str) -> set[str]:
    """The names of its placeholders."""
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


def says_something(sentence: str) -> bool:
    """False for a sentence that only passes on what somebody else said."""
    return any(text.strip(" .:;\n") for text, *_ in Formatter().parse(sentence))


@cache
def chinese(name: str = "*") -> dict[str, str]:
    """The sentences of one catalogue, or of all."""
    found: dict[str, str] = {}
    for file in sorted((CATALOGUES / "zh_CN" / "LC_MESSAGES").glob(f"{name}.po")):
        with file.open("rb") as source:
            found |= {str(entry.id): str(entry.string) for entry in read_po(source, locale="zh_CN") if entry.id}
    return found


def fault(one: Made) -> str | None:
    """What is wrong with one place; None when its reader is told in their language."""
    if not (isinstance(one.template, ast.Constant) and isinstance(one.template.value, str)):
        return "its sentence is not a literal"
    sentence = one.template.value
    if not placeholders(sentence) <= set(one.facts):
        return "a placeholder has no fact"
    if not says_something(sentence):
        return None
    if not chinese().get(sentence):
        return "it has no Chinese"
    return None if placeholders(chinese()[sentence]) == placeholders(sentence) else "its Chinese has other placeholders"


def constants(tree: ast.Module) -> dict[str, str]:
    """The texts that a module names at its top."""
    return {
        ast.unparse(node.targets[0]): node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    }


def words(value: ast.expr, named: dict[str, str]) -> Iterator[str]:
    """The texts that an expression can become, as far as the source says them."""
    if isinstance(value, ast.IfExp):
        yield from words(value.body, named)
        yield from words(value.orelse, named)
    elif isinstance(value, ast.Constant):
        yield str(value.value)
    elif ast.unparse(value) in named:
        yield named[ast.unparse(value)]


def nested() -> set[str]:
    """The sentences that stand inside others, and those that the doctor cuts from errors."""
    found = {"no answer"}
    for one in made(sources()):
        place = one.place.split(":", maxsplit=1)[0]
        named = constants(sources()[place])
        asked = placeholders(one.template.value) & WORDS if isinstance(one.template, ast.Constant) else set()
        found |= {text for name in asked for text in words(one.facts[name], named)}
        if place in SEEN_BY_DOCTOR and one.kind == "Unavailable" and isinstance(one.template, ast.Constant):
            found.add(one.template.value.split(". ")[0])
    return found


@pytest.mark.parametrize("one", list(made(sources())), ids=lambda one: one.place)
def test_an_error_is_a_literal_sentence_that_exists_in_chinese(one: Made) -> None:
    assert fault(one) is None


def test_a_sentence_inside_another_exists_in_chinese() -> None:
    assert len(nested()) > 8
    for sentence in nested():
        translated = language("zh").words.gettext(sentence)
        assert translated != sentence
        assert placeholders(translated) == placeholders(sentence)


def test_the_catalogue_holds_no_sentence_that_nobody_says() -> None:
    said = {one.template.value for one in made(sources()) if isinstance(one.template, ast.Constant)}
    assert set(chinese("errors")) - said - nested() == set()


@pytest.mark.parametrize(
    ("source", "wrong"),
    [
        ("raise Refused(f'{who} left')", "its sentence is not a literal"),
        ("raise errors.Late('nobody says this')", "it has no Chinese"),
        ("raise Refused('there is no case {case}', id=1)", "a placeholder has no fact"),
        ("def _no(): return Refused(message)", "its sentence is not a literal"),
        ("raise Refused('there is no case {case}', case=1)", None),
        ("raise Refused('{answer}', answer=said)", None),
    ],
)
def test_the_search_finds_what_it_is_for(source: str, wrong: str | None) -> None:
    tree = ast.parse("class OffboardError: ...\nclass Refused(OffboardError): ...\nclass Late(Refused): ...\n" + source)
    assert [fault(one) for one in made({"x.py": tree})] == [wrong]
