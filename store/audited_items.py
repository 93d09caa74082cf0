"""The open items behind the audits of cases, as they were read: every figure of a report opens to them."""

import csv
import hashlib
from collections.abc import Iterable, Iterator
from decimal import Decimal
from io import StringIO
from itertools import islice
from typing import Any

import psycopg2
from sqlalchemy import Connection, select

from models.errors import Unavailable
from models.open_items import OpenItem
from store.tables.money import audited_items

_FIELDS = tuple(OpenItem.model_fields)
_COPY = f"COPY audited_items (case_id, digest, number, {', '.join(_FIELDS)}) FROM STDIN WITH (FORMAT csv)"
_AT_ONCE = 5_000  # items that are written or read together: memory stays flat, whatever the size of a book


def save(connection: Connection, case_id: str, audit: str, items: Iterable[OpenItem]) -> str:
    """Keep the items behind the audit with this digest, in their order; returns their own digest (SHA-256).

    Raises Unavailable when our database does not take them, and whatever the items raise.
    """
    stream = _Stream(case_id, audit, items)
    driver: Any = connection.connection.dbapi_connection
    try:
        with driver.cursor() as cursor:
            cursor.copy_expert(_COPY, stream, 1 << 18)
    except psycopg2.Error as refused:
        if stream.failure:  # the system that gives the items went silent: that is what happened, not a failed COPY
            raise stream.failure from None
        # The driver's own error holds the row: documents and amounts, which must not reach the engine's history.
        said = refused.diag.message_primary or type(refused).__name__
        raise Unavailable("our database does not answer: {answer}", answer=said, system="database") from None
    return stream.digest


def read(connection: Connection, case_id: str, audit: str) -> Iterator[OpenItem]:
    """The items behind the audit with this digest, as the system of record gave them: by client, due date, document."""
    kept = (audited_items.c.case_id == case_id) & (audited_items.c.digest == audit)
    query = select(*(audited_items.c[name] for name in _FIELDS)).where(kept).order_by(audited_items.c.number)
    for row in connection.execute(query.execution_options(yield_per=_AT_ONCE)).mappings():
        yield OpenItem.model_validate(dict(row))


def digest_of(case_id: str, audit: str, items: Iterable[OpenItem]) -> str:
    """The digest that `save` returns for these items: whoever doubts what is kept counts it again."""
    stream = _Stream(case_id, audit, items)
    while stream.read():
        pass
    return stream.digest


class _Stream:
    """The items as a file that COPY reads, with a fingerprint of what went through."""

    def __init__(self, case_id: str, audit: str, items: Iterable[OpenItem]) -> None:
        self._blocks = _blocks(case_id, audit, items)
        self._rest = b""
        self._hash = hashlib.sha256()
        self.failure: Exception | None = None

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes; nothing at the end."""
        if not self._rest:
            self._rest = self._next()
            self._hash.update(self._rest)
        block, self._rest = (self._rest, b"") if size < 0 else (self._rest[:size], self._rest[size:])
        return block

    def _next(self) -> bytes:
        try:
            return next(self._blocks, b"")
        except Exception as failure:
            self.failure = failure
            raise


def _blocks(case_id: str, audit: str, items: Iterable[OpenItem]) -> Iterator[bytes]:
    numbered = enumerate(items, 1)
    while part := list(islice(numbered, _AT_ONCE)):
        buffer = StringIO()
        writer = csv.writer(buffer)
        for number, item in part:
            writer.writerow((case_id, audit, number, *map(_spelled, (getattr(item, name) for name in _FIELDS))))
        yield buffer.getvalue().encode()


def _spelled(value: object) -> object:
    """One number has one spelling, whatever adapter it came from, and so one digest."""
    return f"{value.normalize():f}" if isinstance(value, Decimal) else value
