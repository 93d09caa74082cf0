"""The `offboard` command as people run it: real processes against a real stack filled with the sample company."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from embedded.stack import down, up

OFFBOARD = Path(sys.executable).with_name("offboard")
NEXT_MONTH = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()


class Shell:
    """Runs the command against one home. `check` is the exit code that is expected."""

    def __init__(self, home: Path) -> None:
        self.environment = {**os.environ, "OFFBOARD_HOME": str(home), "COLUMNS": "80", "LANG": "C.UTF-8"}

    def __call__(self, *words: str, check: int = 0, **more: str) -> str:
        done = subprocess.run(
            [OFFBOARD, *words],
            capture_output=True,
            text=True,
            env={**self.environment, **more},
            timeout=60,
            check=False,
        )
        assert done.returncode == check, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return done.stdout if check == 0 else done.stdout + done.stderr

    def json(self, *words: str, check: int = 0) -> Any:
        """The answer of a verb with --json."""
        return json.loads(self(*words, "--json", check=check))


@pytest.fixture(scope="module")
def offboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    home = tmp_path_factory.mktemp("command")
    up(home)
    yield Shell(home)
    down(home)


@pytest.fixture(scope="module")
def leaver(offboard: Shell) -> str:
    """The planted problem leaver, whose case is started and waits for approvals."""
    made = offboard.json("sample")
    assert (made["employees"], made["counts"]["employees"]) == (40, 42)  # two have left
    assert {person["what"].split(":")[0] for person in made["planted"]} == {
        "problem_leaver", "full_peer", "leaving_peer", "exporter", "leaver_to_be", "heavy_user", "new_joiner",
        "odd_claims",
    }  # fmt: skip
    employee = str(made["planted"][0]["employee"])
    started = offboard.json("start", employee, "--last-working-day", NEXT_MONTH, "--kind", "resignation")
    assert (started["case_id"], started["already_open"]) == (f"offboarding-{employee}", False)
    return employee


def waiting(offboard: Shell, case: str) -> list[dict[str, Any]]:
    """The gates of a case once people are asked."""
    for _ in range(40):
        gates = offboard.json("show", case)["gates"]
        if gates and all(gate["waiting_on"] or gate["outcome"] for gate in gates):
            return list(gates)
    raise AssertionError("nobody was asked")


def test_a_dry_run_shows_the_plan_and_writes_nothing(offboard: Shell, leaver: str) -> None:
    other = offboard.json("handover", "plan", leaver)["transfers"][0]["successor"]
    words = ("start", other, "--last-working-day", NEXT_MONTH, "--kind", "resignation", "--dry-run")
    shown = offboard.json(*words)
    assert shown["clients"] > 0
    assert shown["rights_at_once"] == 2
    assert [gate["gate"] for gate in shown["plan"]["gates"]] == ["sales_manager", "finance", "hr", "it", "legal"]
    assert "Nothing was changed" in offboard(*words)
    assert [case["employee_id"] for case in offboard.json("list")["cases"]] == [leaver]


def test_a_second_start_returns_the_case_that_is_open(offboard: Shell, leaver: str) -> None:
    again = offboard.json("start", leaver, "--last-working-day", NEXT_MONTH, "--kind", "resignation")
    assert (again["case_id"], again["already_open"]) == (f"offboarding-{leaver}", True)


def test_a_case_is_seen_in_words_and_in_json(offboard: Shell, leaver: str) -> None:
    gates = waiting(offboard, leaver)
    assert [gate["gate"] for gate in gates] == ["sales_manager", "finance", "hr", "it"]
    shown = offboard("show", leaver)
    assert "waiting on sales_manager, finance, hr, it" in shown
    assert "\x1b[" not in shown
    assert "等待 销售主管" in offboard("show", leaver, OFFBOARD_LANGUAGE="zh")
    assert leaver in offboard("list")
    assert offboard.json("list", "--limit", "1")["more"] == 0
    assert "The case begins: " in offboard("timeline", leaver)


def test_an_approver_decides_and_nobody_else_can(offboard: Shell, leaver: str) -> None:
    finance = next(gate for gate in waiting(offboard, leaver) if gate["gate"] == "finance")["waiting_on"][0]
    refused = offboard("decide", leaver, "finance", "--approve", "--as", leaver, check=1)
    assert "Not counted" in refused
    assert "Not counted" in offboard("decide", leaver, "finance", "--reject", "--as", finance, check=1)  # no reason
    assert offboard.json("decide", leaver, "finance", "--approve", "--as", finance)["standing"] == "counted"
    offboard("decide", leaver, "finance", "--as", finance, check=2)


def test_the_report_comes_in_every_form_and_language(offboard: Shell, leaver: str, tmp_path: Path) -> None:
    report = offboard.json("report", leaver)
    assert report["version"] == 1
    assert report["receivables"]["reconciled"] is True
    assert len(report["clients"]["transfers"]) == report["clients"]["count"]
    for form, start in (("pdf", b"%PDF"), ("html", b"<!DOCTYPE html>"), ("json", b"{")):
        path = tmp_path / f"report.{form}"
        offboard("report", leaver, "--format", form, "--lang", "zh", "--output", str(path))
        assert path.read_bytes()[: len(start)].lower() == start.lower()
    assert 'lang="zh-CN"' in (tmp_path / "report.html").read_text()
    offboard("report", leaver, "--format", "docx", check=2)
    assert "version" in offboard("report", leaver, "--version", "99", check=1)


def test_each_branch_stands_alone(offboard: Shell, leaver: str) -> None:
    audit = offboard.json("audit", leaver, "--policy", "prc")
    assert set(audit["main"]["buckets"]) == {"<=1y", "1-2y", "2-3y", "3-4y", "4-5y", ">5y"}
    rights = offboard.json("access", "show", leaver)["rights"]
    assert {right["state"] for right in rights if right["grade"] == 1} == {"suspended"}
    assert {right["state"] for right in rights if right["grade"] > 1} == {"active"}
    assert "Expected credit loss" in offboard("audit", leaver)
    everybody = offboard.json("audit", "--all")
    alone = offboard.json("audit", leaver)
    assert [each["audit"]["main"]["total"] for each in everybody if each["employee"] == leaver] == [
        alone["main"]["total"]
    ]
    overdue = offboard.json("report", leaver, "--explain", "receivables.overdue")
    assert overdue["items_total"] == overdue["figure"]["value"]
    assert "successor" in offboard("handover", "plan", leaver)


def test_the_evidence_verifies_and_exports(offboard: Shell, leaver: str) -> None:
    checked = offboard.json("evidence", "verify", leaver)
    assert checked["ok"] is True
    lines = offboard("evidence", "export", leaver).splitlines()
    assert len(lines) == checked["entries"]
    assert json.loads(lines[-1])["hash"] == checked["head"]


def test_a_new_day_and_a_withdrawal_bring_everything_back(offboard: Shell, leaver: str) -> None:
    later = (datetime.now(UTC) + timedelta(days=40)).date().isoformat()
    assert offboard.json("reschedule", leaver, "--last-working-day", later)["last_working_day"] == later
    assert "the plan stays" in offboard("reschedule", leaver, "--last-working-day", "2020-01-01", check=1)
    assert offboard("withdraw", leaver).startswith(f"offboarding-{leaver}: withdrawn")
    assert offboard.json("show", leaver)["phase"] == "withdrawn"
    assert {right["state"] for right in offboard.json("access", "show", leaver)["rights"]} == {"active"}
    assert "nothing" in offboard("withdraw", leaver, check=1)


def test_help_leads_with_examples_and_a_wrong_word_is_usage(offboard: Shell) -> None:
    assert "offboard demo" in offboard("--help")
    assert "从 offboard demo 开始" in offboard("-h", OFFBOARD_LANGUAGE="zh")
    offboard("strat", check=2)
    offboard("start", "E1", check=2)


def test_without_a_stack_the_command_says_what_to_do(tmp_path: Path) -> None:
    assert "offboard up" in Shell(tmp_path)("list", check=1)
    findings = json.loads(Shell(tmp_path)("doctor", "--json", check=1).split("\n}\n")[0] + "\n}")["findings"]
    assert not all(finding["ok"] for finding in findings)
