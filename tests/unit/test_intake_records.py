"""Records and bytes of a CSV file: the line of every record is the physical one, whatever the file is like."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from systems.intake.encoding import scan
from systems.intake.records import records

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0"), max_size=12)
ROWS = st.lists(st.lists(TEXT, min_size=2, max_size=4), min_size=1, max_size=12)


def read(content: str) -> tuple[list[tuple[int, list[str]]], list[int]]:
    """Sound records with their lines, and the lines of broken ones."""
    found = list(records(io.StringIO(content, newline=""), delimiter=","))
    return [(record.line, record.cells) for record in found if record.sound], [
        record.line for record in found if not record.sound
    ]


@given(rows=ROWS, end=st.sampled_from(["\n", "\r\n", "\r"]))
def test_what_was_written_is_read_with_its_physical_line(rows: list[list[str]], end: str) -> None:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator=end, quoting=csv.QUOTE_ALL)
    expected, line = [], 1
    for row in rows:
        writer.writerow(row)
        expected.append((line, row))
        line += 1 + sum(cell.count("\n") for cell in row)
    assert read(buffer.getvalue()) == (expected, [])


def test_newlines_may_be_mixed_and_blank_lines_count() -> None:
    assert read("a,b\r\n1,2\n\n3,4\r5,6")[0] == [
        (1, ["a", "b"]),
        (2, ["1", "2"]),
        (4, ["3", "4"]),
        (5, ["5", "6"]),
    ]


@pytest.mark.parametrize("tail", ["", "7,8\n" * 50_000], ids=["short file", "long file"])
def test_a_quote_that_never_ends_costs_one_row_only(tail: str) -> None:
    found, broken = read('a,b\n1,"two\n3,4\n5,6\n' + tail)
    assert broken == [2]
    assert [line for line, _ in found] == [1, *range(3, 5 + tail.count("\n"))]


def test_text_after_a_closing_quote_is_named_and_the_next_row_is_read() -> None:
    found, broken = read('a,b\n"1"x,2\n3,4\n')
    assert broken == [2]
    assert found[-1] == (3, ["3", "4"])


@pytest.mark.parametrize(
    ("content", "label", "dirty"),
    [
        (b"name\nAda\n", "UTF-8", False),
        ("\ufeffname\n王芳\n".encode(), "UTF-8", False),
        ("name\n王芳\n李雷\n".encode("gbk"), "GB18030", False),
        ("name\n𠮷田\n".encode("gb18030"), "GB18030", False),
        ("name\n王芳\n李雷\n".encode() + b"\xff\xfe\n", "UTF-8", True),
        ("name\n王芳\n李雷\n韩梅梅\n".encode("gbk") + b"\xff\xff\n", "GB18030", True),
        (b"name\nA\0da\n", "UTF-8", True),
        (b"name\nAda \xff\n", "UTF-8", True),
    ],
)
def test_the_encoding_is_recognised(tmp_path: Path, content: bytes, label: str, dirty: bool) -> None:
    path = tmp_path / "employees.csv"
    path.write_bytes(content)
    seen = scan(path)
    assert (seen.label, seen.dirty) == (label, dirty)
