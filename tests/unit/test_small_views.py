"""Views that say no more than there is to say, in a terminal of 80 columns."""

import re

import pytest
from rich.text import Text

from commands.plumbing import told
from commands.scans import warn_of_failure
from models.approvals import Refusal
from models.errors import DecisionRefused
from reports.terminal import show_answer
from reports.terminal_tables import grid
from reports.terminal_views import VIEWS
from reports.terminal_words import words_in
from services.failing_steps import FailingStep

FAULT = {"file": "a.csv", "line": 1, "column": "id", "reason": {"code": "is empty", "params": {}}, "value": ""}


def said(view: str, answer: object, capsys: pytest.CaptureFixture[str], tag: str = "en") -> str:
    show_answer(view, answer, tag)
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("kept", "total", "end"),
    [
        (10, 10, "10 faults. Nothing was written."),
        (20, 900, "900 faults, the first 20 are shown. Nothing was written."),
        (200, 900, "900 faults, the first 30 are shown; --json shows more. Nothing was written."),
    ],
)
def test_more_faults_are_promised_only_where_there_are_more(
    kept: int, total: int, end: str, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = {"tables": {}, "faults": [FAULT] * kept, "total_faults": total, "dry_run": False}
    assert said("import", answer, capsys).splitlines()[-1] == end


def test_a_list_of_alerts_keeps_id_and_who_is_waited_for_in_eighty_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    alert = {
        "id": "alert-62CT-M9A3-20261124", "severity": "critical", "state": "needs_review",
        "waiting_on": ["Office F1"], "due_at": "2026-11-27T10:00:00Z",
    }  # fmt: skip
    lines = said("alerts", {"alerts": [alert], "more": 0}, capsys).splitlines()
    row = re.sub(r"\s{2,}", "|", lines[-1].strip()).split("|")
    assert row == ["alert-62CT-M9A3-20261124", "critical", "needs review", "Office F1", "2026-11-27 10:00"]


@pytest.mark.parametrize(("tag", "words"), [("en", "Recorded: hr sent back."), ("zh", "已退回")])
def test_a_verdict_of_two_words_is_not_a_code(tag: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    answer = {
        "standing": "counted", "gate": "hr", "verdict": "sent_back", "decided_by": "H1", "votes": 0, "needed": 1,
    }  # fmt: skip
    assert words in said("decision", answer, capsys, tag)


@pytest.mark.parametrize(
    ("tag", "words"),
    [("en", "was not sent: that person is not asked at this gate"), ("zh", "提问未发送：此人不是该审批的当前审批人")],
)
def test_why_something_is_refused_is_not_a_code(tag: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OFFBOARD_LANGUAGE", tag)
    refused = DecisionRefused("the question was not sent: {reason}", reason=Refusal.NOT_AN_APPROVER)
    assert words in told(refused)


def test_feeds_have_words_in_chinese(capsys: pytest.CaptureFixture[str]) -> None:
    counts = dict.fromkeys(("people", "scored", "insufficient", "unknown", "findings", "talks"), 0)
    answer = {"as_of": "2026-11-24", "degraded": ["activity_events"], "absent": ["expense_claims"], "alerts": []}
    told = said("scan_run", {**answer, **counts}, capsys, "zh")
    assert "操作事件" in told
    assert "费用报销" in told
    assert "_" not in told


@pytest.mark.parametrize(("tag", "words"), [("en", "does not come on"), ("zh", "扫描没有进展")])
def test_a_scan_that_stands_still_is_said_on_stderr_alone(
    tag: str, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OFFBOARD_LANGUAGE", tag)
    warn_of_failure(FailingStep(workflow_id="risk-scan-1", step="scan_shard", attempt=6, failure="Unavailable"))
    told = capsys.readouterr()
    assert told.out == ""
    for part in (words, "scan_shard", "6", "Unavailable", "offboard doctor"):
        assert part in told.err


def test_a_table_that_cannot_be_narrow_enough_is_wider_than_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    table = grid(words_in("en"), "client", "owed", "overdue", right=("owed", "overdue"))
    table.add_row("Harbour Trading Ltd (C1)", "666,091,033.00 CNY", "238,409,632.55 CNY")
    monkeypatch.setitem(VIEWS, "money", lambda plain, words: [table, Text("word " * 20)])
    lines = said("money", {}, capsys).splitlines()
    assert "666,091,033.00 CNY  238,409,632.55 CNY" in lines[1]
    assert max(len(line) for line in lines if line.startswith("word")) <= 40, "text keeps to the terminal"
