"""Open items out of PostgreSQL: equal to the plain way of counting on random ledgers, whatever happened to them."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from models.ageing import AgeingPolicy
from models.amounts import plain
from models.errors import Unavailable
from models.exposure import lines_of, part_of
from models.open_items import Portion
from store.database import Database
from store.policies import load_policy
from systems.receivables.postgres import PostgresReceivables
from tests.company import Company
from tests.ledgers import FIRST, Ledger, Open, balances_of, ledgers, open_of

IFRS: AgeingPolicy = load_policy("ifrs").ageing
CLIENTS = ("C1", "C2", "C3")
BORDERS = (Decimal(0), Decimal("0.333333"), Decimal("0.5"), Decimal(1))


def write(database: Database, books: Sequence[Ledger]) -> None:
    with database.begin() as connection:
        connection.execute(text("TRUNCATE clients, invoices, instalments, payments CASCADE"))
        for book in books:
            book.insert(connection)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    books=st.tuples(*(ledgers(client) for client in CLIENTS)),
    days=st.integers(0, 260),
    basis=st.sampled_from(("ifrs", "prc")),
    share=st.integers(0, 2),
)
def test_the_database_counts_as_people_would(
    database: Database, books: tuple[Ledger, ...], days: int, basis: str, share: int
) -> None:
    write(database, books)
    as_of, ageing = FIRST + timedelta(days=days), load_policy(basis).ageing
    portion = Portion(key="key-C2", low=BORDERS[share], high=BORDERS[share + 1])
    portions = {"C1": Portion(key="key-C1"), "C2": portion, "C3": Portion(key="key-C3"), "C9": Portion(key="nobody")}
    with PostgresReceivables(database).snapshot(portions, as_of) as snapshot:
        items, lines, ledger = list(snapshot.items()), snapshot.lines(ageing), snapshot.ledger()
    assert list(lines) == lines_of(items, ageing, as_of)
    for book in books:
        found = [item for item in items if item.client_id == book.client]
        assert [
            Open(i.due_on, i.document, i.instalment, i.kind, i.currency, plain(i.amount), plain(i.whole), i.disputed)
            for i in found
        ] == [
            Open(**{**vars(each), "amount": plain(each.amount), "whole": plain(each.whole),
                    "disputed": part_of(each.disputed, portions[book.client])})
            for each in open_of(book, as_of)
        ]  # fmt: skip
        assert all(item.outstanding == part_of(item.whole, portions[book.client]) for item in found)
        assert {k.currency: v for k, v in ledger.items() if k.client == book.client} == balances_of(book, as_of)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(book=ledgers("C1"), days=st.integers(0, 260))
def test_the_parts_of_all_holders_are_the_whole(database: Database, book: Ledger, days: int) -> None:
    write(database, [book])
    parts = []
    for low, high in pairwise(BORDERS):
        portions = {"C1": Portion(key="key-C1", low=low, high=high)}
        with PostgresReceivables(database).snapshot(portions, FIRST + timedelta(days=days)) as snapshot:
            parts.append(list(snapshot.items()))
    for three in zip(*parts, strict=True):
        assert sum(item.outstanding for item in three) == three[0].whole


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(book=ledgers("C1"))
def test_a_collector_is_needed_for_what_an_audit_calls_open(database: Database, book: Ledger) -> None:
    """The view of handovers and the audit have one definition: what is open when all has come that is written."""
    write(database, [book])
    later = FIRST + timedelta(days=400)
    with PostgresReceivables(database).snapshot({"C1": Portion(key="key-C1")}, later) as snapshot:
        audited: dict[str, Decimal] = {}
        for item in snapshot.items():
            if item.kind != "unapplied_cash":
                audited[item.document] = audited.get(item.document, Decimal(0)) + item.whole
    with database.begin() as connection:
        rows = connection.execute(text("SELECT id, outstanding FROM open_invoices"))
        assert {row.id: row.outstanding for row in rows} == {key: left for key, left in audited.items() if left}


def test_what_is_written_while_an_audit_reads_does_not_change_it(database: Database) -> None:
    company = Company.build(database, clients=1)
    source, portions = PostgresReceivables(database), {"C001": Portion(key="C001")}
    with source.snapshot(portions, FIRST.replace(year=2027)) as snapshot:
        before = snapshot.ledger()
        with database.begin() as connection:
            company.insert(
                connection, "payments", id="late", invoice_id="V1-late", paid_on=FIRST, amount=Decimal("50.05"),
                currency="CNY",
            )  # fmt: skip
        assert snapshot.ledger() == before
        assert sum(item.whole for item in snapshot.items()) == sum(before.values())
    with source.snapshot(portions, FIRST.replace(year=2027)) as snapshot:
        assert sum(snapshot.ledger().values()) == sum(before.values()) - Decimal("50.05")


OLDER = (
    "ALTER TABLE payments DROP CONSTRAINT ck_payments_of_something",
    "DROP VIEW open_invoices",
    "ALTER TABLE payments DROP client_id, DROP kind",
    "ALTER TABLE invoices DROP disputed_on, DROP disputed_amount, DROP credits_id",
    "DROP TABLE instalments",
)


def test_a_copy_of_before_is_read_and_says_what_it_cannot_tell(database: Database) -> None:
    Company.build(database, clients=1)
    with database.begin() as connection:
        for change in OLDER:
            connection.execute(text(change))
        connection.execute(text("UPDATE invoices SET disputed = true WHERE id = 'V1-late'"))
    source = PostgresReceivables(database, "erp copy")
    with source.snapshot({"C001": Portion(key="C001")}, FIRST.replace(year=2027)) as snapshot:
        items = {item.document: item for item in snapshot.items()}
        assert list(snapshot.lines(IFRS)) == lines_of(items.values(), IFRS, FIRST.replace(year=2027))
        assert {reason.code for reason in snapshot.source.cannot} >= {
            "by which instalments an invoice is due",
            "what was paid on account",
        }
    assert items["V1-late"].disputed == items["V1-late"].whole == Decimal("100.1")
    assert [each.document for each in source.history(FIRST.replace(year=2027), FIRST)] == [
        "V1-paid", "V1-late", "V1-current",
    ]  # fmt: skip
    assert "which invoices are disputed" in {reason.code for reason in source.check().can}


def test_a_database_without_our_tables_is_named_and_not_read(database: Database) -> None:
    with database.begin() as connection:
        connection.execute(text("DROP VIEW open_invoices"))
        connection.execute(text("ALTER TABLE invoices RENAME due_on TO due_date"))
    source = PostgresReceivables(database, "erp copy")
    [broken] = source.check().broken
    assert broken.params == {"columns": "invoices.due_on"}
    with pytest.raises(Unavailable) as refused, source.snapshot({}, FIRST):
        pass
    assert (refused.value.detail["reason"], refused.value.detail["system"]) == ("garbled", "erp copy")


def test_rows_that_we_may_not_read_are_a_matter_of_rights(database: Database) -> None:
    with database.begin() as connection:
        connection.execute(text("CREATE ROLE nobody_much"))
        connection.execute(text("GRANT SELECT ON clients, invoices, instalments TO nobody_much"))
        connection.execute(text("GRANT UPDATE ON payments TO nobody_much"))
    limited = Database(f"{database.url}?options=-c%20role%3Dnobody_much")
    try:
        with pytest.raises(Unavailable) as refused:
            PostgresReceivables(limited).check()
        assert refused.value.detail["reason"] == "not_allowed"
    finally:
        limited.close()
        with database.begin() as connection:
            connection.execute(text("DROP OWNED BY nobody_much"))
            connection.execute(text("DROP ROLE nobody_much"))
