"""What every adapter of the receivables port must do. One adapter today; each new one is added to `source`."""

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import event, text

from models.errors import Unavailable
from store.database import Database
from store.tables import clients, employees, invoices, payments
from systems.receivables.port import ReceivableSource
from systems.receivables.postgres import PostgresReceivables

AS_OF = date(2026, 11, 24)


class Ledger:
    """Writes invoices and payments into the system behind the adapter under test."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def client(self, client: str, owner: str) -> None:
        """A client with its owner."""
        with self._database.begin() as connection:
            known = connection.execute(employees.select().where(employees.c.id == owner)).one_or_none()
            if known is None:
                connection.execute(employees.insert().values(id=owner, source_key=owner, name=owner))
            connection.execute(clients.insert().values(id=client, source_key=client, name=client, owner_id=owner))

    def invoice(self, number: str, client: str, amount: str, issued: date, **fields: object) -> None:
        """An invoice, due on the day of issue unless `due_on` says otherwise."""
        row = {"due_on": issued, "currency": "USD", **fields}
        with self._database.begin() as connection:
            connection.execute(
                invoices.insert().values(id=number, client_id=client, amount=Decimal(amount), issued_on=issued, **row)
            )

    def payment(self, number: str, invoice: str, amount: str, paid: date, currency: str = "USD") -> None:
        """A payment of an invoice."""
        with self._database.begin() as connection:
            connection.execute(
                payments.insert().values(
                    id=number, invoice_id=invoice, amount=Decimal(amount), paid_on=paid, currency=currency
                )
            )


@pytest.fixture
def ledger(database: Database) -> Ledger:
    kept = Ledger(database)
    kept.client("C1", "E1")
    kept.client("C2", "E1")
    kept.client("C9", "E2")
    return kept


@pytest.fixture(params=["postgres"])
def source(request: pytest.FixtureRequest, database: Database) -> ReceivableSource:
    """Every adapter in turn."""
    assert request.param == "postgres"
    return PostgresReceivables(database)


@pytest.fixture
def dead_source() -> Iterator[ReceivableSource]:
    """The adapter on an address where nothing listens."""
    dead = Database("postgresql+psycopg2://nobody:secret@127.0.0.1:9/erp")
    yield PostgresReceivables(dead)
    dead.close()


def test_open_is_invoiced_minus_paid_of_the_owners_clients(ledger: Ledger, source: ReceivableSource) -> None:
    ledger.invoice("I1", "C1", "100.50", date(2026, 10, 1), due_on=date(2026, 10, 31), disputed=True)
    ledger.payment("P1", "I1", "40", date(2026, 10, 5))
    ledger.payment("P2", "I1", "0.5", date(2026, 10, 6))
    ledger.invoice("I2", "C2", "70", date(2026, 10, 2))
    ledger.payment("P3", "I2", "70", date(2026, 10, 3))
    ledger.invoice("I9", "C9", "999", date(2026, 10, 2))

    items = source.open_items("E1", AS_OF)

    assert [item.invoice_id for item in items] == ["I1"]
    only = items[0]
    assert (only.amount, only.outstanding, only.currency) == (Decimal("100.5"), 60, "USD")
    assert (only.client_id, only.issued_on, only.due_on) == ("C1", date(2026, 10, 1), date(2026, 10, 31))
    assert only.disputed
    assert source.ledger_balances("E1", AS_OF) == {"USD": 60}


def test_the_day_itself_counts_and_the_day_after_does_not(ledger: Ledger, source: ReceivableSource) -> None:
    ledger.invoice("I1", "C1", "100", AS_OF)
    ledger.invoice("I2", "C1", "100", date(2026, 11, 25))
    ledger.payment("P1", "I1", "30", AS_OF)
    ledger.payment("P2", "I1", "70", date(2026, 11, 25))

    assert [(item.invoice_id, item.outstanding) for item in source.open_items("E1", AS_OF)] == [("I1", 70)]
    assert source.ledger_balances("E1", AS_OF) == {"USD": 70}
    assert [item.invoice_id for item in source.open_items("E1", date(2026, 11, 25))] == ["I2"]


def test_paid_too_much_and_paid_before_the_invoice_are_overpayments(ledger: Ledger, source: ReceivableSource) -> None:
    ledger.invoice("I1", "C1", "100", date(2026, 10, 1))
    ledger.payment("P1", "I1", "120", date(2026, 10, 2))
    ledger.invoice("I2", "C1", "50", date(2026, 12, 1))
    ledger.payment("P2", "I2", "50", date(2026, 11, 20))

    items = source.open_items("E1", AS_OF)

    assert [(item.invoice_id, item.amount, item.outstanding) for item in items] == [("I1", 100, -20), ("I2", 0, -50)]
    assert source.ledger_balances("E1", AS_OF) == {"USD": -70}


def test_currencies_stay_apart_and_a_payment_in_another_one_shows_in_the_ledger(
    ledger: Ledger, source: ReceivableSource
) -> None:
    ledger.invoice("I1", "C1", "100", date(2026, 10, 1))
    ledger.invoice("I2", "C2", "300", date(2026, 10, 1), currency="CNY")
    ledger.payment("P1", "I1", "10", date(2026, 10, 2), currency="EUR")

    position = source.position("E1", AS_OF)

    assert {item.invoice_id: (item.outstanding, item.currency) for item in position.open_items} == {
        "I1": (100, "USD"),
        "I2": (300, "CNY"),
    }
    assert position.ledger_balances == {"CNY": 300, "EUR": -10, "USD": 100}


def test_a_payment_in_between_cannot_make_items_and_ledger_disagree(
    ledger: Ledger, source: ReceivableSource, database: Database
) -> None:
    ledger.invoice("I1", "C1", "100", date(2026, 10, 1))
    arrived: list[str] = []

    def pay_meanwhile(*_: object) -> None:
        if not arrived:
            arrived.append("P1")
            ledger.payment("P1", "I1", "25", date(2026, 10, 2))

    # Right after the adapter's first statement that reads anything, somebody else's payment is committed.
    event.listen(database.engine, "after_cursor_execute", _after_first_read(pay_meanwhile))
    position = source.position("E1", AS_OF)

    assert arrived == ["P1"]
    assert sum(item.outstanding for item in position.open_items) == position.ledger_balances["USD"]
    assert source.position("E1", AS_OF).ledger_balances == {"USD": 75}


def _after_first_read(action: Callable[[], None]) -> Callable[..., None]:
    def listener(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("SELECT invoices") or "FROM invoices" in statement:
            action()

    return listener


def test_somebody_without_clients_has_nothing(ledger: Ledger, source: ReceivableSource) -> None:
    ledger.invoice("I1", "C1", "100", date(2026, 10, 1))
    assert source.position("E77", AS_OF) == ([], {})


def test_a_dead_system_is_unavailable(dead_source: ReceivableSource) -> None:
    for ask in (dead_source.open_items, dead_source.ledger_balances, dead_source.position):
        with pytest.raises(Unavailable, match="receivables system does not answer"):
            ask("E1", AS_OF)


def test_an_answer_that_cannot_be_read_is_unavailable_too(database: Database, source: ReceivableSource) -> None:
    with database.begin() as connection:
        connection.execute(text("ALTER TABLE payments RENAME TO payments_of_the_old_release"))
    with pytest.raises(Unavailable, match="cannot be read"):
        source.position("E1", AS_OF)
