"""Calls of other programs that were taken: the same id again has no second effect and gets the same answer."""

import hashlib
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert

from models.base import Moment, Value
from store.tables import webhook_receipts


class Receipt(Value):
    """A call. `status` and `answer` are None until the answer is final.

    `round` and `number` are those of the decision in it, as the gate stood when the call came first.
    """

    id: str
    body_hash: str
    round: int
    number: int
    status: int | None
    answer: dict[str, Any] | None
    received_at: Moment

    def is_about(self, body: bytes) -> bool:
        """True when this is the body that came with the id first."""
        return self.body_hash == _digest(body)


def get(connection: Connection, call_id: str) -> Receipt | None:
    """The call that came with that id, or None."""
    query = select(webhook_receipts).where(webhook_receipts.c.id == call_id)
    row = connection.execute(query).mappings().one_or_none()
    return Receipt.model_validate(dict(row)) if row else None


def take(connection: Connection, call_id: str, body: bytes, turn: tuple[int, int], *, at: datetime) -> Receipt:
    """Keep a call; when the id is known already, the call that came first. Of several at once one is the first.

    `turn` is the round and the number of the decision in it.
    """
    number_of = {"round": turn[0], "number": turn[1]}
    row = insert(webhook_receipts).values(id=call_id, body_hash=_digest(body), received_at=at, **number_of)
    connection.execute(row.on_conflict_do_nothing())
    kept = get(connection, call_id)
    if kept is None:
        raise LookupError(f"the call {call_id} vanished while it was written")
    return kept


def answered(connection: Connection, call_id: str, status: int, answer: dict[str, Any]) -> Receipt:
    """Keep the final answer to a call, unless it has one; returns what stands."""
    open_call = (webhook_receipts.c.id == call_id) & webhook_receipts.c.status.is_(None)
    connection.execute(update(webhook_receipts).where(open_call).values(status=status, answer=answer))
    kept = get(connection, call_id)
    if kept is None:
        raise LookupError(f"the call {call_id} was never taken")
    return kept


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
