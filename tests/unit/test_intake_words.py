"""The template, its documentation and its sentences agree."""

import ast
from pathlib import Path
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.reasons import because
from reports.language import language
from store.tables import metadata
from systems.intake.checks import circles
from systems.intake.reference import markdown
from systems.intake.report import FAULTS_KEPT, FaultLog
from systems.intake.template import TEMPLATE

ROOT = Path(__file__).parents[2]


def sentences() -> set[str]:
    """Every English sentence that the import can say."""
    found = set()
    for path in (ROOT / "systems" / "intake").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"because", "BadCell", "nearest"}:
                found |= {arg.value for arg in node.args if isinstance(arg, ast.Constant)}
    return found


def test_the_documentation_describes_the_template() -> None:
    assert markdown() in (ROOT / "docs" / "data.md").read_text(encoding="utf-8")


def test_every_column_of_the_template_exists_in_our_table() -> None:
    for table in TEMPLATE.values():
        assert {column.target for column in table.columns} <= set(metadata.tables[table.name].columns.keys())


@pytest.mark.parametrize("sentence", sorted(sentences()))
def test_every_sentence_is_translated_with_its_figures(sentence: str) -> None:
    figures = {name: f"<{name}>" for _, name, _, _ in Formatter().parse(sentence) if name}
    said = language("zh-CN").reason(because(sentence, **figures))
    assert said != language("en").reason(because(sentence, **figures))
    assert all(figure in said for figure in figures.values())


def test_all_faults_are_counted_and_the_first_are_kept() -> None:
    log = FaultLog()
    for line in range(2 * FAULTS_KEPT, 0, -1):
        log.add("b.csv", line, "name", because("is empty and must not be"))
    log.add("a.csv", 7, "name", because("is empty and must not be"), "x" * 100 + "\x1b[31m")
    first = log.first()
    assert log.total == 2 * FAULTS_KEPT + 1
    assert len(first) == FAULTS_KEPT
    assert (first[0].file, len(first[0].value)) == ("a.csv", 40)


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.none() | st.sampled_from("abcdefghz")))
def test_circles_are_those_who_meet_themselves_on_the_way_up(above: dict[str, str | None]) -> None:
    def meets_itself(person: str) -> bool:
        at = above[person]
        for _ in above:
            if at == person:
                return True
            at = above.get(at) if at is not None else None
        return False

    assert circles(above) == {person for person in above if meets_itself(person)}
