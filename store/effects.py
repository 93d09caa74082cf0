"""Once and only once: the key of an effect and its result are written in the transaction of the effect."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select, text

from models.errors import CaseConflict
from models.evidence import digest
from store.tables import effects

# Made once: a case asks these some hundred times, and to build a statement costs more than to run it.
_TURN = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 1))")
_DONE = select(effects.c.request_hash, effects.c.result).where(effects.c.key == bindparam("key"))
_KEEP = effects.insert()


def once(
    connection: Connection,
    key: str,
    *,
    case_id: str,
    request: dict[str, Any],
    at: datetime,
    do: Callable[[], tuple[dict[str, Any] | None, dict[str, Any]]],
) -> dict[str, Any]:
    """Run `do` unless `key` was done before, and return its result either way.

    `do` returns (before-state or None, result), both plain JSON. The same key with another request is a conflict:
    somebody built the key wrongly, and replaying the old answer would hide it.
    """
    connection.execute(_TURN, {"key": key})
    request_hash = digest(request)
    found = connection.execute(_DONE, {"key": key}).one_or_none()
    if found:
        if found.request_hash != request_hash:
            raise CaseConflict("effect {key} was done before with another request", key=key)
        return dict(found.result)
    before, result = do()
    row = {"key": key, "case_id": case_id, "request_hash": request_hash, "before": before, "result": result, "at": at}
    connection.execute(_KEEP, row)
    return result
