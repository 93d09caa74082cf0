"""What a handover has left open: counted before a case may close, settled when a manager has decided."""

from sqlalchemy import Connection, text

from activities.transfers import TASK

# The manager has decided when the client has an active owner for good, or is closed.
DECIDED = text("""
WITH decided AS (
    SELECT t.id AS task, c.id AS client FROM tasks t JOIN clients c ON c.id = t.subject
    LEFT JOIN employees o ON o.id = c.owner_id AND o.status = 'active' AND o.id <> :leaver
    WHERE t.case_id = :case AND t.kind = :kind AND t.outcome IS NULL AND (o.id IS NOT NULL OR c.status <> 'active')
),
freed AS (
    UPDATE clients SET interim_owner_id = NULL FROM decided
    WHERE clients.id = decided.client AND interim_owner_id IS NOT NULL
)
UPDATE tasks SET outcome = 'assigned' FROM decided WHERE tasks.id = decided.task
""")

END_TASKS = text("UPDATE tasks SET outcome = 'withdrawn' WHERE case_id = :case AND kind = :kind AND outcome IS NULL")

# Somebody who took a client over and is leaving by now still holds it: their own case hands it on.
# Clients that this case moved; they stay its concern until it is closed.
MOVED = """
moved AS (
    SELECT substr(key, length(:prefix) + 1) AS id FROM effects WHERE case_id = :case AND starts_with(key, :prefix)
)
"""

CLIENTS = text(f"""
WITH {MOVED}
SELECT count(*) FROM clients c
LEFT JOIN employees o ON o.id = coalesce(c.interim_owner_id, c.owner_id) AND o.status <> 'left' AND o.id <> :leaver
WHERE c.status = 'active' AND o.id IS NULL AND c.id IN (
    SELECT id FROM clients WHERE owner_id = :leaver UNION SELECT id FROM clients WHERE interim_owner_id = :leaver
    UNION SELECT id FROM moved
)
""")  # noqa: S608  (a constant of this module)

ITEMS = text(f"""
WITH {MOVED}, concerned AS (
    SELECT id FROM invoices WHERE collector_id = :leaver
    UNION SELECT i.id FROM invoices i JOIN clients c ON c.id = i.client_id
        WHERE c.owner_id = :leaver OR c.interim_owner_id = :leaver
    UNION SELECT i.id FROM invoices i JOIN moved m ON m.id = i.client_id
)
SELECT count(*) FROM concerned JOIN open_invoices i ON i.id = concerned.id
LEFT JOIN employees k ON k.id = i.collector_id AND k.status <> 'left' AND k.id <> :leaver
WHERE k.id IS NULL
""")  # noqa: S608  (a constant of this module)

DEALS = text("SELECT count(*) FROM opportunities WHERE owner_id = :leaver AND status = 'open'")


def settle_decided(connection: Connection, case_id: str, leaver: str) -> int:
    """Close the tasks of clients for which the manager has found an owner; returns how many.

    The time as interim owner ends with it.
    """
    connection.execute(text("SELECT set_config('offboard.case_id', :case, true)"), {"case": case_id})
    return connection.execute(DECIDED, {"case": case_id, "leaver": leaver, "kind": TASK}).rowcount


def end_tasks(connection: Connection, case_id: str) -> None:
    """Close the tasks that a withdrawal has made pointless."""
    connection.execute(END_TASKS, {"case": case_id, "kind": TASK})


def count(connection: Connection, case_id: str, leaver: str) -> dict[str, int]:
    """How many clients have no owner, open items no collector, open deals still the leaver as owner."""
    asked = {"case": case_id, "leaver": leaver, "prefix": f"{case_id}/transfer/client/"}
    found = {"clients_without_owner": CLIENTS, "items_without_collector": ITEMS, "open_deals_of_the_leaver": DEALS}
    counts = {kind: connection.execute(query, asked).scalar_one() for kind, query in found.items()}
    return {kind: number for kind, number in counts.items() if number}
