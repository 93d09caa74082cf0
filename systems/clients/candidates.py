"""Who could take over: a bounded pool of near people with what they carry and know, in a few statements over sets."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import Connection, text

from models.base import EmployeeId
from models.handover import Candidate
from models.people import Employee
from store.people import employee_of

POOL = 200  # people compared at least; more only when these have no room for all clients

# The nearest first: knows a client of the leaver, same team, same region, same country, most room.
# The hard rules are those of models/successor_fit.may_take_over, which planning applies once more.
NEAREST = text("""
WITH book AS (
    SELECT id FROM clients WHERE (owner_id = :leaver OR interim_owner_id = :leaver) AND status = 'active'
),
met AS (
    SELECT employee_id, client_id FROM interactions WHERE client_id IN (SELECT id FROM book)
    UNION SELECT employee_id, client_id FROM orders WHERE client_id IN (SELECT id FROM book)
    UNION SELECT owner_id, client_id FROM opportunities WHERE client_id IN (SELECT id FROM book)
),
known AS (SELECT employee_id, array_agg(client_id) AS clients FROM met GROUP BY 1),
loads AS (
    SELECT coalesce(interim_owner_id, owner_id) AS id, count(*) AS n FROM clients WHERE status = 'active' GROUP BY 1
),
fit AS (
    SELECT e.*, coalesce(l.n, 0) AS load, coalesce(e.capacity, :default) AS most,
        greatest(coalesce(e.capacity, :default) - coalesce(l.n, 0), 0) AS free, k.clients AS known_clients
    FROM employees e LEFT JOIN loads l ON l.id = e.id LEFT JOIN known k ON k.employee_id = e.id
    WHERE e.status = 'active' AND e.left_on IS NULL AND e.id <> :leaver
        AND (e.role = 'salesperson' OR 'salesperson' = ANY(e.extra_roles))
),
near AS (
    SELECT fit.*, row_number() OVER ranked AS place,
        sum(free) OVER (ranked ROWS UNBOUNDED PRECEDING) - free AS room_before
    FROM fit WINDOW ranked AS (ORDER BY coalesce(cardinality(known_clients), 0) DESC,
        coalesce(manager_id = CAST(:manager AS text), false) DESC, region = CAST(:region AS text) DESC,
        country = CAST(:country AS text) DESC, free DESC, id COLLATE "C")
)
SELECT * FROM near WHERE place <= :pool OR room_before < (SELECT count(*) FROM book) ORDER BY id COLLATE "C"
""")

EXPERIENCE = text("""
SELECT coalesce(interim_owner_id, owner_id) AS id, segment, tier, count(*) AS n FROM clients
WHERE status = 'active'
    AND (owner_id = ANY(CAST(:ids AS text[])) OR interim_owner_id = ANY(CAST(:ids AS text[])))
GROUP BY 1, 2, 3
""")

LOCKED = text("""
SELECT id, coalesce(capacity, :default) AS most FROM employees
WHERE id = ANY(CAST(:ids AS text[])) AND status = 'active' AND left_on IS NULL
ORDER BY id FOR NO KEY UPDATE
""")

LOADS = text("""
SELECT coalesce(interim_owner_id, owner_id) AS id, count(*) AS n FROM clients
WHERE status = 'active'
    AND (owner_id = ANY(CAST(:ids AS text[])) OR interim_owner_id = ANY(CAST(:ids AS text[])))
GROUP BY 1
""")


def find(connection: Connection, leaver: Employee, default_capacity: int) -> tuple[Candidate, ...]:
    """Candidates by id. `load` counts the active clients that a person holds now, as owner or for the time being."""
    asked = {
        "leaver": leaver.id,
        "manager": leaver.manager_id,
        "region": leaver.region,
        "country": leaver.country,
        "default": default_capacity,
        "pool": POOL,
    }
    rows = connection.execute(NEAREST, asked).mappings().all()
    segments: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    tiers: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for held in connection.execute(EXPERIENCE, {"ids": [row["id"] for row in rows]}):
        if held.segment:
            segments[held.id][held.segment] += held.n
        tiers[held.id][held.tier] += held.n
    return tuple(
        Candidate(
            employee=employee_of(row),
            load=row["load"],
            capacity=row["most"],
            segments=dict(segments.get(row["id"], {})),
            tiers=dict(tiers.get(row["id"], {})),
            earlier_contact=frozenset(row["known_clients"] or ()),
        )
        for row in rows
    )


def free_of(connection: Connection, people: Sequence[EmployeeId], default_capacity: int) -> dict[EmployeeId, int]:
    """Free capacity, now, of those who are still here. Their rows stay locked: two cases never share a place."""
    ids = sorted(set(people))
    most = {row.id: row.most for row in connection.execute(LOCKED, {"ids": ids, "default": default_capacity})}
    loads = {row.id: row.n for row in connection.execute(LOADS, {"ids": sorted(most)})}
    return {person: max(0, capacity - loads.get(person, 0)) for person, capacity in most.items()}
