"""Money in a folder of our template: what belongs together must fit, in the files and beside what we hold already."""

from pathlib import Path

import pytest
from sqlalchemy import text

from store.database import Database
from systems.intake.load import import_folder
from systems.intake.report import FilesRefused

Rows = dict[str, list[str]]
INVOICE = "invoice_id,client_id,issued_on,due_on,amount,currency,disputed,disputed_on,disputed_amount,credits_id"
PAYMENT = "payment_id,invoice_id,client_id,paid_on,amount,currency,kind"
COMPANY: Rows = {
    "employees": ["employee_id,name,role", "S1,Ada,salesperson", "S2,Bob,salesperson"],
    "clients": ["client_id,name,owner_id", "K1,Acme,S1", "K2,Bolt,S1"],
    "invoices": [
        INVOICE,
        "I1,K1,2026-03-01,2026-06-01,100,CNY,yes,2026-04-01,40,",
        "I2,K2,2026-03-01,2026-04-01,50,USD,,,,",
        "N1,K1,2026-04-01,2026-04-01,-30,CNY,,,,I1",
    ],
    "instalments": ["instalment_id,invoice_id,due_on,amount", "Q1,I1,2026-04-01,60", "Q2,I1,2026-06-01,40"],
    "payments": [
        PAYMENT,
        "Y1,I1,,2026-03-15,10,CNY,",
        "Y2,,K1,2026-03-15,20,CNY,",
        "Y3,I2,K2,2026-05-15,5,USD,write_off",
    ],
    "client_shares": ["share_id,client_id,employee_id,percent", "H1,K1,S2,60"],
    "exchange_rates": ["rate_id,currency,quoted_in,on_day,rate", "U1,USD,CNY,2026-03-01,7.1"],
    "debtor_assessments": ["assessment_id,client_id,standing,loss_rate,assessed_on", "B1,K2,bankrupt,0.8,2026-04-01"],
    "commissions": ["commission_id,employee_id,invoice_id,earned_on,amount,currency", "M1,S1,I1,2026-03-01,5,CNY"],
    "agreements": ["agreement_id,employee_id,kind,signed_on", "D1,S1,commission_clawback,2024-01-01"],
}


def write(folder: Path, rows: Rows) -> Path:
    for path in folder.glob("*.csv"):
        path.unlink()
    for table, lines in rows.items():
        (folder / f"{table}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def refused(database: Database, folder: Path) -> list[str]:
    with pytest.raises(FilesRefused) as faults:
        import_folder(database, folder)
    return [f"{fault.file}:{fault.line} {fault.column}: {fault.reason.code}" for fault in faults.value.report.faults]


def kept(database: Database, query: str) -> list[tuple[object, ...]]:
    with database.begin() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_a_company_with_all_of_it_comes_in_and_twice_is_once(database: Database, tmp_path: Path) -> None:
    folder = write(tmp_path, COMPANY)
    first = import_folder(database, folder)
    assert {name: counts.new for name, counts in first.tables.items()} == {
        name: len(rows) - 1 for name, rows in COMPANY.items()
    }
    again = import_folder(database, folder)
    assert all(counts.unchanged == counts.read for counts in again.tables.values())
    assert kept(database, "SELECT id, outstanding::int FROM open_invoices ORDER BY id") == [("I1", 60), ("I2", 45)]


FAULTS = [
    ("invoices", "I1,K1,2026-03-01,2026-06-01,100,CNY,yes,,100.01,", 2, "disputed_amount",
     "is more than the amount of the invoice"),
    ("invoices", "I1,K1,2026-03-01,2026-06-01,100,CNY,yes,,0,", 2, "disputed_amount", "is not more than 0"),
    ("invoices", "N1,K1,2026-04-01,2026-04-01,30,CNY,,,,I1", 4, "credits_id",
     "is given although this is no credit note: its amount is not negative"),
    ("invoices", "N1,K1,2026-04-01,2026-04-01,-30,CNY,,,,N1", 4, "credits_id", "is the credit note itself"),
    ("invoices", "N1,K2,2026-04-01,2026-04-01,-30,CNY,,,,I1", 4, "credits_id", "is an invoice of another client"),
    ("invoices", "N1,K1,2026-04-01,2026-04-01,-30,USD,,,,I1", 4, "credits_id", "is an invoice in another currency"),
    ("invoices", "N1,K1,2026-04-01,2026-04-01,-30,CNY,,,,I9", 4, "credits_id",
     "is not in {table}, neither in the files nor in our database"),
    ("instalments", "Q2,I1,2026-06-01,40.01", 2, "amount",
     "is what the instalments of an invoice add up to, and not its amount"),
    ("payments", "Y2,,,2026-03-15,20,CNY,", 3, "invoice_id", "is empty, and so is {column}"),
    ("payments", "Y3,,K2,2026-05-15,5,USD,write_off", 4, "kind", "is a write-off of no invoice"),
    ("payments", "Y3,I2,K1,2026-05-15,5,USD,write_off", 4, "client_id", "is another client than that of the invoice"),
    ("payments", "Y3,I2,K2,2026-05-15,5,USD,gift", 4, "kind", "is not one of {choices}"),
    ("client_shares", "H1,K1,S2,100.5", 2, "percent",
     "is not a number from {low} to {high} with at most {decimals} decimals"),
    ("exchange_rates", "U1,USD,CNY,2026-03-01,0", 2, "rate", "is not more than 0"),
    ("exchange_rates", "U1,USD,USD,2026-03-01,1", 2, "quoted_in", "is the same currency"),
    ("exchange_rates", "U1,USD,CNY,2026-03-01,-7", 2, "rate",
     "is not a number from {low} to {high} with at most {decimals} decimals"),
    ("debtor_assessments", "B1,K2,bankrupt,1.1,2026-04-01", 2, "loss_rate",
     "is not a number from {low} to {high} with at most {decimals} decimals"),
    ("debtor_assessments", "B1,K2,late,0.8,2026-04-01", 2, "standing", "is not one of {choices}"),
    ("agreements", "D1,S1,handshake,2024-01-01", 2, "kind", "is not one of {choices}"),
]  # fmt: skip


@pytest.mark.parametrize(("table", "row", "line", "column", "reason"), FAULTS)
def test_a_row_that_does_not_fit_is_named_and_nothing_is_written(
    database: Database, tmp_path: Path, table: str, row: str, line: int, column: str, reason: str
) -> None:
    rows = [row if old.partition(",")[0] == row.partition(",")[0] else old for old in COMPANY[table]]
    assert rows != COMPANY[table]
    folder = write(tmp_path, {**COMPANY, table: rows})
    assert refused(database, folder) == [f"{table}.csv:{line} {column}: {reason}"]
    assert kept(database, "SELECT FROM invoices") == []


LATER = [
    ({"invoices": [INVOICE, "I1,K1,2026-03-01,2026-06-01,90,CNY,,,,"]}, "invoices.csv:2 amount"),
    ({"invoices": [INVOICE, "I1,K2,2026-03-01,2026-06-01,100,CNY,,,,"]}, "invoices.csv:2 credits_id"),
    ({"invoices": [INVOICE, "I2,K1,2026-03-01,2026-04-01,50,USD,,,,"]}, "invoices.csv:2 client_id"),
    ({"instalments": [COMPANY["instalments"][0], "Q3,I1,2026-07-01,1"]}, "instalments.csv:2 amount"),
    ({"client_shares": [COMPANY["client_shares"][0], "H2,K1,S1,40.5"]}, "client_shares.csv:2 percent"),
    ({"client_shares": [COMPANY["client_shares"][0], "H2,K1,S2,1"]}, "client_shares.csv:2 employee_id"),
    ({"exchange_rates": [COMPANY["exchange_rates"][0], "U2,USD,CNY,2026-03-01,7.2"]}, "exchange_rates.csv:2 on_day"),
    ({"invoices": [INVOICE, "N2,K1,2026-05-01,2026-05-01,-5,CNY,,,,N1"]}, "invoices.csv:2 credits_id"),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "place"), LATER)
