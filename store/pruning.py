"""Rows that nobody needs any more: sessions, codes and calls long over, cases that were told long ago."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Table, delete

from store.tables import nudges, sign_in_codes, web_sessions, webhook_receipts

# Longer than any of them has a meaning: a session lasts 8 hours, codes count for a day, a call repeats in minutes.
KEPT = timedelta(days=30)


def prune(connection: Connection, now: datetime) -> int:
    """Delete what was over `KEPT` ago; returns how many rows that were. What waits stays, however old it is."""
    before = now - KEPT
    over: tuple[tuple[Table, ColumnElement[bool]], ...] = (
        (web_sessions, web_sessions.c.expires_at < before),
        (sign_in_codes, sign_in_codes.c.expires_at < before),
        (webhook_receipts, webhook_receipts.c.received_at < before),
        (nudges, nudges.c.told_at < before),
    )
    return sum(connection.execute(delete(table).where(which)).rowcount for table, which in over)
