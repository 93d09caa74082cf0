"""What a case keeps of an audit: the items behind its figures, once, all of them or none, and since when none came."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from models.case import Branch
from models.errors import Unavailable
from models.receivables import ReceivableAudit
from reports.language import language
from store import audited_items, branches, evidence, silences
from store.database import Database
from store.receivable_book import portions_of
from store.tables.money import audited_items as kept_items
from systems.receivables.postgres import PostgresReceivables
from tests.company import AS_OF
from tests.integration.money.ledger_case import (
    CASE,
    NOON,
    DeadSource,
    DyingSource,
    audited,
    company_with_debts,
    money_of,
    reported,
)


@pytest.fixture
def company(database: Database) -> Database:
    company_with_debts(database)
    return database


def kept(database: Database) -> tuple[int, int]:
    """Items and entries of evidence."""
    with database.begin() as connection:
        items = connection.execute(select(func.count()).select_from(kept_items)).scalar_one()
        return items, evidence.head(connection, CASE)[0]


def silent(database: Database) -> tuple[silences.Silence, ...]:
    with database.begin() as connection:
        return silences.of_case(connection, CASE)


def test_the_items_come_back_as_they_were_read(company: Database) -> None:
    done = audited(company)
    with company.begin() as connection:
        stored = list(audited_items.read(connection, CASE, done.digest))
        entry = list(evidence.read(connection, CASE))[-1]
        portions = portions_of(connection, "E1")
        proof = audited_items.digest_of(CASE, done.digest, stored)
    with PostgresReceivables(company).snapshot(portions, AS_OF) as snapshot:
        assert stored == list(snapshot.items())
    assert len(stored) == 11
    assert entry.body["items"] == proof, "what is kept is what the evidence says"
    assert entry.body["system"] == "offboard"


def test_a_second_reading_of_the_same_figures_changes_nothing_but_its_time(company: Database) -> None:
    first = audited(company)
    before = kept(company)
    with company.begin() as connection:
        then = branches.load(connection, CASE, Branch.RECEIVABLES, first.digest, ReceivableAudit)
    assert audited(company) == first
    assert kept(company) == before
    with company.begin() as connection:
        now = branches.load(connection, CASE, Branch.RECEIVABLES, first.digest, ReceivableAudit)
    assert then.source is not None
    assert now.source is not None
    assert now.source.read_at > then.source.read_at
    assert now.model_copy(update={"source": then.source}) == then


def test_a_system_that_dies_while_items_are_read_leaves_nothing_half(company: Database) -> None:
    with pytest.raises(Unavailable, match="offboard does not answer"):
        audited(company, DyingSource(company))
    assert kept(company) == (0, 0)
    assert [each.system for each in silent(company)] == ["offboard"]
    done = audited(company)
    assert kept(company) == (11, 1)
    assert done.reconciled
    assert silent(company) == ()


def test_items_that_our_database_refuses_are_told_to_nobody(company: Database) -> None:
    with company.begin() as connection:
        portions = portions_of(connection, "E1")
    with PostgresReceivables(company).snapshot(portions, AS_OF) as snapshot:
        item = next(iter(snapshot.items())).model_copy(update={"amount": Decimal("1e30"), "document": "SECRET-4711"})
    with pytest.raises(Unavailable, match="our database") as caught, company.begin() as connection:
        audited_items.save(connection, CASE, "digest", [item])
    assert "SECRET" not in f"{caught.value} {caught.value.detail} {caught.value.__cause__}"
    assert kept(company)[0] == 0


def test_silence_is_counted_from_its_beginning_and_ends_with_an_answer(company: Database) -> None:
    begun = datetime.now(UTC)
    for reason in ("no_answer", "rate_limited"):
        source = DeadSource(company)
        source.reason = reason
        with pytest.raises(Unavailable):
            audited(company, source)
    [found] = silent(company)
    assert (found.branch, found.system, found.reason) == (Branch.RECEIVABLES, "Tryton", "rate_limited")
    assert begun <= found.since <= begun + timedelta(minutes=1)
    audited(company)
    assert silent(company) == ()


def test_the_report_says_since_when_nobody_answers_and_the_next_version_does_not(company: Database) -> None:
    with company.begin() as connection:
        silences.begin(connection, CASE, Branch.RECEIVABLES, "Tryton", "no_answer", at=NOON)
    first = reported(company, None)
    said = [language("en").reason(gap) for gap in first.gaps]
    assert "Tryton has not answered since Nov 24, 2026 20:00 (Asia/Shanghai)." in said
    assert first.provisional
    assert first.receivables is None
    chinese = [language("zh").reason(gap) for gap in first.gaps]
    assert "Tryton 自 2026年11月24日 20:00（Asia/Shanghai）以来没有应答。" in chinese
    second = reported(company, audited(company).digest, key="second")
    assert not any("has not answered" in gap.code for gap in second.gaps)
    assert money_of(second).total > 0
    assert second.version == 2
