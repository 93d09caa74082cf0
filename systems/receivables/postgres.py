"""Receivables in a PostgreSQL with our tables: our own database, or a copy that an ERP keeps."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, literal, select, text
from sqlalchemy.exc import DBAPIError

from models.ageing import AgeingBasis, AgeingPolicy, Limit
from models.errors import Unavailable
from models.open_items import (
    OWN_SUMS_ONLY,
    ExposureLine,
    ItemKind,
    LedgerKey,
    OpenItem,
    Portions,
    SettledItem,
    SourceNote,
)
from models.reasons import because
from store.database import Database
from store.tables import metadata
from systems.receivables.failures import garbled, no_answer, not_allowed
from systems.receivables.ledger_history import history_of
from systems.receivables.ledger_shape import TABLES, LedgerShape, missing_columns, shape_of
from systems.receivables.ledger_sql import BALANCES, BALANCES_WITHOUT_ACCOUNTS, KNOWN, MANY, items_of, lines_of
from systems.receivables.port import SourceCheck

OURS = "offboard"
STATEMENT_TIMEOUT = 30.0  # seconds, for a source that is not ours
AT_A_TIME = 5000  # rows that travel at once
WORK_MEMORY = "64MB"
NO_RIGHT = "42501"  # SQLSTATE


def foreign_ledger(url: str) -> Database:
    """The database of another company's system: it may be slow or silent, and must not hold our worker."""
    return Database(url, statement_timeout=STATEMENT_TIMEOUT)


class PostgresReceivables:
    """`database` may be another one than ours; it is only read. `system` is what people call it."""

    def __init__(self, database: Database, system: str = OURS) -> None:
        self._database = database
        self.system = system

    @contextmanager
    def snapshot(self, clients: Portions, as_of: date) -> Iterator["PostgresSnapshot"]:
        """One transaction that sees one moment, whatever is written meanwhile."""
        with self._reading() as connection:
            shape = shape_of(connection, self.system)
            yield PostgresSnapshot(connection, shape, clients, as_of, self.system)

    def history(self, as_of: date, since: date, clients: Portions | None = None) -> Iterator[SettledItem]:
        """Invoices issued from `since` to `as_of`, by client, day and document."""
        with self._reading() as connection:
            if clients is None:  # all of it: a plan row by row is never right, and chosen where statistics are missing
                connection.execute(text("SET LOCAL enable_nestloop = off"))
            query = history_of(shape_of(connection, self.system), asked=clients is not None, ours=self.system == OURS)
            values = {"as_of": as_of, "since": since} | (_asked(clients) if clients is not None else {})
            for row in _stream(connection, query, values):
                yield SettledItem.model_validate(dict(row._mapping))

    def check(self) -> SourceCheck:
        """Which of our columns are there, and whether their rows can be read."""
        with self._reading() as connection:
            missing = missing_columns(connection)
            if missing:
                return SourceCheck((), broken=(because("it has no {columns}", columns=", ".join(missing)),))
            shape = shape_of(connection, self.system)
            for table in TABLES if shape.instalments else TABLES - {"instalments"}:
                connection.execute(select(literal(1)).select_from(metadata.tables[table]).limit(1))
        return SourceCheck(shape.can, shape.cannot)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        try:
            with self._database.begin() as connection:
                connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
                connection.execute(text(f"SET LOCAL work_mem = '{WORK_MEMORY}'"))
                yield connection
        except Unavailable as lost:
            if "reason" in lost.detail:
                raise
            raise self._silent(lost) from lost
        except (DBAPIError, ValidationError) as garbage:
            raise self._unreadable(garbage) from garbage

    def _silent(self, lost: Unavailable) -> Unavailable:
        said = lost.detail.get("answer", "")
        if "authentication failed" in said:
            return not_allowed(self.system, "password")
        return no_answer(self.system, "no connection, or none in time")  # what the driver says holds the address

    def _unreadable(self, error: DBAPIError | ValidationError) -> Unavailable:
        code = getattr(getattr(error, "orig", None), "pgcode", None)
        if code == NO_RIGHT:
            return not_allowed(self.system, code)
        return garbled(self.system, code or type(error).__name__)


class PostgresSnapshot:
    """What one transaction sees of some clients as of a day."""

    def __init__(self, connection: Connection, shape: LedgerShape, clients: Portions, as_of: date, system: str) -> None:
        self._connection, self._shape = connection, shape
        self._values = {"as_of": as_of} | _asked(clients)
        self._many = len(clients) >= MANY
        self.source = SourceNote(
            system=system,
            read_at=datetime.now(UTC),
            cannot=(*shape.cannot, OWN_SUMS_ONLY),
            asked=len(clients),
            known=connection.execute(KNOWN, self._values).scalar_one(),
        )

    def lines(self, ageing: AgeingPolicy) -> Sequence[ExposureLine]:
        """Added up in the database, in one statement."""
        by_due_date = ageing.basis is AgeingBasis.DUE_DATE
        query = lines_of(self._shape, many=self._many, by_due_date=by_due_date, also=bool(ageing.also))
        values = self._values | {"limits": _first_days(ageing.buckets), "also": _first_days(ageing.also)}
        buckets = [bucket.label for bucket in ageing.buckets]
        also = [limit.label for limit in ageing.also] or [""]
        return [
            ExposureLine(row[0], row[1], buckets[row[2]], also[row[3]], *row[4:])
            for row in _stream(self._connection, query, values)
        ]

    def items(self) -> Iterator[OpenItem]:
        """A stream: memory does not grow with the number of items."""
        for row in _stream(self._connection, items_of(self._shape, many=self._many), self._values):
            values = dict(row._mapping)
            yield OpenItem.model_construct(**values | {"kind": ItemKind(row.kind)})

    def ledger(self) -> Mapping[LedgerKey, Decimal]:
        """Everything invoiced and credited, less everything that came in or was written off."""
        query = BALANCES if self._shape.on_account else BALANCES_WITHOUT_ACCOUNTS
        rows = self._connection.execute(query, self._values)
        return {LedgerKey(row.client, row.currency): row.balance for row in rows}


def _stream(connection: Connection, query: Any, values: Mapping[str, Any]) -> Iterator[Any]:
    with connection.execution_options(yield_per=AT_A_TIME).execute(query, values) as rows:
        yield from rows


def _asked(clients: Portions) -> dict[str, str]:
    """Arrays as one literal each: the planner takes 200 ms for ten thousand literals, wherever they are used."""
    return {
        "clients": _array(clients),
        "keys": _array(portion.key for portion in clients.values()),
        "lows": _array(str(portion.low) for portion in clients.values()),
        "highs": _array(str(portion.high) for portion in clients.values()),
    }


def _array(texts: Iterable[str]) -> str:
    quoted = (text.replace("\\", r"\\").replace('"', r"\"") for text in texts)
    return "{" + ",".join(f'"{each}"' for each in quoted) + "}"


def _first_days(limits: Sequence[Limit]) -> list[int]:
    """The first day of every bucket but the first: upper bounds are inclusive."""
    return [limit.upto + 1 for limit in limits if limit.upto is not None]
