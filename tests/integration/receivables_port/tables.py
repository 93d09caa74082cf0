"""A business in PostgreSQL tables: our own database, or one that another system keeps."""

from datetime import date
from decimal import Decimal

from sqlalchemy import Connection

from store import tables
from store.database import Database
from systems.receivables.postgres import PostgresReceivables
from tests.integration.receivables_port.business import Business


class Tables:
    """Rows as an import writes them. `ids` is how that database calls a client that both know by the same key."""

    blind: frozenset[str] = frozenset()

    def __init__(self, database: Database, ids: str, **named: str) -> None:
        self._database, self._ids = database, ids
        self._source = PostgresReceivables(database, **named)
        self._filled: Business | None = None

    def filled(self, business: Business, as_of: date) -> PostgresReceivables:
        """The tables hold everything, also what came after the day: leaving it out is up to the adapter."""
        if self._filled is None:
            with self._database.begin() as connection:
                fill(connection, business, self._ids)
            self._filled = business
        return self._source

    def number(self, document: str) -> str:
        """Documents keep their numbers."""
        return document


def fill(connection: Connection, business: Business, ids: str) -> None:
    """Write a business into our tables."""

    def insert(table: str, rows: list[dict[str, object]]) -> None:
        if rows:
            connection.execute(tables.metadata.tables[table].insert(), rows)

    insert("employees", [{"id": "E1", "source_key": "E1", "name": "Li Na"}])
    insert("clients", [
        {"id": f"{ids}{key}", "source_key": key, "name": key, "owner_id": "E1"} for key in business.clients
    ])  # fmt: skip
    common = {"disputed": False, "disputed_on": None, "disputed_amount": None, "credits_id": None}
    insert("invoices", [
        {"id": one.number, "client_id": f"{ids}{one.client}", "issued_on": one.on, "due_on": one.due,
         "amount": Decimal(one.amount), "currency": one.currency, **common, "disputed": one.disputed_on is not None,
         "disputed_on": one.disputed_on,
         "disputed_amount": None if one.disputed_amount is None else Decimal(one.disputed_amount)}
        for one in business.invoices.values()
    ])  # fmt: skip
    insert("invoices", [
        {"id": note.number, "client_id": f"{ids}{note.client}", "issued_on": note.on, "due_on": note.on,
         "amount": -Decimal(note.amount), "currency": note.currency, **common, "credits_id": note.invoice}
        for note in business.credits
    ])  # fmt: skip
    insert("instalments", [
        {"id": f"{one.number}/{place}", "invoice_id": one.number, "due_on": due, "amount": Decimal(amount)}
        for one in business.invoices.values() for place, (due, amount) in enumerate(one.instalments, 1)
    ])  # fmt: skip
    insert("payments", [
        {"id": cash.number, "invoice_id": cash.invoice, "client_id": f"{ids}{cash.client}", "paid_on": cash.on,
         "amount": Decimal(cash.amount), "currency": cash.currency,
         "kind": "write_off" if cash.written_off else "payment"}
        for cash in business.money
    ])  # fmt: skip
