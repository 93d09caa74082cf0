"""The documents say what the program has: no verb, setting, attribute, policy or library is missing, no link broken."""

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from typer.main import get_command

from models.search_attributes import ALL
from settings import Settings
from starter_cli import app

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
ENGLISH, CHINESE = ROOT / "README.md", ROOT / "README.zh-CN.md"
PAGES = sorted([ENGLISH, CHINESE, ROOT / "CHANGELOG.md", *DOCS.rglob("*.md")])
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
LARGEST_PICTURE = 300 * 1024
EXAMPLES = ("company/", "export/", "export.toml")  # what the lines of the documents name
OF_COMPOSE_ALONE = {"OFFBOARD_DB_PASSWORD", "OFFBOARD_VERSION"}


def text_of(*pages: Path) -> str:
    return "\n".join(page.read_text(encoding="utf-8") for page in pages)


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def verbs(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every verb of the command with its path, such as ("evidence", "verify")."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield path, command
        return
    for name, child in inner.items():
        yield from verbs(child, (*path, name))


VERBS = dict(verbs(get_command(app)))


def dependencies() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = project["dependency-groups"].values()
    wanted = [*project["project"]["dependencies"], *(line for group in groups for line in group)]
    return {found[0] for line in wanted if (found := re.match(r"[\w.-]+", line))}


def targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def shell_lines() -> list[tuple[str, str]]:
    """Every line of every `sh` block, with its page."""
    return [
        (named(page), line)
        for page in PAGES
        for language, block in FENCE.findall(page.read_text(encoding="utf-8"))
        if language == "sh"
        for line in block.splitlines()
        if line.strip()
    ]


# ---- nothing is missing ----


@pytest.mark.parametrize("path", VERBS, ids=" ".join)
def test_every_verb_has_an_example_for_hr_or_operators(path: tuple[str, ...]) -> None:
    pages = ("hr.md", "alerts.md", "operations.md", "admins.md", "collection.md")
    examples = text_of(*(DOCS / page for page in pages))
    assert re.search(rf"^offboard {' '.join(path)}\b|`offboard {' '.join(path)}\b", examples, re.MULTILINE)


def test_every_option_of_a_start_is_explained() -> None:
    page = text_of(DOCS / "hr.md")
    options = {option for parameter in VERBS[("start",)].params for option in parameter.opts if option.startswith("--")}
    assert {option for option in options if option not in page} == set()


def test_every_setting_is_in_the_table_and_nothing_else() -> None:
    rows = set(re.findall(r"^\| `(OFFBOARD_\w+)` \|", text_of(DOCS / "settings.md"), re.MULTILINE))
    assert rows == {f"OFFBOARD_{name.upper()}" for name in Settings.model_fields}


def test_the_compose_file_sets_only_what_is_a_setting() -> None:
    known = {f"OFFBOARD_{name.upper()}" for name in Settings.model_fields} | OF_COMPOSE_ALONE
    used = set(re.findall(r"OFFBOARD_\w+", text_of(ROOT / "docker-compose.yml", ROOT / ".env.example")))
    assert used <= known


def test_every_search_attribute_is_explained_and_nothing_else() -> None:
    rows = set(re.findall(r"^\| `(Offboard\w+)` \|", text_of(DOCS / "admins.md"), re.MULTILINE))
    assert rows == {key.name for key in ALL}


def test_every_policy_is_explained() -> None:
    page = text_of(DOCS / "hr.md")
    shipped = {path.stem for path in (ROOT / "policies").glob("*.toml")}
    assert shipped
    assert {name for name in shipped if f"- `{name}`:" not in page} == set()


def test_every_dependency_is_explained_and_nothing_else() -> None:
    rows = re.findall(r"^\| ([\w.-]+) \| ", text_of(DOCS / "dependencies.md"), re.MULTILINE)
    assert sorted(row for row in rows if row != "package") == sorted(dependencies())


def test_every_document_is_reachable_from_the_readme() -> None:
    linked = {(ENGLISH.parent / target).resolve() for target in LINK.findall(text_of(ENGLISH))}
    guides = set(DOCS.glob("*.md"))
    assert guides - linked == set()


# ---- nothing is wrong ----


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_link_leads_somewhere(page: Path) -> None:
    local = [target for target in LINK.findall(text_of(page)) if "://" not in target]
    assert [target for target in local if not (page.parent / target).exists()] == []


@pytest.mark.parametrize(("page", "line"), shell_lines())
def test_every_line_to_type_is_understood(
    page: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, *rest = shlex.split(line, comments=True)
    if program == "make":
        assert set(rest) <= targets(), page
    elif program == "offboard":
        monkeypatch.chdir(tmp_path)
        for example in EXAMPLES:
            (tmp_path / example).mkdir() if example.endswith("/") else (tmp_path / example).touch()
        _parse(rest)
    elif program.startswith(".venv/bin/"):
        assert (ROOT / rest[0]).exists(), page
    else:
        assert program == "export", f"{page}: {line}"


def _parse(arguments: list[str]) -> None:
    """Read a line as the command would, without running it; a wrong one raises."""
    path = next(tuple(arguments[:length]) for length in (2, 1) if tuple(arguments[:length]) in VERBS)
    VERBS[path].make_context(" ".join(path), arguments[len(path) :])


def test_both_readmes_have_the_same_parts() -> None:
    def parts(page: Path) -> dict[str, object]:
        text = text_of(page)
        blocks = FENCE.findall(text)
        prose = FENCE.sub("", text)
        return {
            "headings": [mark for mark in re.findall(r"^(#+) ", prose, re.MULTILINE)],
            "commands": [block for language, block in blocks if language == "sh"],
            "drawings": [block.count("\n") for language, block in blocks if language == "mermaid"],
            "points": len(re.findall(r"^- ", prose, re.MULTILINE)),
            "rows": len(re.findall(r"^\| ", prose, re.MULTILINE)),
            "links": sorted(set(LINK.findall(text)) - {"README.md", "README.zh-CN.md"}),
        }

    assert parts(ENGLISH) == parts(CHINESE)


def test_every_picture_is_shown_is_small_and_opens() -> None:
    shown = {(page.parent / target).resolve() for page in PAGES for target in LINK.findall(text_of(page))}
    pictures = set((DOCS / "images").glob("*.png"))
    assert pictures
    assert pictures - shown == set()
    for picture in pictures:
        assert picture.stat().st_size < LARGEST_PICTURE
        with Image.open(picture) as opened:
            assert min(opened.size) >= 400


def test_every_decision_record_has_its_four_parts() -> None:
    records = sorted((DOCS / "decisions").glob("[0-9]*.md"))
    assert records
    for record in records:
        text = text_of(record)
        assert text.startswith(f"# {record.name[:4]} ")
        assert [part for part in ("Context", "Decision", "Consequences", "Alternatives") if part not in text] == []
