"""Changing owners in our own PostgreSQL: owner, interim owner, collector, and no other field (D20)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, text

from models.base import ClientId, EmployeeId
from models.errors import CaseConflict
from systems.clients.port import Kind, OwnerChange, OwnerState, StrayItem

CLIENTS = text("""
SELECT id, owner_id, interim_owner_id, status = 'active' AS active FROM clients
WHERE id = ANY(CAST(:ids AS text[])) ORDER BY id FOR NO KEY UPDATE
""")

# An open item is an invoice that is not paid, credited and written off to the cent, overpaid ones included.
OPEN_ITEMS = text("""
SELECT i.id, i.client_id, i.collector_id FROM invoices i JOIN open_invoices open ON open.id = i.id
WHERE i.client_id = ANY(CAST(:ids AS text[]))
ORDER BY i.id FOR NO KEY UPDATE OF i
""")

DEALS = text("""
SELECT id, owner_id, status = 'open' AS active FROM opportunities
WHERE id = ANY(CAST(:ids AS text[])) ORDER BY id FOR NO KEY UPDATE
""")

# What the leaver collects, and what nobody active collects on a client that stays with the leaver (a closed one) or
# that was given away by somebody else.
STRAY_ITEMS = text("""
SELECT i.id, i.collector_id, h.id AS holder
FROM invoices i JOIN open_invoices open ON open.id = i.id JOIN clients c ON c.id = i.client_id
LEFT JOIN employees k ON k.id = i.collector_id AND k.status = 'active' AND k.left_on IS NULL
LEFT JOIN employees h ON h.id = coalesce(c.interim_owner_id, c.owner_id) AND h.id <> :leaver
    AND h.status = 'active' AND h.left_on IS NULL
WHERE (i.collector_id = :leaver OR (k.id IS NULL
    AND (coalesce(c.interim_owner_id, c.owner_id) = :leaver OR c.id = ANY(CAST(:clients AS text[])))))
ORDER BY i.id COLLATE "C" FOR NO KEY UPDATE OF i
""")

MOVE_CLIENTS = text("""
UPDATE clients c SET owner_id = m.owner_id, interim_owner_id = m.interim_id
FROM unnest(CAST(:ids AS text[]), CAST(:owners AS text[]), CAST(:interims AS text[])) AS m (id, owner_id, interim_id)
WHERE c.id = m.id
""")

MOVE_DEALS = text("""
UPDATE opportunities o SET owner_id = m.owner_id
FROM unnest(CAST(:ids AS text[]), CAST(:owners AS text[])) AS m (id, owner_id) WHERE o.id = m.id
""")

MOVE_ITEMS = text("""
UPDATE invoices i SET collector_id = m.collector_id
FROM unnest(CAST(:ids AS text[]), CAST(:owners AS text[])) AS m (id, collector_id) WHERE i.id = m.id
""")

# Compare and set: a record that somebody changed since is left alone.
GIVE_BACK = {
    Kind.CLIENT: text("""
UPDATE clients c SET owner_id = m.owner_id, interim_owner_id = m.interim_id
FROM unnest(CAST(:ids AS text[]), CAST(:owners AS text[]), CAST(:interims AS text[]), CAST(:left_owners AS text[]),
    CAST(:left_interims AS text[])) AS m (id, owner_id, interim_id, left_owner, left_interim)
WHERE c.id = m.id AND c.owner_id IS NOT DISTINCT FROM m.left_owner
    AND c.interim_owner_id IS NOT DISTINCT FROM m.left_interim
RETURNING c.id
"""),
    Kind.OPPORTUNITY: text("""
UPDATE opportunities o SET owner_id = m.owner_id
FROM unnest(CAST(:ids AS text[]), CAST(:owners AS text[]), CAST(:left_owners AS text[])) AS m (id, owner_id, left_owner)
WHERE o.id = m.id AND o.owner_id = m.left_owner RETURNING o.id
"""),
    Kind.COLLECTOR: text("""
