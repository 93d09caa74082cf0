"""Which of our columns a PostgreSQL has that keeps receivables: a copy may be older or hold less than ours."""

from typing import NamedTuple

from sqlalchemy import Connection, text

from models.reasons import Reason, because
from systems.receivables.failures import garbled

_COLUMNS = text("""
SELECT table_name, column_name FROM information_schema.columns
WHERE table_schema = ANY(current_schemas(false))
    AND table_name IN ('clients', 'invoices', 'payments', 'instalments')
""")

NEEDED = {
    "clients": ("id", "source_key"),
    "invoices": ("id", "client_id", "issued_on", "due_on", "amount", "currency"),
    "payments": ("id", "invoice_id", "paid_on", "amount", "currency"),
}
TABLES = frozenset({*NEEDED, "instalments"})
_OF_INSTALMENTS = ("id", "invoice_id", "due_on", "amount")


class LedgerShape(NamedTuple):
    """What this database can tell beyond invoices and payments."""

    disputes: bool
    dispute_dates: bool
    dispute_amounts: bool
    credited: bool
    on_account: bool
    instalments: bool

    @property
    def can(self) -> tuple[Reason, ...]:
        """What it tells, for readers."""
        return _worded(told=True, shape=self)

    @property
    def cannot(self) -> tuple[Reason, ...]:
        """What it does not tell, for readers."""
        return _worded(told=False, shape=self)


def _worded(*, told: bool, shape: LedgerShape) -> tuple[Reason, ...]:
    words = {
        "invoices with their payments": True,
        "which invoices are disputed": shape.disputes,
        "since when an invoice is disputed": shape.dispute_dates,
        "how much of an invoice is disputed": shape.dispute_amounts,
        "to which invoice a credit note belongs": shape.credited,
        "what was paid on account": shape.on_account,
        "by which instalments an invoice is due": shape.instalments,
    }
    return tuple(because(what) for what, there in words.items() if there is told)


def missing_columns(connection: Connection) -> list[str]:
    """Columns without which nothing can be said."""
    return _missing(_columns(connection))


def shape_of(connection: Connection, system: str) -> LedgerShape:
    """Look once. Raises `Unavailable` when not even invoices and payments can be read."""
    has = _columns(connection)
    if missing := _missing(has):
        raise garbled(system, f"no {', '.join(missing)}")
    return LedgerShape(
        disputes=("invoices", "disputed") in has,
        dispute_dates={("invoices", "disputed"), ("invoices", "disputed_on")} <= has,
        dispute_amounts={("invoices", "disputed"), ("invoices", "disputed_amount")} <= has,
        credited=("invoices", "credits_id") in has,
        on_account=("payments", "client_id") in has,
        instalments=all(("instalments", column) in has for column in _OF_INSTALMENTS),
    )


def _columns(connection: Connection) -> set[tuple[str, str]]:
    return {(row.table_name, row.column_name) for row in connection.execute(_COLUMNS)}


def _missing(has: set[tuple[str, str]]) -> list[str]:
    return sorted(
        f"{table}.{column}" for table, columns in NEEDED.items() for column in columns if (table, column) not in has
    )
