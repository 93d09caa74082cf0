"""Imports around a handover: what a case has set stays until the source has news; a stale file brings nobody back."""

import csv
from pathlib import Path

import pytest

from store.database import Database
from systems.intake.load import import_folder
from systems.intake.report import ImportReport, TableCounts
from tests.company import Company
from tests.handover_desk import Desk, assert_no_gap, rows, run

FILES = {
    "employees": ("employee_id", "name", "manager_id", "role", "region", "country", "status", "hired_on", "left_on"),
    "clients": ("client_id", "name", "owner_id", "region", "segment", "annual_value", "currency"),
    "opportunities": ("opportunity_id", "client_id", "owner_id", "status", "stage", "amount", "currency"),
}
OWN_ID = {"employees": "employee_id", "clients": "client_id", "opportunities": "opportunity_id"}


@pytest.fixture
def company(database: Database) -> Company:
    built = Company.build(database, clients=4, peers=3)
    run(database, "UPDATE employees SET hired_on = '2020-01-01'")
    return built


@pytest.fixture
def source(company: Company, tmp_path: Path) -> Path:
    """The files of the company as they were before the handover."""
    for table, columns in FILES.items():
        picked = ", ".join("id" if column == OWN_ID[table] else column for column in columns)
        with (tmp_path / f"{table}.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(columns)
            writer.writerows(row.values() for row in rows(company.database, f"SELECT {picked} FROM {table}"))  # noqa: S608
    return tmp_path


def handed_over_and_closed(company: Company, leaver: str = "E1") -> Desk:
    """The whole handover, and the end of the case as its closing writes it."""
    desk = Desk(company, leaver)
    desk.transfer(desk.propose().digest)
    run(company.database, "UPDATE cases SET phase = 'closed', ended_at = now() WHERE id = :id", id=desk.case)
    run(company.database, "UPDATE employees SET status = 'left', left_on = '2026-12-31' WHERE id = :id", id=leaver)
    return desk


def edit(source: Path, table: str, key: str, **cells: str) -> None:
    """Change cells of one row of a file."""
    path = source / f"{table}.csv"
    with path.open(newline="") as file:
        lines = list(csv.DictReader(file))
    for line in lines:
        if line[OWN_ID[table]] == key:
            line.update(cells)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, FILES[table])
        writer.writeheader()
        writer.writerows(lines)


def changed(report: ImportReport) -> dict[str, int]:
    """How many rows of each table are new or changed, where there are any."""
    counts: dict[str, TableCounts] = report.tables
    return {table: one.new + one.changed for table, one in counts.items() if one.new + one.changed}


def owner(company: Company, table: str, key: str) -> str:
    """Who owns a client or a deal."""
    return str(rows(company.database, f"SELECT owner_id FROM {table} WHERE id = :id", id=key)[0]["owner_id"])  # noqa: S608


def test_the_same_files_after_a_handover_change_nothing(company: Company, source: Path) -> None:
    assert changed(import_folder(company.database, source)) == {}
    desk = handed_over_and_closed(company)
    assert owner(company, "clients", "C001") != "E1"

    assert changed(import_folder(company.database, source)) == {}

    assert desk.obstacles() == {}
    assert_no_gap(company.database)
    left = rows(company.database, "SELECT status, left_on FROM employees WHERE id = 'E1'")[0]
    assert (left["status"], str(left["left_on"])) == ("left", "2026-12-31")


def test_a_third_owner_is_news_and_from_then_on_the_source_counts(company: Company, source: Path) -> None:
    handed_over_and_closed(company)
    edit(source, "clients", "C001", owner_id="D1")
    edit(source, "opportunities", "O1", owner_id="D1")

    assert changed(import_folder(company.database, source)) == {"clients": 1, "opportunities": 1}

    assert (owner(company, "clients", "C001"), owner(company, "opportunities", "O1")) == ("D1", "D1")
    edit(source, "clients", "C001", owner_id="M1")
    assert changed(import_folder(company.database, source)) == {"clients": 1}
    assert owner(company, "clients", "C001") == "M1"


def test_other_news_of_a_row_come_in_beside_the_owner_that_stays(company: Company, source: Path) -> None:
    handed_over_and_closed(company)
    successor = owner(company, "clients", "C001")
    edit(source, "clients", "C001", name="Client One")
    assert changed(import_folder(company.database, source)) == {"clients": 1}
    row = rows(company.database, "SELECT name, owner_id FROM clients WHERE id = 'C001'")[0]
    assert (row["name"], row["owner_id"]) == ("Client One", successor)


def test_a_source_that_missed_two_handovers_still_brings_nothing_back(company: Company, source: Path) -> None:
    handed_over_and_closed(company)
    first = owner(company, "clients", "C001")
    handed_over_and_closed(company, first)
    assert owner(company, "clients", "C001") not in ("E1", first)
    assert changed(import_folder(company.database, source)) == {}


def test_after_a_withdrawal_the_source_counts_as_before(company: Company, source: Path) -> None:
    desk = Desk(company)
    desk.transfer(desk.propose().digest)
    successor = owner(company, "clients", "C001")
    desk.undo()
    edit(source, "clients", "C001", owner_id=successor)
    import_folder(company.database, source)
    edit(source, "clients", "C001", owner_id="E1")
    import_folder(company.database, source)
    assert owner(company, "clients", "C001") == "E1"


def test_somebody_hired_again_is_active_again(company: Company, source: Path) -> None:
    handed_over_and_closed(company)
    edit(source, "employees", "E1", hired_on="2027-03-01")
    assert changed(import_folder(company.database, source)) == {"employees": 1}
    person = rows(company.database, "SELECT status, left_on FROM employees WHERE id = 'E1'")[0]
    assert (person["status"], person["left_on"]) == ("active", None)
