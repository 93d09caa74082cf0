"""The command on a database of its own, a company, a departure, a folder to load."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import starter_cli
from embedded.processes import free_port
from store.database import Database
from store.policies import SHIPPED
from tests.browser.departure import PUBLIC_URL
from tests.company import Company
from tests.integration.bad_input.command import Offboard, Said
from tests.integration.real_engine import Engine


@pytest.fixture
def settings(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command speaks to the database of the test, and to a Temporal server only where a test names one."""
    for name, value in {
        "OFFBOARD_HOME": str(tmp_path / "home"),
        "OFFBOARD_DATABASE_URL": database.url,
        "OFFBOARD_LINK_SECRET": "a secret of thirty-two characters",
        "OFFBOARD_PUBLIC_URL": PUBLIC_URL,
        "OFFBOARD_LANGUAGE": "en",
        "TEMPORAL_ADDRESS": f"127.0.0.1:{free_port()}",
        "TEMPORAL_CONFIG_FILE": "/dev/null",
        "COLUMNS": "400",
    }.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def offboard(settings: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Offboard:
    """Run the command as its user does, in this process."""

    def run(*arguments: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["offboard", *arguments])
        with pytest.raises(SystemExit) as end:
            starter_cli.main()
        said = capsys.readouterr()
        return Said(int(end.value.code or 0), said.out + said.err)

    return run


@pytest.fixture
def company(database: Database) -> Database:
    """Li Na (E1) and her colleagues; nobody leaves yet."""
    Company.build(database, clients=2)
    return database


@pytest.fixture
def own_policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Put a changed copy of the policy `ifrs` in the place of the shipped one."""

    def change(old: str, new: str) -> None:
        shipped = SHIPPED.joinpath("ifrs.toml").read_text(encoding="utf-8")
        assert old in shipped
        (tmp_path / "ifrs.toml").write_text(shipped.replace(old, new), encoding="utf-8")
        monkeypatch.setenv("OFFBOARD_POLICY_DIR", str(tmp_path))

    return change


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """A Temporal server of this module."""
    started = Engine()
    yield started
    started.close()
