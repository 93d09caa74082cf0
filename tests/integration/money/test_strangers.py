"""A system that knows none of the clients has told nothing; one that knows some says how many it does not."""

from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from models.case import Branch
from models.errors import Unavailable
from models.open_items import SOME_UNKNOWN
from models.reasons import because
from models.receivables import ReceivableAudit
from reports.language import language
from starter_cli import app
from store import branches
from store.database import Database
from systems.receivables.failures import UNKNOWN_CLIENTS
from tests.company import AS_OF
from tests.integration.money.ledger_case import CASE, audited, company_with_debts, reported
from tests.integration.receivables_port.business import Business
from tests.integration.receivables_port.deliveries import contents, deliver
from tests.other_keys import OtherKeys

TWO_OF_THREE = because(SOME_UNKNOWN, system="erp", unknown=2, asked=3)


def test_a_case_does_not_take_strangers_for_clients_that_owe_nothing(database: Database) -> None:
    company_with_debts(database)
    with pytest.raises(Unavailable, match=r"erp knows none of the clients that were asked for \(3\)") as failure:
        audited(database, OtherKeys(database))
    assert failure.value.detail["reason"] == UNKNOWN_CLIENTS
    with database.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM branch_results")).scalar_one() == 0
        silent = connection.execute(text("SELECT system, reason FROM silences")).one()
    assert tuple(silent) == ("erp", UNKNOWN_CLIENTS)
    assert reported(database, None).receivables is None


def test_some_strangers_are_a_gap_of_the_report_and_the_digest_stays(database: Database) -> None:
    company_with_debts(database)
    source = OtherKeys(database, "C001", "C003")
    first = audited(database, source)
    assert audited(database, source) == first
    with database.begin() as connection:
        kept = branches.load(connection, CASE, Branch.RECEIVABLES, first.digest, ReceivableAudit)
    assert kept.source
    assert (kept.source.asked, kept.source.known) == (3, 1)
    assert TWO_OF_THREE in kept.source.cannot
    assert TWO_OF_THREE in reported(database, first.digest).gaps
    everybody = audited(database)
    assert everybody.digest != first.digest
    assert not [each for each in reported(database, everybody.digest, "second").gaps if each.code == SOME_UNKNOWN]
    assert "3 个客户中的 2 个" in language("zh").reason(TWO_OF_THREE)


@pytest.fixture
def folder(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A drop folder from which the command reads; nothing is in it."""
    company_with_debts(database)
    inside = tmp_path / "drop"
    for name, value in (
        ("OFFBOARD_DATABASE_URL", database.url),
        ("OFFBOARD_HOME", str(tmp_path)),
        ("OFFBOARD_LANGUAGE", "en"),
        ("OFFBOARD_RECEIVABLES_URL", f"file://{inside}"),
    ):
        monkeypatch.setenv(name, value)
    return inside


@pytest.mark.parametrize("whose", ["E1", "--all"])
def test_the_command_says_what_the_system_does_not_know(folder: Path, whose: str) -> None:
    business = Business().client("SOMEBODY-ELSE").invoice("Z1", "SOMEBODY-ELSE", "77", AS_OF, AS_OF)
    deliver(folder, AS_OF, contents(business, AS_OF))
    ask = ["audit", whose, "--as-of", AS_OF.isoformat()]
    none = CliRunner().invoke(app, ask)
    assert none.exit_code == 1
    assert "knows none of the clients" in f"{none.output} {none.exception}"
    assert "Nothing is open" not in none.output
    deliver(folder, AS_OF, contents(business.client("C002"), AS_OF))
    some = CliRunner().invoke(app, ask)
    assert some.exit_code == 0, some.output


def test_a_client_that_owes_nothing_is_no_stranger(folder: Path) -> None:
    deliver(folder, AS_OF, contents(Business().client("C002"), AS_OF))
    said = CliRunner().invoke(app, ["audit", "E1", "--as-of", AS_OF.isoformat()]).output
    assert "Nothing is open." in said
    assert "does not know 2 of 3 clients" in " ".join(said.split())
    deliver(folder, AS_OF, contents(Business().client("C001", "C002", "C003"), AS_OF))
    said = CliRunner().invoke(app, ["audit", "E1", "--as-of", AS_OF.isoformat()]).output
    assert "Nothing is open." in said
    assert "does not know" not in said
