"""Every figure of the report opens to its items: sums agree to the cent, wrong names are answered with right ones."""

import csv
import io
from decimal import Decimal

import pytest

from models.amounts import ZERO, plain
from models.errors import Refused
from models.explanation import Explanation
from models.figures import figures_of
from models.report import CaseReport
from reports.csv_export import explanation_csv
from reports.render import render_html
from reports.terminal import plain as plain_json
from reports.terminal_explanation import show_explanation
from reports.terminal_words import words_in
from services.explaining import explain, opened
from store.database import Database
from tests.integration.money.ledger_case import CASE, audited, company_with_debts, money_of, reported


@pytest.fixture
def report(database: Database) -> CaseReport:
    company_with_debts(database)
    return reported(database, audited(database).digest)


def explained(database: Database, report: CaseReport, name: str) -> Explanation:
    with database.begin() as connection:
        return explain(connection, report, name)


def test_every_figure_is_the_sum_of_its_items_or_of_its_parts(database: Database, report: CaseReport) -> None:
    money = money_of(report)
    assert {audit.currency for audit in money.currencies} == {"CNY", "USD"}
    figures = figures_of(money)
    assert len(figures) > 60
    for name, figure in figures.items():
        found = explained(database, report, name)
        if figure.items_of == name:
            assert found.items_total == figure.value, name
        elif figure.items_of:
            assert found.items_total == figures[figure.items_of].value, name
        if any(part.rate is not None for part in figure.parts) and figure.value is not None:
            added = sum((part.amount for part in figure.parts), ZERO)
            assert plain(added.quantize(Decimal("0.01"))) == plain(figure.value.quantize(Decimal("0.01"))), name


def test_known_figures_of_the_main_currency(database: Database, report: CaseReport) -> None:
    """By hand: C001 is shared, P1 has 33.3333 % of it; C003 is bankrupt; C002 has a credit note and cash on account."""
    shared = [Decimal(amount) for amount in ("100.10", "100.10", "250.55")]
    part = sum((each - (each * Decimal("0.333333")).quantize(Decimal("0.01")) for each in shared), ZERO)
    total = part + Decimal("200.20") - Decimal("30.10") - Decimal("12.34") + Decimal("200.20") + Decimal("999.99")
    found = explained(database, report, "receivables.total")
    assert found.figure.value == found.items_total == plain(total)
    assert {item.kind for item in found.items} == {"invoice", "credit_note", "unapplied_cash"}
    assert found.source is not None
    assert explained(database, report, "receivables.singly").figure.value == Decimal("1200.19")
    assert explained(database, report, "receivables.singly_loss").figure.value == Decimal("900.1425")
    assert explained(database, report, "receivables.others.USD.total").figure.value == Decimal("26.89")
    in_yuan = explained(database, report, "receivables.reporting.total")
    assert [(part.what, part.rate) for part in in_yuan.figure.parts] == [("CNY", 1), ("USD", Decimal("7.1"))]
    assert in_yuan.figure.value == plain((total + Decimal("26.89") * Decimal("7.1")).quantize(Decimal("0.01")))


def test_rates_of_the_policy_stand_beside_even_where_there_is_no_past(report: CaseReport) -> None:
    money = money_of(report)
    assert [table.currency for table in money.observed_rates] == ["CNY", "USD"]
    for table in money.observed_rates:
        rates = {row.bucket: row for row in table.rates if not row.segment}
        assert set(rates) == set(money.buckets)
        assert all((row.items, row.observed) == (0, None) and row.used == row.policy for row in rates.values())
    page = render_html(report, "en")
    assert "0.30%" in page
    assert "10.60%" in page


@pytest.mark.parametrize("name", ["receivables.overdu", "overdue", "receivables.clients.C999.total", "", "receivables"])
def test_a_wrong_name_lists_those_that_exist(database: Database, report: CaseReport, name: str) -> None:
    with pytest.raises(Refused) as refused:
        explained(database, report, name)
    said = refused.value.message
    assert "receivables.overdue" in said
    assert "receivables.clients.<id>.total" in said
    assert "receivables.others.<currency>.<figure>" in said


def test_a_report_without_receivables_says_so(database: Database) -> None:
    company_with_debts(database)
    with pytest.raises(Refused, match="holds no receivables"):
        explained(database, reported(database, None), "receivables.total")


def test_the_terminal_shows_eighty_columns_and_the_sum(database: Database, report: CaseReport) -> None:
    from rich.console import Console

    found = explained(database, report, "receivables.overdue")
    console = Console(width=80, record=True, file=io.StringIO())
    for block in show_explanation(plain_json(found), words_in("en")):
        console.print(block)
    lines = console.export_text().splitlines()
    assert max(map(len, lines)) <= 80
    assert found.figure.value is not None
    assert lines[0] == f"receivables.overdue = {found.figure.value:,.2f} CNY"
    assert lines[-1].split()[-1] == f"{found.figure.value:,.2f}"
    assert any(line.startswith("Read from offboard at ") for line in lines)


def test_csv_holds_the_same_items_with_amounts_as_numbers(database: Database, report: CaseReport) -> None:
    found = explained(database, report, "receivables.total")
    written = explanation_csv(found, {"C001": "=cmd|' /C calc'!A0"})
    rows = list(csv.DictReader(io.StringIO(written.decode("utf-8-sig"))))
    assert len(rows) == len(found.items)
    assert sum(Decimal(row["counts"]) for row in rows) == found.figure.value
    assert {row["client_name"] for row in rows if row["client"] == "C001"} == {"'=cmd|' /C calc'!A0"}
    assert {row["system"] for row in rows} == {"offboard"}


def test_the_page_opens_every_sum_to_a_list_that_adds_up(database: Database, report: CaseReport) -> None:
    with database.begin() as connection:
        lists = opened(connection, report)
    figures = figures_of(money_of(report))
    assert {name: found.amount for name, found in lists.items()} == {name: figures[name].value for name in lists}
    page = render_html(report, "en", lists)
    links = {part.split('"', 1)[0] for part in page.split('href="#')[1:]}
    targets = {part.split('"', 1)[0] for part in page.split('id="')[1:]}
    assert links <= targets
    assert len([link for link in links if link.startswith("items-")]) > 15
    assert f"Behind receivables.total = {figures['receivables.total'].value:,.2f} CNY" in page
    assert f"offboard report {CASE} --explain receivables.total" in page


def test_a_long_list_names_the_command_that_has_all_of_it(
    database: Database, report: CaseReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.explaining.MOST", 2)
    with database.begin() as connection:
        lists = opened(connection, report)
    total = lists["receivables.total"]
    assert len(total.largest) == 2
    assert total.items > 2
    assert total.largest[0][1] == Decimal("999.99"), "the largest first"
    page = render_html(report, "en", lists)
    assert f"{total.items - 2} more items are left out here" in page
    assert f"--version {report.version} --explain receivables.total" in page
