"""Exported cells stay text: no payload becomes a formula, amounts stay numbers, and what was meant is still there."""

import csv
import io
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.csv_export import BYTE_ORDER_MARK, csv_of, guarded

PAYLOADS = (
    "=1+1",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://x.example","click")',
    "=WEBSERVICE(A1)",
    "=IMPORTXML(A1,A2)",
    "+1+1",
    "+cmd|' /C calc'!A0",
    "-1+1",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1,1)",
    "@A1",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "\r\n=1+1",
    "\0=1+1",
    "\0\0@A1",
    " =1+1",
    "   +1",
    "\u00a0=1+1",
    "\u3000=1+1",
    "\ufeff=1+1",
    "\u200b=1+1",
    "＝1+1",
    "＋1",
    "－1",
    "＠SUM(1)",
    " ＝1+1",
    "|calc",
    "%0A=1+1",
    '"=1+1',
    "'=1+1",
    "a,=1+1",
    "a;=1+1",
    "a\t=1+1",
    "a\n=1+1",
    "a\r\n=1+1",
    'a","=1+1',
    'a"\n"=1+1',
    "=1+1\n=2+2",
)
DANGEROUS = "=+-@|%\t\r\n\0＝＋－＠"


def cells(written: bytes, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(written.decode("utf-8-sig"), newline=""), delimiter=delimiter))


def test_there_are_forty_payloads() -> None:
    assert len(set(PAYLOADS)) == 40


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_no_payload_becomes_a_formula_in_any_column(payload: str, place: int) -> None:
    row: list[object] = ["a", "b", "c"]
    row[place] = payload
    header, *rows = cells(csv_of(("x", "y", "z"), [row]))
    assert header == ["x", "y", "z"]
    [found] = rows
    assert len(found) == 3, "the payload did not make cells or rows of its own"
    assert not found[place].lstrip(" \u00a0\u3000\ufeff\u200b").startswith(tuple(DANGEROUS))
    assert found[place].replace("'", "") == payload.replace("'", "").replace("\0", "")


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("separator", [";", "\t"])
def test_a_spreadsheet_with_another_separator_finds_no_formula_either(payload: str, separator: str) -> None:
    for row in cells(csv_of(("x", "y", "z"), [(1, payload, payload)]), separator):
        assert not any(cell.lstrip(" \u00a0\u3000\ufeff\u200b").startswith(tuple(DANGEROUS)) for cell in row)


def test_amounts_and_days_are_neither_quoted_nor_guarded() -> None:
    written = csv_of(
        ("amount", "n", "day"), [(Decimal("-1234.50"), -3, date(2026, 11, 24)), (Decimal("1E+3"), 0, None)]
    )
    assert written.decode().startswith(BYTE_ORDER_MARK)
    assert written.decode().splitlines()[1:] == ["-1234.50,-3,2026-11-24", '1000,0,""']


@given(st.text())
def test_what_is_harmless_stays_as_it_is_and_nothing_is_lost(text: str) -> None:
    shown = guarded(text)
    assert shown.replace("'", "") == text.replace("'", "")
    assert not shown.lstrip(" \u00a0\u3000\ufeff\u200b").startswith(tuple(DANGEROUS))


@pytest.mark.parametrize(
    "sign", ["\u2003", "\u202f", "\u2060", "\u00ad", "\u200e", "\u202e", "\u2066", "\x0b", "\x1f", "\u2028"]
)
def test_a_sign_that_nobody_sees_hides_no_formula(sign: str) -> None:
    assert guarded(f"{sign}=1+1") == f"'{sign}=1+1"
    assert guarded(f"{sign}name") == f"{sign}name"
