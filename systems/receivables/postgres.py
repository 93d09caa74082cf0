"""Receivables in a PostgreSQL with our tables: our own database, or a copy that an ERP keeps."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from decimal import Decimal

from pydantic import ValidationError
from sqlalchemy import Connection, Select, case, func, literal, select, text, union_all
from sqlalchemy.exc import DBAPIError

from models.errors import Unavailable
from models.receivables import OpenItem
from store.book import owned
from store.database import Database
from store.tables import clients, invoices, payments
from systems.receivables.port import Position

SYSTEM = "receivables"
STATEMENT_TIMEOUT = 30.0  # seconds, for a source that is not ours


def foreign_ledger(url: str) -> Database:
    """The database of another company's system: it may be slow or silent, and must not hold our worker."""
    return Database(url, statement_timeout=STATEMENT_TIMEOUT)


class PostgresReceivables:
    """`database` may be another one than ours; it is only read."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open_items(self, owner_id: str, as_of: date) -> Sequence[OpenItem]:
        """Invoices of the owner's clients with a balance, by invoice id."""
        with self._reading() as connection:
            return _open_items(connection, owner_id, as_of)

    def ledger_balances(self, owner_id: str, as_of: date) -> dict[str, Decimal]:
        """Sum invoiced minus sum paid, per currency."""
        with self._reading() as connection:
            return _ledger_balances(connection, owner_id, as_of)

    def position(self, owner_id: str, as_of: date) -> Position:
        """Both out of one snapshot."""
        with self._reading() as connection:
            return Position(_open_items(connection, owner_id, as_of), _ledger_balances(connection, owner_id, as_of))

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        try:
            with self._database.begin() as connection:
                connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
                yield connection
        except Unavailable as lost:
            raise Unavailable("the receivables system does not answer; it is asked again", system=SYSTEM) from lost
        except (DBAPIError, ValidationError) as garbage:
            raise Unavailable(
                "the receivables system answers what cannot be read; check its address and its tables", system=SYSTEM
            ) from garbage


def _open_items(connection: Connection, owner_id: str, as_of: date) -> list[OpenItem]:
    paid = (
        select(payments.c.invoice_id, payments.c.currency, func.sum(payments.c.amount).label("amount"))
        .join(invoices, invoices.c.id == payments.c.invoice_id)
        .join(clients, clients.c.id == invoices.c.client_id)
        .where(owned(owner_id), payments.c.paid_on <= as_of)
        .group_by(payments.c.invoice_id, payments.c.currency)
        .subquery()
    )
    invoiced = case((invoices.c.issued_on <= as_of, invoices.c.amount), else_=literal(Decimal(0)))
    outstanding = invoiced - func.coalesce(paid.c.amount, literal(Decimal(0)))
    rows = connection.execute(
        select(
            invoices.c.id.label("invoice_id"),
            invoices.c.client_id,
            invoices.c.issued_on,
            invoices.c.due_on,
            invoiced.label("amount"),
            outstanding.label("outstanding"),
            invoices.c.currency,
            invoices.c.disputed,
        )
        .join(clients, clients.c.id == invoices.c.client_id)
        .outerjoin(paid, (paid.c.invoice_id == invoices.c.id) & (paid.c.currency == invoices.c.currency))
        .where(owned(owner_id), outstanding != 0)
        .order_by(invoices.c.id)
    ).mappings()
    return [OpenItem.model_validate(dict(row)) for row in rows]


def _ledger_balances(connection: Connection, owner_id: str, as_of: date) -> dict[str, Decimal]:
    entries = union_all(_invoiced(owner_id, as_of), _paid(owner_id, as_of)).subquery()
    rows = connection.execute(
        select(entries.c.currency, func.sum(entries.c.amount).label("balance"))
        .group_by(entries.c.currency)
        .order_by(entries.c.currency)
    )
    return {row.currency: row.balance for row in rows}


def _invoiced(owner_id: str, as_of: date) -> Select[tuple[str, Decimal]]:
    return (
        select(invoices.c.currency, invoices.c.amount.label("amount"))
        .join(clients, clients.c.id == invoices.c.client_id)
        .where(owned(owner_id), invoices.c.issued_on <= as_of)
    )


def _paid(owner_id: str, as_of: date) -> Select[tuple[str, Decimal]]:
    return (
        select(payments.c.currency, (-payments.c.amount).label("amount"))
        .join(invoices, invoices.c.id == payments.c.invoice_id)
        .join(clients, clients.c.id == invoices.c.client_id)
        .where(owned(owner_id), payments.c.paid_on <= as_of)
    )
