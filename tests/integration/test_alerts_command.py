"""The verbs for alerts as people type them: an alias everywhere, the name only where it was asked for."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from starter_cli import app
from store.database import Database
from tests.alert_desk import AlertDesk
from tests.company import Company


class Desk:
    """Runs `offboard` on our database; no engine answers."""

    def __init__(self, database: Database) -> None:
        self.alerts = AlertDesk(database)

    def __call__(self, *words: str, fails: bool = False) -> str:
        done: Result = CliRunner().invoke(app, words)
        assert (done.exception is not None) is fails, (words, done.output, done.exception)
        return str(done.exception) if fails else done.output

    def json(self, *words: str) -> Any:
        return json.loads(self(*words, "--json"))


@pytest.fixture
def offboard(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    Company.build(database, clients=1)
    monkeypatch.setenv("OFFBOARD_DATABASE_URL", database.url)
    monkeypatch.setenv("OFFBOARD_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.delenv("TEMPORAL_ADDRESS", raising=False)
    return Desk(database)


def test_what_is_printed_before_a_reveal_holds_no_name_and_no_id(offboard: Desk) -> None:
    alert = offboard.alerts.open()
    offboard("alerts", "confirm", alert, "--as", "H1", "--reason", "it is so")
    printed = [
        offboard(*words, *more)
        for words in (
            ("alerts", "list"),
            ("alerts", "show", alert),
            ("alerts", "effectiveness"),
            ("evidence", "show", alert),
            ("evidence", "verify", alert),
        )
        for more in ((), ("--json",))
    ]
    assert all(each.strip() for each in printed)
    assert offboard.alerts.row(alert).alias in "".join(printed)
    assert not any(word in each for each in printed for word in ("Li Na", '"E1"', "(E1)", " E1"))
    told = offboard("alerts", "reveal", alert, "--as", "H1", "--reason", "case 7")
    assert "is Li Na (E1)." in told
    assert offboard.json("evidence", "verify", alert)["ok"] is True
    assert [each["kind"] for each in offboard.json("evidence", "show", alert)["entries"]] == [
        "alert.opened", "alert.decision_accepted", "alert.revealed",
    ]  # fmt: skip


def test_a_decision_that_no_worker_hears_is_kept_and_said_so(offboard: Desk) -> None:
    alert = offboard.alerts.open()
    done = offboard.json("alerts", "dismiss", alert, "--as", "H1", "--reason", "quarter end")
    assert (done["stored"], done["counted"], done["state"]) == (True, False, "needs_review")
    assert "Kept." in offboard("alerts", "dismiss", alert, "--as", "H1", "--reason", "quarter end")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("confirm", "--as", "P1", "--reason", "x"), "may not do this"),
        (("confirm", "--as", "H1", "--reason", " "), "needs a reason"),
        (("resolve", "--as", "H1", "--reason", "x"), "it cannot become resolved"),
        (("reveal", "--as", "F1", "--reason", "x"), "may not see who an alert is about"),
    ],
)
def test_what_is_refused_says_why(offboard: Desk, words: tuple[str, ...], says: str) -> None:
    alert = offboard.alerts.open()
    assert says in offboard("alerts", words[0], alert, *words[1:], fails=True)


def test_an_alert_that_nobody_knows(offboard: Desk) -> None:
    assert "there is no alert" in offboard("alerts", "show", "alert-AAAA-AAAA-20261124", fails=True)


def test_the_watchlist(offboard: Desk) -> None:
    assert "Nobody is watched" in offboard("watchlist", "list")
    until = (datetime.now(UTC) + timedelta(days=20)).date().isoformat()
    offboard("watchlist", "add", "Li Na", "--as", "H1", "--reason", "asked by legal", "--until", until)
    assert "Li Na (E1)" in offboard("watchlist", "list")
    assert offboard.json("watchlist", "remove", "E1", "--as", "L1", "--reason", "over") == {"ended": 1}
    assert offboard.json("watchlist", "list") == {"watched": []}
    assert offboard.json("evidence", "verify", "watchlist")["ok"] is True
