"""`offboard audit` and `offboard report --explain` as people type them."""

import csv
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from models.receivables import ReceivableAudit
from starter_cli import app
from store.database import Database
from tests.company import AS_OF
from tests.integration.money.ledger_case import CASE, audited, company_with_debts, reported

DAY = ("--as-of", AS_OF.isoformat())


class Desk:
    """Runs `offboard` on the database of the test."""

    def __call__(self, *words: str) -> str:
        done: Result = CliRunner().invoke(app, words)
        assert done.exception is None, (words, done.output, done.exception)
        return done.stdout

    def json(self, *words: str) -> Any:
        """The answer with --json."""
        return json.loads(self(*words, "--json"))

    def fails(self, *words: str) -> str:
        """What is said when it fails."""
        done: Result = CliRunner().invoke(app, words)
        assert done.exit_code, words
        return f"{done.output} {done.exception}"


@pytest.fixture
def offboard(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    company_with_debts(database)
    reported(database, audited(database).digest)
    for name, value in (
        ("OFFBOARD_DATABASE_URL", database.url),
        ("OFFBOARD_HOME", str(tmp_path)),
        ("OFFBOARD_LANGUAGE", "en"),
        ("COLUMNS", "80"),
    ):
        monkeypatch.setenv(name, value)
    return Desk()


def test_an_audit_of_one_and_of_all(offboard: Desk) -> None:
    one = ReceivableAudit.model_validate(offboard.json("audit", "Li Na", *DAY))
    printed = offboard("audit", "--all", "--json", *DAY)
    lines = printed.splitlines()
    assert (lines[0], lines[-1]) == ("[", "]")
    every = json.loads(printed)
    assert [json.loads(line.removesuffix(",")) for line in lines[1:-1]] == every
    [mine] = [each["audit"] for each in every if each["employee"] == "E1"]
    assert one.main is not None
    assert Decimal(mine["main"]["total"]) == one.main.total
    assert Decimal(mine["main"]["expected_credit_loss"]) == one.main.expected_credit_loss


def test_audits_in_words(offboard: Desk) -> None:
    said = offboard("audit", "E1", *DAY)
    for words in (
        "Assessed singly: 1,200.19 CNY",
        "Not due",
        "Read from offboard at ",
        "Adds up with invoices and payments.",
    ):
        assert words in said
    everybody = offboard("audit", "--all", *DAY)
    assert "Li Na (E1)" in everybody
    assert "2 salespeople; 0 do not add up with the ledger." in everybody
    assert "ifrs, prc" in offboard.fails("audit", "--all", "--policy", "nosuch")


@pytest.mark.parametrize("words", [("audit",), ("audit", "E1", "--all")])
def test_an_audit_is_of_one_or_of_all(offboard: Desk, words: tuple[str, ...]) -> None:
    assert "give either an employee or --all" in offboard.fails(*words)


def test_a_figure_is_explained_in_words_as_json_and_as_csv(offboard: Desk, tmp_path: Path) -> None:
    said = offboard("report", "E1", "--explain", "receivables.disputed")
    assert said.startswith("receivables.disputed = 33.37 CNY")
    assert "The sum of what is disputed of open items." in said
    found = offboard.json("report", CASE, "--explain", "receivables.disputed")
    assert [(item["document"], item["counts"]) for item in found["items"]] == [("X2", "33.3700")]
    target = tmp_path / "items.csv"
    offboard("report", CASE, "--explain", "receivables.total", "--csv", str(target))
    with target.open(encoding="utf-8-sig", newline="") as source:
        rows = list(csv.DictReader(source))
    assert {row["client_name"] for row in rows} == {"Client 1", "Client 2", "Client 3"}
    total = offboard.json("report", CASE)["receivables"]["total"]
    assert sum(Decimal(row["counts"]) for row in rows) == Decimal(total)


def test_it_is_explained_in_the_language_asked_for(offboard: Desk) -> None:
    said = offboard("report", "E1", "--explain", "receivables.overdue", "--lang", "zh")
    assert "截止日之前到期的全部未清项目之和。" in said


def test_a_wrong_figure_and_csv_without_one_are_refused(offboard: Desk, tmp_path: Path) -> None:
    assert "receivables.overdue" in offboard.fails("report", "E1", "--explain", "overdue")
    far = offboard.fails("report", "E1", "--explain", "nosuch")
    assert "Nearest" not in far
    assert "receivables.others.<currency>.<figure>" in far
    assert "others.USD" not in far, "figures of other currencies are named once"
    assert "--csv goes with --explain" in offboard.fails("report", "E1", "--csv", str(tmp_path / "x.csv"))


def test_the_page_of_the_report_opens_its_figures(offboard: Desk, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    offboard("report", "E1", "--format", "html", "--output", str(page))
    assert 'class="behind"' in page.read_text(encoding="utf-8")
