"""Files of other systems, brought in by a mapping and no code."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import text

from models.people import Role
from store import people
from store.database import Database
from systems.intake.load import import_folder
from systems.intake.report import FilesRefused, ImportReport, TableCounts

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"

MAPPING = """
[[source]]
file = "team.csv"
table = "employees"
distinct = true
skip_if_empty = ["Leitung"]
columns = { name = "Leitung", region = "Gebiet" }
constants = { role = "sales_manager" }

[[source]]
file = "team.csv"
table = "employees"
distinct = true
constants = { role = "salesperson", language = "en" }
[source.columns]
name = "Name"
region = "Gebiet"
manager_id = { column = "Leitung", by = "name" }

[[source]]
file = "kunden.csv"
table = "clients"
delimiter = ";"
decimal = ","
grouping = "."
constants = { currency = "EUR" }
[source.columns]
name = "Firma"
owner_id = { column = "Betreuer", by = "name" }
annual_value = "Umsatz"
renewal_on = { column = "Vertragsende", date_format = ["%d.%m.%Y", "%d.%m.%y"] }
status = { column = "Status", values = { aktiv = "active", weg = "closed" }, default = "active" }
region = { same_as = "owner_id.region" }

[[source]]
file = "belege.csv"
table = "invoices"
delimiter = ";"
decimal = ","
date_format = "%d.%m.%Y"
constants = { currency = "EUR" }
[source.columns]
invoice_id = { made_from = ["Jahr", "Nummer"] }
client_id = { column = "Firma", by = "name" }
issued_on = "Datum"
due_on = "Faellig"
amount = "Betrag"