UPDATE invoices i SET collector_id = m.owner_id
FROM unnest(CAST(:ids AS text[]), CAST(:owners AS text[]), CAST(:left_owners AS text[])) AS m (id, owner_id, left_owner)
WHERE i.id = m.id AND i.collector_id IS NOT DISTINCT FROM m.left_owner RETURNING i.id
"""),
}


def client_states(connection: Connection, ids: Sequence[ClientId]) -> dict[ClientId, OwnerState]:
    """Owners of clients with the collectors of their open items; locked until commit."""
    rows = connection.execute(CLIENTS, {"ids": list(ids)}).all()
    invoices: dict[str, dict[str, EmployeeId | None]] = defaultdict(dict)
    for item in connection.execute(OPEN_ITEMS, {"ids": list(ids)}):
        invoices[item.client_id][item.id] = item.collector_id
    return {
        row.id: OwnerState(
            id=row.id,
            owner_id=row.owner_id,
            interim_owner_id=row.interim_owner_id,
            active=row.active,
            invoices=dict(invoices.get(row.id, {})),
        )
        for row in rows
    }


def deal_states(connection: Connection, ids: Sequence[str]) -> dict[str, OwnerState]:
    """Owners of deals; locked until commit."""
    rows = connection.execute(DEALS, {"ids": list(ids)})
    return {row.id: OwnerState(id=row.id, owner_id=row.owner_id, active=row.active) for row in rows}


def stray_items(connection: Connection, leaver: EmployeeId, clients: Sequence[ClientId]) -> tuple[StrayItem, ...]:
    """Open items that nobody but the leaver would collect, by id; locked until commit."""
    rows = connection.execute(STRAY_ITEMS, {"leaver": leaver, "clients": list(clients)})
    return tuple(StrayItem(id=row.id, collector_id=row.collector_id, holder=row.holder) for row in rows)


def reassign_clients(connection: Connection, changes: Sequence[OwnerChange], case_id: str) -> None:
    """Set the owners of clients. One that is gone stops everything: nothing is half done."""
    _name_the_case(connection, case_id)
    _all_moved(connection.execute(MOVE_CLIENTS, _columns(changes)).rowcount, len(changes), "clients")


def reassign_deals(connection: Connection, changes: Sequence[OwnerChange]) -> None:
    """Set the owners of deals; one that is gone stops everything."""
    _all_moved(connection.execute(MOVE_DEALS, _columns(changes)).rowcount, len(changes), "opportunities")


def assign_collectors(connection: Connection, collectors: Mapping[str, EmployeeId]) -> None:
    """Set the collectors of items; one that is gone stops everything."""
    asked = {"ids": list(collectors), "owners": list(collectors.values())}
    _all_moved(connection.execute(MOVE_ITEMS, asked).rowcount, len(collectors), "invoices")


def give_back(
    connection: Connection, kind: Kind, steps: Sequence[tuple[OwnerChange, OwnerChange]], case_id: str
) -> frozenset[str]:
    """Put owners back where they are still as we left them; returns the ids of those."""
    _name_the_case(connection, case_id)
    left = _columns([step[0] for step in steps])
    asked = _columns([step[1] for step in steps])
    asked |= {"left_owners": left["owners"], "left_interims": left["interims"]}
    return frozenset(connection.execute(GIVE_BACK[kind], asked).scalars())


def _columns(changes: Sequence[OwnerChange]) -> dict[str, list[str | None]]:
    return {
        "ids": [change.id for change in changes],
        "owners": [change.owner_id for change in changes],
        "interims": [change.interim_owner_id for change in changes],
    }


def _name_the_case(connection: Connection, case_id: str) -> None:
    connection.execute(text("SELECT set_config('offboard.case_id', :case, true)"), {"case": case_id})


def _all_moved(moved: int, asked: int, what: str) -> None:
    if moved != asked:
        raise CaseConflict(
            "{asked} {what} should have changed owner, {moved} could: nothing of this batch was kept. "
            "Compare the import with the case, then try again.",
            asked=asked,
            what=what,
            moved=moved,
        )