def test_what_comes_later_must_fit_what_we_hold(database: Database, tmp_path: Path, rows: Rows, place: str) -> None:
    import_folder(database, write(tmp_path, COMPANY))
    before = kept(database, "SELECT * FROM invoices ORDER BY id")
    assert [fault.rpartition(":")[0] for fault in refused(database, write(tmp_path, rows))] == [place]
    assert kept(database, "SELECT * FROM invoices ORDER BY id") == before


def test_rates_change_places_and_instalments_shrink_to_nothing(database: Database, tmp_path: Path) -> None:
    header = COMPANY["exchange_rates"][0]
    import_folder(database, write(tmp_path, {
        **COMPANY, "exchange_rates": [header, "U1,USD,CNY,2026-03-01,7.1", "U2,USD,CNY,2026-03-02,7.2"],
    }))  # fmt: skip
    import_folder(database, write(tmp_path, {
        "exchange_rates": [header, "U1,USD,CNY,2026-03-02,7.2", "U2,USD,CNY,2026-03-01,7.1"],
        "instalments": [COMPANY["instalments"][0], "Q1,I1,2026-04-01,100", "Q2,I1,2026-06-01,0"],
    }))  # fmt: skip
    assert kept(database, "SELECT id, on_day::text FROM exchange_rates ORDER BY id") == [
        ("U1", "2026-03-02"), ("U2", "2026-03-01"),
    ]  # fmt: skip


def test_what_the_past_says_is_forgotten_when_the_past_changes(database: Database, tmp_path: Path) -> None:
    folder = write(tmp_path, COMPANY)
    import_folder(database, folder)
    with database.begin() as connection:
        connection.execute(text("INSERT INTO loss_experience VALUES ('k', '2026-10-31', '[]', now())"))
    import_folder(database, folder)
    assert len(kept(database, "SELECT FROM loss_experience")) == 1
    paid = [*COMPANY["payments"], "Y4,I1,,2026-05-15,1,CNY,"]
    import_folder(database, write(tmp_path, {"payments": paid}), dry_run=True)
    assert len(kept(database, "SELECT FROM loss_experience")) == 1
    import_folder(database, write(tmp_path, {"payments": paid}))
    assert kept(database, "SELECT FROM loss_experience") == []
