"""Who reads Chinese is told in Chinese what was refused, whatever refused it: the books, the dates, the servers."""

import sys
from collections.abc import Callable

import pytest

import starter_cli
from embedded.processes import free_port
from store.database import Database
from tests.company import Company

Offboard = Callable[..., str]


@pytest.fixture
def offboard(
    database: Database,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Offboard:
    """Run the command for a reader of Chinese; it is refused, and what it says is given back."""
    Company.build(database, clients=2)
    for name, value in {
        "OFFBOARD_HOME": str(tmp_path_factory.mktemp("home")),
        "OFFBOARD_DATABASE_URL": database.url,
        "OFFBOARD_LANGUAGE": "zh",
        "TEMPORAL_ADDRESS": f"127.0.0.1:{free_port()}",
        "TEMPORAL_CONFIG_FILE": "/dev/null",
        "COLUMNS": "400",
    }.items():
        monkeypatch.setenv(name, value)

    def run(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["offboard", *arguments])
        with pytest.raises(SystemExit) as end:
            starter_cli.main()
        assert end.value.code == 1
        return capsys.readouterr().err.strip()

    return run


LEAVES = ("--last-working-day", "2019-12-31", "--kind", "resignation", "--dry-run")


def test_an_unknown_person(offboard: Offboard) -> None:
    assert offboard("show", "nobody") == "被拒绝：没有编号或姓名为 'nobody' 的员工。请先运行 `offboard import`。"


def test_a_person_without_a_case(offboard: Offboard) -> None:
    assert offboard("show", "E1") == "被拒绝：E1 没有离职单：请用 `offboard start E1` 发起"


def test_a_last_working_day_that_is_over(offboard: Offboard) -> None:
    assert offboard("start", "E1", *LEAVES).startswith("被拒绝：最后工作日 2019-12-31 早于 ")


def test_an_unknown_policy(offboard: Offboard) -> None:
    said = offboard("start", "E1", "--last-working-day", "2099-12-31", *LEAVES[2:], "--policy", "lunar")
    assert said.startswith("被拒绝：没有策略 'lunar'；现有策略：")


def test_a_temporal_server_that_does_not_answer(offboard: Offboard) -> None:
    said = offboard("start", "E1", "--last-working-day", "2099-12-31", *LEAVES[2:-1])
    assert said.startswith("被拒绝：Temporal 在 127.0.0.1:")
    assert said.endswith(
        "没有应答。未做任何更改。请运行 `offboard up` 启动本机服务，或运行 `offboard doctor` 查看原因。"
    )
