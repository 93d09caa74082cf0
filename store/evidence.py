"""The append-only evidence ledger: one hash chain a case or an alert, written in the transaction of the effect."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, select, text, union_all
from sqlalchemy.dialects.postgresql import JSONB, insert

from models.evidence import GENESIS, ChainFault, LedgerEntry, entry_hash, first_fault
from store.tables import cases, evidence, evidence_heads, reports
from store.tables.behaviour import alerts

# Made once: a case asks these some hundred times, and to build a statement costs more than to run it.
_TURN = text("SELECT pg_advisory_xact_lock(hashtextextended(:case_id, 0))")
_HEAD = select(evidence_heads.c.entries, evidence_heads.c.head).where(evidence_heads.c.case_id == bindparam("case_id"))
_KEEP = evidence.insert()
_NEW_HEAD = insert(evidence_heads)
_MOVE_HEAD = _NEW_HEAD.on_conflict_do_update(
    index_elements=["case_id"], set_={"entries": _NEW_HEAD.excluded.entries, "head": _NEW_HEAD.excluded.head}
)


def append(
    connection: Connection, case_id: str, kind: str, body: dict[str, object], *, at: datetime, actor: str = "system"
) -> LedgerEntry:
    """Add one entry to the chain of a case. Concurrent writers of the same case wait for one another.

    `body` is plain JSON (money as strings, no floats for money); `actor` is an employee id or `system`.
    """
    connection.execute(_TURN, {"case_id": case_id})
    entries, previous = head(connection, case_id)
    seq = entries + 1
    hashed = entry_hash(case_id, seq, at, kind, actor, body, previous)
    entry = LedgerEntry(
        case_id=case_id, seq=seq, at=at, kind=kind, actor=actor, body=body, prev_hash=previous, hash=hashed
    )
    connection.execute(_KEEP, entry.model_dump())
    connection.execute(_MOVE_HEAD, {"case_id": case_id, "entries": seq, "head": hashed})
    return entry


def read(connection: Connection, case_id: str) -> Iterator[LedgerEntry]:
    """The chain of a case in order."""
    rows = connection.execute(select(evidence).where(evidence.c.case_id == case_id).order_by(evidence.c.seq))
    for row in rows.mappings():
        yield LedgerEntry.model_validate(dict(row))


def head(connection: Connection, case_id: str) -> tuple[int, str]:
    """Number of entries and hash of the newest one; (0, genesis) for a case without any."""
    row = connection.execute(_HEAD, {"case_id": case_id}).one_or_none()
    return (row.entries, row.head) if row else (0, GENESIS)


def verify(connection: Connection, case_id: str) -> tuple[int, ChainFault | None]:
    """Check a chain against itself, the head kept beside it, its case and the reports that were made on it.

    Returns (entries, first fault or None).
    """
    expected, head_hash = head(connection, case_id)
    fault = first_fault(read(connection, case_id), expected)
    found = connection.execute(
        select(func.count()).select_from(evidence).where(evidence.c.case_id == case_id)
    ).scalar_one()
    if fault is None and found > expected:
        return found, ChainFault(seq=expected + 1, fault="inserted")
    if fault is None and found:
        newest = connection.execute(
            select(evidence.c.hash).where(evidence.c.case_id == case_id).order_by(evidence.c.seq.desc()).limit(1)
        ).scalar_one()
        if newest != head_hash:
            return found, ChainFault(seq=found, fault="altered")
    return found, fault or _fault_by_witnesses(connection, case_id, found)


def _fault_by_witnesses(connection: Connection, case_id: str, found: int) -> ChainFault | None:
    """What the rest of our books knows of a chain that agrees with itself.

    A case and an alert start with an entry. Each report holds the length and head of the chain below it, and its making
    is an entry more. So a chain whose end was cut and whose head was written anew is found out.
    """
    if not found:
        begun = union_all(*(select(each.c.id).where(each.c.id == case_id) for each in (cases, alerts)))
        started = connection.execute(begun).first()
        return ChainFault(seq=1, fault="truncated") if started else None
    known = func.convert_from(reports.c.document, "UTF8").cast(JSONB)["evidence"]
    length = known["entries"].as_integer()
    below = (evidence.c.case_id == case_id) & (evidence.c.seq == length)
    witnesses = connection.execute(
        select(length.label("entries"), known["head"].as_string().label("head"), evidence.c.hash)
        .select_from(reports.outerjoin(evidence, below))
        .where(reports.c.case_id == case_id)
        .order_by(reports.c.version)
    ).all()
    for witness in witnesses:
        if found <= witness.entries:
            return ChainFault(seq=found + 1, fault="truncated")
        if witness.head != (witness.hash or GENESIS):
            return ChainFault(seq=witness.entries, fault="altered")
    return None
