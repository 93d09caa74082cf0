"""The receivable audit of a case: the pinned policy, one result, one piece of evidence, and the public data."""

import csv
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from pydantic import SecretStr
from sqlalchemy import func, select, text

from activities.receivable_facts import books_of
from activities.receivables import ReceivableActivities, audit_owner
from embedded.postgres import Postgres
from models.case import Branch, BranchRequest
from models.errors import Unavailable
from models.receivables import ReceivableAudit
from services.branches import audit_of
from settings import Settings
from store import branches, evidence
from store.database import Database
from store.policies import load_policy
from store.tables import branch_results, clients, employees, invoices, payments
from systems.receivables.postgres import PostgresReceivables
from tests.planned_case import CASE, open_case

AS_OF = date(2017, 6, 30)
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def company(database: Database) -> Database:
    """One leaver with one client who owes 100 USD, 20 days past due, in an open case."""
    with database.begin() as connection:
        connection.execute(employees.insert().values(id="E1", source_key="E1", name="Wang Fang"))
        connection.execute(clients.insert().values(id="C1", source_key="C1", name="Acme", owner_id="E1"))
        connection.execute(
            invoices.insert().values(
                id="I1",
                client_id="C1",
                issued_on=date(2017, 5, 1),
                due_on=date(2017, 6, 10),
                amount=Decimal("100"),
                currency="USD",
            )
        )
        open_case(
            connection,
            load_policy("ifrs"),
            as_of=AS_OF,
            cutoff=datetime(2017, 7, 31, 22, tzinfo=UTC),
            at=NOON,
            time_zone="America/New_York",
        )
    return database


ASKED = BranchRequest(case_id=CASE, employee_id="E1", as_of=AS_OF)


def test_an_audit_returns_totals_and_keeps_the_full_result(company: Database) -> None:
    done = ReceivableActivities(company, PostgresReceivables(company)).audit_receivables(ASKED)

    assert (done.currency, done.total, done.overdue, done.open_items) == ("USD", 100, 100, 1)
    assert done.expected_credit_loss == Decimal("1.6")
    assert done.reconciled
    with company.begin() as connection:
        kept = branches.load(connection, CASE, Branch.RECEIVABLES, done.digest, ReceivableAudit)
    assert kept.main is not None
    assert [(line.client, line.oldest_days_past_due) for line in kept.main.clients] == [("C1", 20)]


def test_what_history_gets_names_no_client(company: Database) -> None:
    done = ReceivableActivities(company, PostgresReceivables(company)).audit_receivables(ASKED)
    assert "C1" not in done.model_dump_json()
    assert "Acme" not in done.model_dump_json()


def test_a_second_run_changes_nothing_and_new_money_makes_new_evidence(company: Database) -> None:
    department = ReceivableActivities(company, PostgresReceivables(company))
    first = department.audit_receivables(ASKED)
    assert department.audit_receivables(ASKED) == first
    assert kept_and_proven(company) == (1, 1)

    with company.begin() as connection:
        connection.execute(
            payments.insert().values(id="P1", invoice_id="I1", paid_on=AS_OF, amount=Decimal("60"), currency="USD")
        )
    assert department.audit_receivables(ASKED).total == 40
    assert kept_and_proven(company) == (2, 2)
    with company.begin() as connection:
        newest = list(evidence.read(connection, CASE))[-1]
        assert evidence.verify(connection, CASE) == (2, None)
    assert newest.kind == "receivables.audited"
    assert newest.body["currencies"][0]["total"] == "40"  # type: ignore[index]


def test_a_dead_receivables_system_leaves_no_trace(company: Database) -> None:
    dead = Database("postgresql+psycopg2://nobody:secret@127.0.0.1:9/erp")
    with pytest.raises(Unavailable):
        ReceivableActivities(company, PostgresReceivables(dead)).audit_receivables(ASKED)
    dead.close()
    assert kept_and_proven(company) == (0, 0)


def audited(database: Database, owner: str) -> ReceivableAudit:
    """Without a case."""
    policy = load_policy("ifrs")
    with database.begin() as connection:
        books = books_of(connection, owner, policy, AS_OF)
    return audit_owner(PostgresReceivables(database), books, policy, AS_OF)


def kept_and_proven(database: Database) -> tuple[int, int]:
    """Number of stored results and of evidence entries."""
    with database.begin() as connection:
        stored = connection.execute(select(func.count()).select_from(branch_results)).scalar_one()
        return stored, evidence.head(connection, CASE)[0]


# ---- the public data set, loaded by hand so that the audit is judged apart from the import -------------------------


