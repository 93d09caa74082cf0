"""The doctor works when everything is down, changes nothing, names the cause and its mending, in both languages."""

import ast
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import text

import embedded
from embedded import machine_checks
from embedded.database_checks import CLOCK_TOLERANCE, check_database, clock_finding
from embedded.doctor import examine
from embedded.finding import Finding
from embedded.machine_checks import check_home, check_python, check_secrets
from reports.language import language
from settings import Settings
from store.database import Database

ROOT = Path(__file__).parent.parent.parent
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _no_other_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("TEMPORAL_", "OFFBOARD_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", os.devnull)


def faults(findings: list[Finding]) -> dict[str, str]:
    """What is wrong, by name, in English."""
    return {one.name: language("en").reason(one.problem) for one in findings if one.problem}


def test_with_nothing_running_one_cause_is_named_and_nothing_is_made(tmp_path: Path) -> None:
    home = tmp_path / "new"
    found = examine(Settings(home=home))
    assert faults(found) == {"Servers": f"No servers run under {home}."}
    assert [one.mend.code for one in found if one.mend] == ["Run `offboard up`."]
    assert not home.exists()


def test_servers_of_ones_own_that_do_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    nowhere = SecretStr("postgresql+psycopg2://u:hush@127.0.0.1:1/d")
    settings = Settings(home=tmp_path, database_url=nowhere, public_url="http://127.0.0.1:1")
    found = faults(examine(settings))
    assert set(found) == {"Database", "Temporal", "Approval page"}
    assert "127.0.0.1:1" in found["Temporal"]
    assert "hush" not in str(found)


def test_an_old_python_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_python().ok
    monkeypatch.setattr(machine_checks, "OLDEST_PYTHON", (99, 0))
    assert not check_python().ok


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    assert check_home(tmp_path / "deep" / "down").ok
    (tmp_path / "file").write_text("")
    assert not check_home(tmp_path / "file" / "var").ok


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine_checks, "SPACE_NEEDED", 1 << 80)
    found = check_home(tmp_path)
    assert found.problem is not None
    assert int(found.problem.params["free"]) > 0


@pytest.mark.parametrize("name", ["stack.json", "link-secret", "postgres/postgres.json"])
def test_a_secret_that_others_can_read_is_named(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.touch(mode=0o600)
    assert check_secrets(tmp_path).ok
    file.chmod(0o640)
    found = check_secrets(tmp_path)
    assert found.mend is not None
    assert found.mend.params["file"] == str(file)
    file.chmod(0o600)
    assert check_secrets(tmp_path).ok


def test_an_old_schema_is_named(database: Database) -> None:
    settings = Settings(database_url=SecretStr(database.url))
    assert [one.ok for one in check_database(settings)] == [True, True, True]
    with database.begin() as connection:
        connection.execute(text("DELETE FROM alembic_version"))
    assert set(faults(list(check_database(settings)))) == {"Schema"}


@given(st.integers(-600_000, 600_000), st.integers(0, 5_000))
def test_clocks_are_judged_apart_from_the_time_the_question_took(skew_ms: int, took_ms: int) -> None:
    skew, took = timedelta(milliseconds=skew_ms), timedelta(milliseconds=took_ms)
    for share in (0, 0.5, 1):
        found = clock_finding(NOON + took * share + skew, NOON, NOON + took)
        assert found.ok or abs(skew) > CLOCK_TOLERANCE  # no false alarm, however slow the answer
        assert not found.ok or abs(skew) <= CLOCK_TOLERANCE + took  # no miss beyond what the question took


def test_everything_the_doctor_says_is_translated() -> None:
    said = set()
    for file in Path(embedded.__path__[0]).glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"because", "well", "ill"}:
                said |= {word.value for word in node.args[:1] if isinstance(word, ast.Constant)}
    said |= {"PostgreSQL program", "Temporal program"}
    assert len(said) > 40
    chinese = language("zh-CN").words
    assert {word for word in said if chinese.gettext(word) == word} == {"{answer}"}


def test_every_setting_is_in_the_docs() -> None:
    docs = (ROOT / "docs" / "settings.md").read_text()
    assert [name for name in Settings.model_fields if f"`OFFBOARD_{name.upper()}`" not in docs] == []
