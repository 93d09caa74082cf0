"""What the command says on the way and when it leaves something out."""

import sys
from datetime import UTC, datetime

import pytest

from commands.plumbing import rows_line
from reports.terminal import show_answer


def test_rows_are_counted_on_one_line_where_somebody_watches(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OFFBOARD_LANGUAGE", "en")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with rows_line(False) as progress:
        assert progress is not None
        progress("clients", 50_000)
    said = capsys.readouterr()
    assert said.out == ""
    assert "clients: 50,000" in said.err
    assert "\n" not in said.err


def test_nothing_is_counted_for_a_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with rows_line(True) as progress:
        assert progress is None
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False, raising=False)
    with rows_line(False) as progress:
        assert progress is None


@pytest.mark.parametrize(("language", "words"), [("en", "and 7 more"), ("zh", "另有 7 个")])
def test_a_cut_list_says_so(language: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    started = datetime(2026, 11, 24, tzinfo=UTC).isoformat()
    row = {"id": "offboarding-E1", "employee_id": "E1", "kind": "resignation", "phase": "closed", "started_at": started,
           "gates": []}  # fmt: skip
    show_answer("cases", {"cases": [row], "more": 7}, language)
    assert words in capsys.readouterr().out
    show_answer("cases", {"cases": [row], "more": 0}, language)
    assert "--limit" not in capsys.readouterr().out