[roles]
hrbp = ["Greta"]
finance_reviewer = ["Greta", "Hans"]
"""
TEAM = "Name,Leitung,Gebiet\nHans,Greta,Nord\nIda,Greta,Nord\nGreta,,Nord\n"
CLIENTS = "Firma;Betreuer;Umsatz;Vertragsende;Status\nAcme;Hans;1.234.567,50;31.12.2027;aktiv\nBolt;Ida;;01.02.27;\n"
INVOICES = (
    "Jahr;Nummer;Firma;Datum;Faellig;Betrag\n"
    "2026;1;Acme;01.03.2026;31.03.2026;99,9\n"
    "2026;2;Bolt;01.03.2026;31.03.2026;5\n"
)

Import = Callable[..., ImportReport]


@pytest.fixture
def bring(database: Database, tmp_path: Path) -> Import:
    """Write the three files and the mapping, and import them."""

    def files(
        team: str = TEAM, clients: str = CLIENTS, invoices: str = INVOICES, mapping: str = MAPPING
    ) -> ImportReport:
        for name, content in {"team.csv": team, "kunden.csv": clients, "belege.csv": invoices}.items():
            (tmp_path / name).write_text(content, encoding="utf-8")
        (tmp_path / "mapping.toml").write_text(mapping, encoding="utf-8")
        return import_folder(database, tmp_path, tmp_path / "mapping.toml")

    return files


def complaints(bring: Import, **files: str) -> list[str]:
    with pytest.raises(FilesRefused) as refused:
        bring(**files)
    return [str(fault) for fault in refused.value.report.faults]


def test_names_amounts_dates_and_words_of_another_company(database: Database, bring: Import) -> None:
    report = bring()
    assert report.tables["employees"] == TableCounts(read=3, new=3)
    with database.begin() as connection:
        greta, hans = people.find(connection, "Greta"), people.find(connection, "Hans")
        clients = connection.execute(
            text(
                "SELECT id, name, owner_id, region, annual_value, currency, renewal_on, status FROM clients ORDER BY id"
            )
        ).all()
        amounts = connection.execute(text("SELECT client_id, amount FROM invoices ORDER BY amount")).all()
    assert (greta.id, greta.role, greta.manager_id) == ("E0001", Role.SALES_MANAGER, None)
    assert set(greta.extra_roles) == {Role.HRBP, Role.FINANCE_REVIEWER}
    assert (hans.id, hans.role, hans.manager_id, hans.extra_roles) == (
        "E0002", Role.SALESPERSON, "E0001", (Role.FINANCE_REVIEWER,),
    )  # fmt: skip
    assert clients == [
        ("C0001", "Acme", "E0002", "Nord", Decimal("1234567.5"), "EUR", date(2027, 12, 31), "active"),
        ("C0002", "Bolt", "E0003", "Nord", None, "EUR", date(2027, 2, 1), "active"),
    ]
    assert amounts == [("C0002", Decimal(5)), ("C0001", Decimal("99.9"))]


def test_ids_stay_when_rows_move_and_newcomers_get_the_next_number(database: Database, bring: Import) -> None:
    bring()
    report = bring(team="Name,Leitung,Gebiet\nZoe,Greta,Nord\nIda,Greta,Nord\nHans,Greta,Nord\n")
    assert report.tables["employees"] == TableCounts(read=4, new=1, unchanged=3)
    assert report.tables["invoices"] == TableCounts(read=2, unchanged=2)
    with database.begin() as connection:
        ids = {row.name: row.id for row in connection.execute(text("SELECT name, id FROM employees"))}
    assert ids == {"Greta": "E0001", "Hans": "E0002", "Ida": "E0003", "Zoe": "E0004"}


def test_somebody_who_is_manager_and_agent_is_one_person(database: Database, bring: Import) -> None:
    report = bring()
    assert report.tables["employees"].new == 3
    with database.begin() as connection:
        assert people.find(connection, "Greta").role is Role.SALES_MANAGER


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"team": TEAM + "Otto,Greta,Süd\n"}, "team.csv:5: says something else than line 2 about"),
        ({"clients": CLIENTS.replace("Hans", "Hanna")}, "kunden.csv:2:Betreuer: is not in employees"),
        ({"clients": CLIENTS.replace("1.234.567,50", "1.23,50")}, "kunden.csv:2:Umsatz: is not an amount with groups"),
        ({"clients": CLIENTS.replace("aktiv", "ruht")}, "kunden.csv:2:Status: is not one of active, closed"),
        ({"clients": CLIENTS.replace("Bolt;", "Acme;")}, "kunden.csv:3:Firma: was given before in this"),
        ({"clients": CLIENTS.replace("Umsatz", "Umsätze")}, "kunden.csv:1:Umsatz: is not in the first line"),
        ({"invoices": INVOICES.replace("2026;2", "2026;1")}, "belege.csv:3:Jahr: was given before in this import"),
        ({"invoices": INVOICES.replace("31.03.2026;5", "28.02.2026;5")}, "belege.csv:3:Faellig: is before Datum"),
        ({"mapping": MAPPING.replace('"Hans"]', '"Hanna"]')}, "mapping.toml:roles.finance_reviewer: is nobody in"),
        ({"mapping": MAPPING.replace("belege.csv", "beleg.csv")}, "beleg.csv: is not in the folder; did you mean"),
    ],
)  # fmt: skip
def test_faults_are_named_in_the_words_of_the_source(bring: Import, files: dict[str, str], expected: str) -> None:
    assert any(said.startswith(expected) for said in complaints(bring, **files))


def test_a_name_of_two_people_is_refused_until_the_id_is_used(database: Database, bring: Import) -> None:
    with database.begin() as connection:
        connection.execute(text("INSERT INTO employees (id, source_key, name) VALUES ('X1', 'X1', 'Hans')"))
    said = complaints(bring)
    assert "kunden.csv:2:Betreuer: is the name of several; the id is needed (found 'Hans')" in said


def test_an_id_made_for_a_name_is_not_taken_by_somebody_else(database: Database, bring: Import, tmp_path: Path) -> None:
    bring()
    other = tmp_path / "other"
    other.mkdir()
    (other / "employees.csv").write_text("employee_id,name\nE0001,Somebody else\n")
    with pytest.raises(FilesRefused, match="is the id of another record"):
        import_folder(database, other)


def test_one_file_feeds_clients_invoices_and_payments(database: Database, public_data: Path) -> None:
    folder = public_data / "ibm_late_payment"
    file = folder / "WA_Fn-UseC_-Accounts-Receivable.csv"
    if not file.is_file():
        pytest.skip(f"the public ledger is not at {file}")
    report = import_folder(database, folder, EXAMPLES / "ledger_export.toml")
    ledger = pd.read_csv(file, dtype=str)
    assert {name: counts.new for name, counts in report.tables.items()} == {
        "clients": ledger.customerID.nunique(),
        "invoices": len(ledger),
        "payments": int(ledger.SettledDate.notna().sum()),
    }
    with database.begin() as connection:
        late, total = connection.execute(
            text(
                "SELECT count(*) FILTER (WHERE p.paid_on > i.due_on), sum(p.amount) "
                "FROM invoices i JOIN payments p ON p.invoice_id = i.id"
            )
        ).one()
    assert late == int((ledger.DaysLate.astype(int) > 0).sum())
    assert total == sum(ledger.InvoiceAmount.map(Decimal), Decimal(0))
