"""`offboard doctor --system receivables`: what can be read, what cannot, and what to do, in both languages."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from typer.testing import CliRunner

from embedded.receivable_checks import NONE_KNOWN, check_receivables, look_at_receivables
from models.reasons import because
from reports.language import language
from settings import Settings
from starter_cli import app
from store.database import Database
from tests.company import Company
from tests.integration.receivables_port.business import Business
from tests.integration.receivables_port.deliveries import contents, deliver
from tests.integration.receivables_port.stories import LAST_DAY, every_kind


def settings(database: Database, url: str | None = None) -> Settings:
    """Our database, and receivables somewhere."""
    return Settings(database_url=SecretStr(database.url), receivables_url=SecretStr(url) if url else None)


def dropped(folder: Path) -> str:
    """The address of a folder with a delivery of today."""
    business = every_kind()
    deliver(folder, datetime.now(UTC).date(), contents(business, min(LAST_DAY, datetime.now(UTC).date())))
    return f"file://{folder}"


def test_our_own_tables_can_be_read(database: Database) -> None:
    found = look_at_receivables(settings(database))
    assert (found.ok, found.system, found.failure, found.broken) == (True, "offboard", None, ())
    assert found.can
    assert check_receivables(settings(database)) == [], "they are examined with the database"


def test_a_foreign_database_without_our_columns_says_what_it_cannot_tell(database: Database) -> None:
    with database.begin() as connection:
        connection.execute(text("ALTER TABLE invoices DROP COLUMN credits_id CASCADE"))
        connection.execute(text("DROP TABLE instalments CASCADE"))
    found = look_at_receivables(settings(database, database.url))
    assert found.ok
    assert len(found.cannot) == 2
    for reason in (*found.can, *found.cannot):
        assert language("zh").reason(reason) != language("en").reason(reason), "it exists in Chinese"
    assert [finding.ok for finding in check_receivables(settings(database, database.url))] == [True]


def test_what_is_broken_is_named_with_what_to_do(database: Database, tmp_path: Path) -> None:
    with database.begin() as connection:
        connection.execute(text("ALTER TABLE payments RENAME TO payments_of_the_old_release"))
    found = look_at_receivables(settings(database, database.url))
    assert not found.ok
    assert found.broken
    assert found.mend
    [finding] = check_receivables(settings(database, database.url))
    assert not finding.ok
    nowhere = look_at_receivables(settings(database, f"file://{tmp_path}"))
    assert nowhere.failure
    assert nowhere.failure.params["reason"] == "no_answer"
    mistyped = look_at_receivables(settings(database, "oracle://erp"))
    assert mistyped.failure
    assert "OFFBOARD_RECEIVABLES_URL" in mistyped.failure.code
    closed = look_at_receivables(settings(database, "postgresql://nobody:secret@127.0.0.1:9/erp"))
    assert closed.failure
    assert "secret" not in closed.model_dump_json()


def test_a_system_that_knows_none_of_our_clients_is_broken(database: Database, tmp_path: Path) -> None:
    Company.build(database, clients=2, peers=1)
    wanted, today = settings(database, f"file://{tmp_path}"), datetime.now(UTC).date()
    deliver(tmp_path, today, contents(Business().client("SOMEBODY-ELSE"), today))
    found = look_at_receivables(wanted)
    assert (found.ok, found.failure) == (False, None)
    [broken] = found.broken
    assert broken == because(NONE_KNOWN, number=2)
    assert found.mend
    for reason in (broken, found.mend):
        assert language("zh").reason(reason) != language("en").reason(reason), "it exists in Chinese"
    assert [finding.ok for finding in check_receivables(wanted)] == [False]
    deliver(tmp_path, today, contents(Business().client("C002"), today))
    assert look_at_receivables(wanted).ok, "one of them owes nothing and is known"


def test_all_clients_are_asked_for_before_a_system_is_called_broken(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("embedded.receivable_checks.FIRST", 1)
    Company.build(database, clients=3, peers=1)
    deliver(tmp_path, datetime.now(UTC).date(), contents(Business().client("C003"), datetime.now(UTC).date()))
    assert look_at_receivables(settings(database, f"file://{tmp_path}")).ok


def test_a_book_of_another_release_does_not_keep_it_from_looking(database: Database, tmp_path: Path) -> None:
    with database.begin() as connection:
        connection.execute(text("ALTER TABLE client_shares RENAME TO client_shares_of_the_old_release"))
    assert look_at_receivables(settings(database, dropped(tmp_path))).ok


class Asked:
    """The command as a person types it."""

    def __init__(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        monkeypatch.setenv("OFFBOARD_DATABASE_URL", database.url)

    def __call__(self, *more: str, url: str, tongue: str = "en") -> tuple[int, str]:
        self._monkeypatch.setenv("OFFBOARD_RECEIVABLES_URL", url)
        self._monkeypatch.setenv("OFFBOARD_LANGUAGE", tongue)
        done = CliRunner().invoke(app, ["doctor", *more])
        return done.exit_code, done.output


@pytest.fixture
def ask(database: Database, monkeypatch: pytest.MonkeyPatch) -> Asked:
    return Asked(database, monkeypatch)


def test_the_command_says_it_in_words_and_by_its_exit_code(ask: Asked, tmp_path: Path) -> None:
    code, said = ask("--system", "receivables", url=dropped(tmp_path))
    assert code == 0, said
    assert "can read" in said
    assert "invoices of the past" in said
    code, said = ask("--system", "receivables", url=dropped(tmp_path), tongue="zh")
    assert "可以读取" in said
    assert "历史发票" in said


def test_the_command_says_what_is_wrong(ask: Asked, tmp_path: Path) -> None:
    inside = Path(dropped(tmp_path).removeprefix("file://")) / datetime.now(UTC).date().isoformat()
    (inside / "open_items.csv").write_text("client,document\n")
    code, said = ask("--system", "receivables", url=f"file://{tmp_path}")
    assert code == 1
    assert "NOT RIGHT" in said
    code, said = ask("--system", "receivables", "--json", url=f"file://{tmp_path}")
    assert code == 1
    told = json.loads(said)
    assert told["ok"] is False
    assert told["failure"]["params"]["reason"] == "garbled"


def test_another_system_is_misuse(ask: Asked) -> None:
    code, said = ask("--system", "coffee", url="file:///nowhere")
    assert code == 2
    assert "receivables" in said
