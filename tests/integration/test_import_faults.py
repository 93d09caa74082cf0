"""Random defects in random rows: exactly those rows are named, and nothing is written."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store.database import Database
from systems.intake.load import import_folder
from systems.intake.report import FilesRefused, TableCounts

PEOPLE, CLIENTS, INVOICES = 6, 10, 30
HEADERS = {
    "employees": ["employee_id", "name", "manager_id", "role"],
    "clients": ["client_id", "name", "owner_id", "tier"],
    "invoices": ["invoice_id", "client_id", "issued_on", "due_on", "amount", "currency"],
    "payments": ["payment_id", "invoice_id", "paid_on", "amount", "currency"],
}

Rows = dict[str, list[list[str]]]
Spoil = Callable[[list[str]], list[str]]


def company() -> Rows:
    return {
        "employees": [[f"E{n}", f"Person {n}", "E0" if n else "", "salesperson"] for n in range(PEOPLE)],
        "clients": [[f"C{n}", f"Client, {n}", f"E{n % PEOPLE}", "1"] for n in range(CLIENTS)],
        "invoices": [
            [f"I{n}", f"C{n % CLIENTS}", "2026-01-01", "2026-02-01", f"{n}.50", "CNY"] for n in range(INVOICES)
        ],
        "payments": [[f"P{n}", f"I{n}", "2026-01-15", "1", "CNY"] for n in range(INVOICES)],
    }


def put(column: int, value: str) -> Spoil:
    return lambda row: [*row[:column], value, *row[column + 1 :]]


DEFECTS: dict[str, list[Spoil]] = {
    "employees": [put(1, ""), put(2, "E99"), put(3, "boss"), lambda row: put(2, row[0])(row), lambda row: [*row, "x"]],
    "clients": [put(1, "  "), put(2, "E99"), put(3, "0"), put(3, "two"), put(1, "a\0b"), lambda row: row[:-1]],
    "invoices": [
        put(1, "C99"), put(2, "2026-02-30"), put(2, "01/02/2026"), put(3, "2025-12-31"), put(4, "1,5"),
        put(4, "1.23456"), put(4, ""), put(5, "cny"), put(1, "\udcff"), lambda row: row[:3],
    ],
    "payments": [put(1, "I99"), put(2, "soon"), put(3, "ten"), put(4, "USD"), put(0, "P0"), lambda row: [*row, ""]],
}  # fmt: skip

DEFECT = st.sampled_from(sorted(DEFECTS)).flatmap(
    lambda table: st.tuples(
        st.just(table),
        st.integers(1, len(company()[table]) - 1),  # the first row stays sound: it is what a repeated id repeats
        st.integers(0, len(DEFECTS[table]) - 1),
    )
)


def hidden(table: str, row: int, kind: int, defects: list[tuple[str, int, int]]) -> bool:
    """A payment in another currency than its invoice does not show where the invoice has lost its currency."""
    without_currency = (("invoices", row, 7), ("invoices", row, 9))
    return (table, kind) == ("payments", 3) and any(lost in defects for lost in without_currency)


def write(folder: Path, rows: Rows) -> None:
    for table, lines in rows.items():
        text = "\r\n".join(",".join(f'"{cell}"' for cell in line) for line in [HEADERS[table], *lines])
        (folder / f"{table}.csv").write_text(text, encoding="utf-8", errors="surrogateescape", newline="")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(defects=st.lists(DEFECT, max_size=8, unique_by=lambda defect: defect[:2]))
def test_exactly_the_spoilt_rows_are_named(
    database: Database, folder: Path, defects: list[tuple[str, int, int]]
) -> None:
    rows = company()
    for table, row, kind in defects:
        rows[table][row] = DEFECTS[table][kind](rows[table][row])
    write(folder, rows)
    if not defects:
        report = import_folder(database, folder, dry_run=True)
        assert report.tables["invoices"] == TableCounts(read=INVOICES, new=INVOICES)
        return
    with pytest.raises(FilesRefused) as refused:
        import_folder(database, folder)
    report = refused.value.report
    shown = {(f"{table}.csv", row + 2) for table, row, kind in defects if not hidden(table, row, kind, defects)}
    assert {(fault.file, fault.line) for fault in report.faults} == shown
    assert report.total_faults == len(report.faults) == len(shown)
    with database.begin() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM employees").scalar_one() == 0