def rows_of(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as source:
        yield from csv.DictReader(source)


@pytest.fixture
def real_company(database: Database, public_data: Path) -> Database:
    folder = public_data / "real_company"
    owners = {row["account"]: row["sales_agent"] for row in rows_of(folder / "accounts.csv")}
    billed = list(rows_of(folder / "invoices.csv"))
    with database.begin() as connection:
        connection.execute(
            employees.insert(),
            [{"id": name, "source_key": name, "name": name} for name in sorted(set(owners.values()))],
        )
        connection.execute(
            clients.insert(),
            [{"id": each, "source_key": each, "name": each, "owner_id": owners[each]} for each in owners],
        )
        connection.execute(
            invoices.insert(),
            [
                {
                    "id": row["invoice_number"],
                    "client_id": row["account"],
                    "issued_on": date.fromisoformat(row["invoice_date"]),
                    "due_on": date.fromisoformat(row["due_date"]),
                    "amount": Decimal(row["amount"]),
                    "currency": row["currency"],
                    "disputed": row["disputed"] == "Yes",
                }
                for row in billed
            ],
        )
        connection.execute(
            payments.insert(),
            [
                {
                    "id": f"P-{row['invoice_number']}",
                    "invoice_id": row["invoice_number"],
                    "paid_on": date.fromisoformat(row["paid_on"]),
                    "amount": Decimal(row["amount"]),
                    "currency": "USD",
                }
                for row in rows_of(folder / "payments.csv")
            ],
        )
    return database


def test_one_salesperson_of_the_public_data_by_known_figures(real_company: Database) -> None:
    found = audited(real_company, "Darcel Schlecht").main
    assert found is not None
    assert str(found.total) == "1708.77"
    assert str(found.overdue) == "185.52"
    assert {label: str(balance) for label, balance in found.buckets.items() if balance} == {
        "current": "1523.25",
        "1-30": "185.52",
    }
    assert str(found.expected_credit_loss) == "84.10786", "7.53807, were nothing disputed"
    assert str(found.bad_debt_coefficient) == "0.049221"
    assert (found.open_items, found.disputed_items, found.reconciled) == (28, 12, True)


def test_every_salesperson_of_the_public_data_agrees_with_the_files(real_company: Database, public_data: Path) -> None:
    folder = public_data / "real_company"
    paid = {row["invoice_number"] for row in rows_of(folder / "payments.csv")}
    owners = {row["account"]: row["sales_agent"] for row in rows_of(folder / "accounts.csv")}
    unpaid: dict[str, list[dict[str, str]]] = {owner: [] for owner in owners.values()}
    for row in rows_of(folder / "invoices.csv"):
        if row["invoice_number"] not in paid:
            unpaid[owners[row["account"]]].append(row)
    for owner, rows in unpaid.items():
        found = audited(real_company, owner).main
        late = [row for row in rows if date.fromisoformat(row["due_date"]) < AS_OF]
        assert (found.open_items if found else 0) == len(rows), owner
        assert (found.total if found else 0) == sum(Decimal(row["amount"]) for row in rows), owner
        assert (found.overdue if found else 0) == sum(Decimal(row["amount"]) for row in late), owner
        assert found is None or found.reconciled, owner


def test_without_a_case_a_foreign_ledger_is_asked_as_the_case_asks_it(
    company: Database, postgres: Postgres, migrated_template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read there and not here, no longer than a foreign system may take, and every connection is given back. That one
    who knows no client of ours says that nothing is open is no answer.
    """
    name = "ledger_of_another"
    with closing(psycopg2.connect(postgres.url("postgres").replace("+psycopg2", ""))) as server:
        server.autocommit = True
        server.cursor().execute(f'CREATE DATABASE "{name}" TEMPLATE "{migrated_template}"')
    opened: list[Database] = []
    limits: list[str] = []

    class Watched(Database):
        def __init__(self, url: str, **more: Any) -> None:
            super().__init__(url, **more)
            opened.append(self)
            with self.begin() as connection:
                limits.append(connection.execute(text("SHOW statement_timeout")).scalar_one())

    monkeypatch.setattr("systems.receivables.postgres.Database", Watched)
    settings = Settings(receivables_url=SecretStr(postgres.url(name)))
    with pytest.raises(Unavailable, match="knows none of the clients"):
        audit_of(company, settings, "E1", AS_OF, "ifrs")
    with closing(psycopg2.connect(postgres.url(name).replace("+psycopg2", ""))) as there, there.cursor() as cursor:
        cursor.execute("INSERT INTO clients (id, source_key, name) VALUES ('1', 'C1', 'Acme')")
        there.commit()
    assert audit_of(company, settings, "E1", AS_OF, "ifrs").main is None, "nobody owes anything there"
    assert limits == ["30s", "30s"]
    for ledger in opened:
        assert ledger.engine.pool.checkedin() == 0, "its connections are closed, not kept"
    here = audit_of(company, Settings(), "E1", AS_OF, "ifrs").main
    assert here is not None
    assert here.total == Decimal(100)
