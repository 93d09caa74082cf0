"""Bad files change nothing, and each bad row is named: rows of docs/bad-input.md."""

from pathlib import Path

import pytest

from store.database import Database
from tests.integration.bad_input.command import Offboard, Said, refused, rows

CLIENTS_CSV = "client_id,name,owner_id\nC1,Acme,E1\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of files for an import."""
    made = tmp_path / "company"
    made.mkdir()
    return made


def load(offboard: Offboard, folder: Path, *more: str, **files: str | bytes) -> Said:
    for name, content in files.items():
        (folder / f"{name}.csv").write_bytes(content.encode() if isinstance(content, str) else content)
    return offboard("import", str(folder), *more)


# ---- the import ----


def test_malformed_csv(offboard: Offboard, company: Database, folder: Path) -> None:
    before = rows(company)
    bad = CLIENTS_CSV + "C2,Bolt\nC3,Crane,E1\n"
    refused(load(offboard, folder, clients=bad), "clients.csv", "3", "Nothing was written")
    assert rows(company) == before


def test_invoice_without_client(offboard: Offboard, company: Database, folder: Path) -> None:
    before = rows(company)
    head = "invoice_id,client_id,issued_on,due_on,amount,currency\n"
    said = load(offboard, folder, invoices=head + "I1,C404,2026-01-01,2026-01-31,10,EUR\n")
    refused(said, "invoices.csv", "client_id", "C404")
    assert rows(company) == before


def test_impossible_values(offboard: Offboard, company: Database, folder: Path) -> None:
    before = rows(company)
    head = "invoice_id,client_id,issued_on,due_on,amount,currency\n"
    bad = (
        "I1,C001,2026-02-30,2026-03-31,10,EUR",  # no such day
        "I2,C001,2026-03-01,2026-02-01,10,EUR",  # due before it was issued
        "I3,C001,2026-03-01,2026-03-31,ten,EURO",  # no amount, no currency
    )
    said = load(offboard, folder, invoices=head + "\n".join(bad))
    refused(said, "issued_on", "2026-02-30", "due_on", "ten", "EURO")
    assert rows(company) == before


def test_money_that_does_not_fit(offboard: Offboard, company: Database, folder: Path) -> None:
    before = rows(company)
    head = "invoice_id,client_id,issued_on,due_on,amount,currency,credits_id\n"
    invoices = "I1,C001,2026-03-01,2026-03-31,10,EUR,\nI2,C002,2026-03-02,2026-03-02,-5,EUR,I1\n"
    said = load(
        offboard,
        folder,
        invoices=head + invoices,
        instalments="instalment_id,invoice_id,due_on,amount\nQ1,I1,2026-03-31,9.99\n",
    )
    refused(said, "instalments.csv", "9.99", "credits_id", "another client")
    said = load(offboard, folder, payments="payment_id,invoice_id,paid_on,amount,currency\nY1,,2026-03-31,10,EUR\n")
    refused(said, "payments.csv", "invoice_id", "client_id")
    assert rows(company) == before


def test_id_given_twice(offboard: Offboard, company: Database, folder: Path) -> None:
    before = rows(company)
    refused(load(offboard, folder, clients=CLIENTS_CSV + "C1,Another,E1\n"), "clients.csv", "client_id", "C1")
    assert rows(company) == before


def test_unknown_column(offboard: Offboard, company: Database, folder: Path) -> None:
    before = rows(company)
    refused(load(offboard, folder, clients="client_id,name,ovner_id\nC1,Acme,E1\n"), "ovner_id", "owner_id")
    assert rows(company) == before


def test_broken_bytes(offboard: Offboard, company: Database, folder: Path) -> None:
    before = rows(company)
    refused(load(offboard, folder, clients=CLIENTS_CSV.encode() + "C2,上海".encode()[:-1] + b",E1\n"), "clients.csv")
    assert rows(company) == before


def test_bad_mapping_key(offboard: Offboard, company: Database, folder: Path) -> None:
    before = rows(company)
    mapping = folder.parent / "mapping.toml"
    mapping.write_text(
        '[[source]]\nfile = "clients.csv"\ntable = "clients"\ndelimeter = ";"\n[source.columns]\nname = "N"\n'
    )
    refused(load(offboard, folder, "--mapping", str(mapping), clients=CLIENTS_CSV), "delimeter", "delimiter")
    assert rows(company) == before
