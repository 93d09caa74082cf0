"""The audit of everybody: one moment, and for each person the same figures as the audit of that person alone."""

import pytest
from sqlalchemy import func, select

from activities.receivable_facts import books_of, books_of_all
from activities.receivables import audit_owner
from models.amounts import plain
from models.receivables import ReceivableAudit
from services.audits import audit_everybody
from store.database import Database
from store.policies import load_policy
from store.tables import invoices
from systems.receivables.postgres import PostgresReceivables
from tests.company import AS_OF
from tests.integration.money.ledger_case import company_with_debts

POLICY = load_policy("ifrs")
# What a look at the past and at one person adds.
ALONE = {"forecast": None, "commission": None, "observed_rates": ()}


@pytest.fixture
def company(database: Database) -> Database:
    company = company_with_debts(database)
    with database.begin() as connection:
        company.client(connection, owner_id="P1")
    return database


def everybody(database: Database) -> dict[str, ReceivableAudit]:
    with database.begin() as connection:
        books = books_of_all(connection, POLICY, AS_OF)
    return {each.employee: each.audit for each in audit_everybody(PostgresReceivables(database), books, POLICY, AS_OF)}


def of_one(database: Database, person: str) -> ReceivableAudit:
    with database.begin() as connection:
        books = books_of(connection, person, POLICY, AS_OF)
    return audit_owner(PostgresReceivables(database), books, POLICY, AS_OF)


def without_past(found: ReceivableAudit) -> dict[str, object]:
    """The figures that both audits have."""
    bare = found.model_copy(update={**ALONE, "source": None}).model_dump()
    for audit in (bare["main"], *bare["others"]):
        audit.pop("figures")
    return bare


def test_the_same_as_the_audit_of_each(company: Database) -> None:
    found = everybody(company)
    assert sorted(found) == ["E1", "P1"]
    for person, audit in found.items():
        assert without_past(audit) == without_past(of_one(company, person)), person


def test_the_parts_of_a_shared_client_add_up_to_the_whole(company: Database) -> None:
    found = everybody(company)
    parts = [
        line.total
        for audit in found.values()
        for each in audit.currencies
        if each.currency == "CNY"
        for line in each.clients
        if line.client == "C001"
    ]
    assert len(parts) == 2
    with company.begin() as connection:
        mine = (invoices.c.client_id == "C001") & (invoices.c.currency == "CNY") & ~invoices.c.id.endswith("paid")
        total = connection.execute(select(func.sum(invoices.c.amount)).where(mine)).scalar_one()
    assert sum(parts) == plain(total)


def test_everybody_is_read_at_one_moment(company: Database) -> None:
    sources = {audit.source.model_dump_json() for audit in everybody(company).values() if audit.source}
    assert len(sources) == 1
