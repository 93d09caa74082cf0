"""The real company of the public data: the same figures through every adapter, and as its files say."""

import csv
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from models.open_items import ExposureLine
from store.database import Database
from store.policies import load_policy
from systems.receivables.csv_folder import CsvFolder
from systems.receivables.port import ReceivableSource
from systems.receivables.postgres import PostgresReceivables, foreign_ledger
from tests.integration.receivables_port.business import Business
from tests.integration.receivables_port.deliveries import BALANCES, ITEMS, deliver, table
from tests.integration.receivables_port.example_erp import ExampleSystem
from tests.integration.receivables_port.suite import whole
from tests.integration.receivables_port.tables import fill

AS_OF = date(2017, 6, 30)
Row = dict[str, str]
Way = Callable[[Database, Business, Path, Path], AbstractContextManager[ReceivableSource]]


def rows_of(file: Path) -> list[Row]:
    """The rows of a raw file."""
    with file.open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


@pytest.fixture(scope="module")
def company(public_data: Path) -> Path:
    """Its raw files."""
    return public_data / "real_company"


@pytest.fixture(scope="module")
def business(company: Path) -> Business:
    """What its files say."""
    made = Business().client(*(row["account"] for row in rows_of(company / "accounts.csv")))
    for row in rows_of(company / "invoices.csv"):
        on, due = date.fromisoformat(row["invoice_date"]), date.fromisoformat(row["due_date"])
        made.invoice(row["invoice_number"], row["account"], row["amount"], on, due)
        if row["disputed"] == "Yes":
            made.disputed(row["invoice_number"], on)
    for row in rows_of(company / "payments.csv"):
        made.paid(row["invoice_number"], row["amount"], date.fromisoformat(row["paid_on"]))
    return made


@contextmanager
def our_tables(database: Database, business: Business, company: Path, folder: Path) -> Iterator[ReceivableSource]:
    """Our own database."""
    with database.begin() as connection:
        fill(connection, business, "our-")
    yield PostgresReceivables(database)


@contextmanager
def foreign_tables(database: Database, business: Business, company: Path, folder: Path) -> Iterator[ReceivableSource]:
    """Another company's database."""
    with database.begin() as connection:
        fill(connection, business, "their-")
    foreign = foreign_ledger(database.url)
    yield PostgresReceivables(foreign, "receivables")
    foreign.close()


@contextmanager
def drop_folder(database: Database, business: Business, company: Path, folder: Path) -> Iterator[ReceivableSource]:
    """A delivery that plain Python makes of the raw files: on each day what was invoiced and not paid."""
    for day in DAYS:
        paid: dict[str, Decimal] = defaultdict(Decimal)
        for row in rows_of(company / "payments.csv"):
            paid[row["invoice_number"]] += Decimal(row["amount"]) if row["paid_on"] <= day.isoformat() else 0
        items, owed = [], defaultdict[str, Decimal](Decimal)
        for row in rows_of(company / "invoices.csv"):
            left = Decimal(row["amount"]) - paid[row["invoice_number"]]
            if row["invoice_date"] <= day.isoformat() and left:
                items.append([
                    row["account"], row["invoice_number"], "", "invoice", row["invoice_date"], row["due_date"],
                    row["amount"], left, left if row["disputed"] == "Yes" else "", "USD",
                ])  # fmt: skip
                owed[row["account"]] += left
        balances = [[account, "USD", balance] for account, balance in owed.items()]
        deliver(folder, day, {"open_items.csv": table(ITEMS, items), "balances.csv": table(BALANCES, balances)})
    yield CsvFolder(folder, days=0)


@contextmanager
def over_http(database: Database, business: Business, company: Path, folder: Path) -> Iterator[ReceivableSource]:
    """The imaginary ERP of the guide."""
    system = ExampleSystem()
    yield system.filled(business, AS_OF)
    system.close()


DAYS = (AS_OF, AS_OF - timedelta(days=31), date(2016, 12, 31))
WAYS = (our_tables, foreign_tables, drop_folder, over_http)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_the_figures_are_those_of_its_files(
    way: Way, database: Database, business: Business, company: Path, tmp_path: Path
) -> None:
    ageing = load_policy("ifrs").ageing
    agents = {row["account"]: row["sales_agent"] for row in rows_of(company / "accounts.csv")}
    darcel = whole(*(account for account, agent in agents.items() if agent == "Darcel Schlecht"))
    with way(database, business, company, tmp_path) as source:
        with source.snapshot(darcel, AS_OF) as snapshot:
            lines, items = snapshot.lines(ageing), list(snapshot.items())
        assert sum(line.outstanding for line in lines) == Decimal("1708.77")
        assert sum(line.overdue for line in lines) == Decimal("185.52")
        assert (len(items), sum(item.disputed > 0 for item in items)) == (28, 12)
        for day in DAYS:
            with source.snapshot(whole(*agents), day) as snapshot:
                assert by_account(snapshot.lines(ageing)) == owed_by_account(company, day)
                assert {
                    key.client: balance for key, balance in snapshot.ledger().items() if balance
                } == owed_by_account(company, day)


def by_account(lines: Iterable[ExposureLine]) -> dict[str, Decimal]:
    """The same out of what an adapter says."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        found[line.client] += line.whole
    return dict(found)


def owed_by_account(company: Path, day: date) -> dict[str, Decimal]:
    """What each account owes, straight from the files."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    accounts = {}
    for row in rows_of(company / "invoices.csv"):
        accounts[row["invoice_number"]] = f"our-{row['account']}"
        if row["invoice_date"] <= day.isoformat():
            found[f"our-{row['account']}"] += Decimal(row["amount"])
    for row in rows_of(company / "payments.csv"):
        if row["paid_on"] <= day.isoformat():
            found[accounts[row["invoice_number"]]] -= Decimal(row["amount"])
    return {account: balance for account, balance in found.items() if balance}
