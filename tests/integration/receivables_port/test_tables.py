"""What only tables can hold: money before its invoice, or in another currency; and a database that is not there."""

from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import SecretStr

from models.errors import Unavailable
from settings import Settings
from store.database import Database
from systems.receivables.choose import source_for
from systems.receivables.failures import NO_ANSWER
from systems.receivables.postgres import PostgresReceivables, foreign_ledger
from tests.integration.receivables_port.business import Business
from tests.integration.receivables_port.stories import LAST_DAY, before
from tests.integration.receivables_port.suite import whole
from tests.integration.receivables_port.tables import Tables


def test_money_before_its_invoice_is_an_overpayment_until_then(database: Database) -> None:
    later = LAST_DAY + timedelta(days=7)
    business = Business().invoice("A1", "C1", "50", later).paid("A1", "50", before(4))
    source = Tables(database, "our-").filled(business, LAST_DAY)
    with source.snapshot(whole("C1"), LAST_DAY) as snapshot:
        assert [(item.document, item.amount, item.whole) for item in snapshot.items()] == [("A1", 0, -50)]
        assert dict(snapshot.ledger()) == {("our-C1", "USD"): -50}
    with source.snapshot(whole("C1"), later) as snapshot:
        assert list(snapshot.items()) == []


def test_money_in_another_currency_than_its_invoice_shows_in_the_ledger_alone(database: Database) -> None:
    business = Business().invoice("A1", "C1", "100", before(40)).paid("A1", "10", before(4))
    business.money[0] = replace(business.money[0], currency="EUR")
    with Tables(database, "our-").filled(business, LAST_DAY).snapshot(whole("C1"), LAST_DAY) as snapshot:
        assert [(item.document, item.whole, item.currency) for item in snapshot.items()] == [("A1", 100, "USD")]
        assert dict(snapshot.ledger()) == {("our-C1", "EUR"): Decimal(-10), ("our-C1", "USD"): Decimal(100)}


def test_a_database_that_is_not_there_does_not_answer(database: Database, tmp_path: Path) -> None:
    with closing(foreign_ledger("postgresql+psycopg2://nobody:secret@127.0.0.1:9/erp")) as gone:
        source = PostgresReceivables(gone, "receivables")
        for ask in (
            lambda: source.snapshot(whole("C1"), LAST_DAY).__enter__(),
            lambda: list(source.history(LAST_DAY, before(30))),
            source.check,
        ):
            with pytest.raises(Unavailable) as failure:
                ask()
            assert failure.value.detail["reason"] == NO_ANSWER
            assert failure.value.detail["system"] == "receivables"
            assert "secret" not in f"{failure.value} {failure.value.detail}"


def test_a_database_behind_an_address_without_a_driver_is_read(database: Database, tmp_path: Path) -> None:
    Tables(database, "their-").filled(Business().invoice("A1", "C1", "7", before(3)), LAST_DAY)
    address = SecretStr(database.url.replace("+psycopg2", ""))
    with (
        source_for(Settings(home=tmp_path, receivables_url=address), database) as source,
        source.snapshot(whole("C1"), LAST_DAY) as snapshot,
    ):
        assert [item.whole for item in snapshot.items()] == [7]
