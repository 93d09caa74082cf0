"""A bad file is answered with one table: no fault is said twice, and the refusal itself goes to stderr."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from starter_cli import app
from store.database import Database


@pytest.mark.parametrize(("language", "fault"), [("en", "is not in the first line"), ("zh", "文件第一行中没有该列")])
def test_a_fault_is_said_once(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str, fault: str
) -> None:
    (tmp_path / "employees.csv").write_text("name\nLi Na\n")
    monkeypatch.setenv("OFFBOARD_DATABASE_URL", database.url)
    monkeypatch.setenv("OFFBOARD_LANGUAGE", language)
    said = CliRunner().invoke(app, ["import", str(tmp_path)])
    assert said.exit_code == 1
    assert said.stdout.count(fault) == 1
    assert fault not in said.stderr
    assert len(said.stderr.splitlines()) == 1
    told = CliRunner().invoke(app, ["import", str(tmp_path), "--json"])
    assert told.exit_code == 1
    assert json.loads(told.stdout)["total_faults"] >= 1
