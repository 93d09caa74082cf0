"""The evidence chain: what an entry is, how it is hashed, how a chain is checked. Tamper-evident, not tamper-proof."""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime

from models.base import ChainId, Moment, Value
from models.canonical_json import canonical

GENESIS = "0" * 64

Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None


class LedgerEntry(Value):
    """One link of the chain of a case, an alert or the watchlist, named by `case_id`.

    `seq` starts at 1; `body` is plain JSON with money as strings; `hash` covers everything before it.
    """

    case_id: ChainId
    seq: int
    at: Moment
    kind: str
    actor: str
    body: dict[str, object]
    prev_hash: str
    hash: str


class ChainFault(Value):
    """The first entry that does not fit, and why: `altered`, `missing`, `reordered` or `truncated`."""

    seq: int
    fault: str


def digest(value: object) -> str:
    """SHA-256 over the canonical JSON, as 64 hex characters."""
    return hashlib.sha256(canonical(value)).hexdigest()


def entry_hash(case_id: str, seq: int, at: datetime, kind: str, actor: str, body: object, prev_hash: str) -> str:
    """Hash of one entry over all its fields and the hash of the one before."""
    stamp = at.astimezone(UTC).isoformat(timespec="microseconds")
    return digest([case_id, seq, stamp, kind, actor, body, prev_hash])


def first_fault(entries: Iterable[LedgerEntry], expected: int | None = None) -> ChainFault | None:
    """Walk a chain in order of `seq`; None means that it holds.

    `expected` is the number of entries that an anchor outside the chain knows of: a chain alone cannot miss its end.
    """
    previous, seq = GENESIS, 0
    for entry in entries:
        seq += 1
        if entry.seq != seq:
            return ChainFault(seq=seq, fault="missing" if entry.seq > seq else "reordered")
        if entry.prev_hash != previous:
            return ChainFault(seq=seq, fault="altered")
        fields = (entry.case_id, entry.seq, entry.at, entry.kind, entry.actor, entry.body, entry.prev_hash)
        if entry_hash(*fields) != entry.hash:
            return ChainFault(seq=seq, fault="altered")
        previous = entry.hash
    if expected is not None and seq < expected:
        return ChainFault(seq=seq + 1, fault="truncated")
    return None
