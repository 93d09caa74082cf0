"""The page about bad input, docs/bad-input.md: one test a row, one row a test."""

import re
from pathlib import Path

HERE = Path(__file__).parent
DOC = Path(__file__).parents[3] / "docs" / "bad-input.md"
ROW = re.compile(r"^\|.*\| `(test_\w+)` \|$", re.MULTILINE)
TEST = re.compile(r"^(?:async )?def (test_\w+)", re.MULTILINE)


def test_every_row_of_the_page_is_a_test_and_every_test_a_row() -> None:
    listed = ROW.findall(DOC.read_text(encoding="utf-8"))
    others = [path for path in HERE.glob("test_*.py") if path != Path(__file__)]
    tests = [name for path in others for name in TEST.findall(path.read_text(encoding="utf-8"))]
    assert sorted(listed) == sorted(tests)
