"""The client book in our own PostgreSQL, as it was imported. Each read is a statement over sets, never one a client."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from sqlalchemy import Connection, RowMapping, TextClause, text

from models.base import ClientId, EmployeeId
from models.clients import Client, ClientFacts, Opportunity
from models.handover import Candidate
from models.people import Employee, Role
from store import people
from store.book import OWNED
from store.database import Database
from systems.clients import candidates, ownership
from systems.clients.port import Deals, Kind, OwnedClient, OwnerChange, OwnerState, StrayItem

# Everything beyond the record, looked up client by client in one statement: the indexes make that quick for ten clients
# and for ten thousand, also right after an import, when the planner knows no numbers yet.
FACTS = """
WITH book AS (SELECT * FROM clients WHERE ({whose}) AND status = 'active'),
feeds AS (SELECT EXISTS (SELECT 1 FROM contacts) AS contacts, EXISTS (SELECT 1 FROM interactions) AS touches)
SELECT book.*, CASE WHEN feeds.contacts THEN known.n END AS known_contacts, feeds.touches AS touches_known,
    touched.last AS last_touch, deals.n AS open_deals, deals.value AS open_value,
    bought.n AS order_count, bought.value AS ordered_value
FROM book CROSS JOIN feeds
CROSS JOIN LATERAL (SELECT count(*) AS n FROM contacts WHERE client_id = book.id) known
CROSS JOIN LATERAL (
    SELECT max(occurred_at) AS last FROM interactions WHERE client_id = book.id AND occurred_at < :midnight
) touched
CROSS JOIN LATERAL (
    SELECT count(*) AS n, coalesce(sum(amount) FILTER (WHERE currency = book.currency), 0) AS value
    FROM opportunities WHERE client_id = book.id AND status = 'open'
) deals
CROSS JOIN LATERAL (
    SELECT count(*) AS n, coalesce(sum(amount) FILTER (WHERE currency = book.currency), 0) AS value
    FROM orders WHERE client_id = book.id AND ordered_on <= :as_of
) bought
ORDER BY book.id COLLATE "C"
"""
BOOK = text(FACTS.format(whose=OWNED))
IN_HANDS = text(FACTS.format(whose=f"{OWNED} OR clients.interim_owner_id = :owner"))

OPEN_DEALS = text(
    """SELECT * FROM opportunities WHERE owner_id = :owner AND status = 'open' ORDER BY id COLLATE "C" """
)

CLOSED_DEALS = text("""
SELECT status, currency, count(*) AS deals, coalesce(sum(amount), 0) AS value FROM opportunities
WHERE owner_id = :owner AND status IN ('won', 'lost') GROUP BY 1, 2
""")

RECORDS = text("""
SELECT c.*, coalesce(o.status = 'active' AND o.left_on IS NULL, false) AS owner_active
FROM clients c LEFT JOIN employees o ON o.id = coalesce(c.interim_owner_id, c.owner_id)
WHERE c.id = ANY(CAST(:ids AS text[]))
""")

CHART = text("""
WITH RECURSIVE chart AS (
    SELECT manager_id AS id, 1 AS height, ARRAY[id] AS seen FROM employees WHERE id = :leaver
    UNION ALL
    SELECT e.manager_id, c.height + 1, c.seen || e.id FROM chart c JOIN employees e ON e.id = c.id
    WHERE NOT e.id = ANY(c.seen)
)
SELECT e.id FROM chart c JOIN employees e ON e.id = c.id
WHERE e.status = 'active' AND e.left_on IS NULL AND e.id <> :leaver ORDER BY c.height LIMIT 1
""")


class PostgresClientBook:
    """ClientBook on the tables of the import."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def owned_by(self, employee_id: EmployeeId, as_of: date) -> tuple[ClientFacts, ...]:
        """See ClientBook. Open and ordered values add what is in the client's own currency."""
        return self._read(BOOK, employee_id, as_of)

    def in_hands_of(self, employee_id: EmployeeId, as_of: date) -> tuple[ClientFacts, ...]:
        """See ClientBook."""
        return self._read(IN_HANDS, employee_id, as_of)

    def _read(self, query: TextClause, employee_id: EmployeeId, as_of: date) -> tuple[ClientFacts, ...]:
        midnight = datetime.combine(as_of + timedelta(days=1), time(), UTC)
        asked = {"owner": employee_id, "as_of": as_of, "midnight": midnight}
        with self._database.begin() as connection:
            return tuple(_facts(row) for row in connection.execute(query, asked).mappings())

    def deals_of(self, employee_id: EmployeeId) -> Deals:
        """See ClientBook. The currency that is added is the one with most won deals; ties go to the alphabet."""
        with self._database.begin() as connection:
            rows = connection.execute(OPEN_DEALS, {"owner": employee_id}).mappings().all()
            closed = connection.execute(CLOSED_DEALS, {"owner": employee_id}).all()
        won = sorted((row for row in closed if row.status == "won"), key=lambda row: (-row.deals, row.currency))
        return Deals(
            open=tuple(_opportunity(row) for row in rows),
            won=sum(row.deals for row in won),
            lost=sum(row.deals for row in closed if row.status == "lost"),
            won_value=won[0].value if won else Decimal(0),
            won_currency=won[0].currency if won else "",
            won_currencies=tuple(row.currency for row in won),
        )

    def records(self, ids: Sequence[ClientId]) -> dict[ClientId, OwnedClient]:
        """See ClientBook."""
        with self._database.begin() as connection:
            rows = connection.execute(RECORDS, {"ids": list(ids)}).mappings()
            return {row["id"]: OwnedClient(client=_client(row), owner_active=row["owner_active"]) for row in rows}

    def candidates(self, leaver: Employee, default_capacity: int) -> tuple[Candidate, ...]:
        """See ClientBook."""
        with self._database.begin() as connection:
            return candidates.find(connection, leaver, default_capacity)

    def interim_owner(self, leaver: Employee) -> EmployeeId | None:
        """See ClientBook. Without a chart: a sales manager of the same region, then any, then an HR partner."""
        with self._database.begin() as connection:
            above = connection.execute(CHART, {"leaver": leaver.id}).scalar_one_or_none()
            if above is not None:
                return str(above)
            for role in (Role.SALES_MANAGER, Role.HRBP):
                others = [one for one in people.with_role(connection, role) if one.id != leaver.id and not one.left_on]
                if others:
                    return min(others, key=lambda one: (one.region != leaver.region, one.id)).id
        return None

    def free_of(
        self, connection: Connection, people: Sequence[EmployeeId], default_capacity: int
    ) -> dict[EmployeeId, int]:
        """See ClientBook."""
        return candidates.free_of(connection, people, default_capacity)

    def client_states(self, connection: Connection, ids: Sequence[ClientId]) -> dict[ClientId, OwnerState]:
        """See ClientBook."""
        return ownership.client_states(connection, ids)

    def deal_states(self, connection: Connection, ids: Sequence[str]) -> dict[str, OwnerState]:
        """See ClientBook."""
        return ownership.deal_states(connection, ids)

    def stray_items(
        self, connection: Connection, leaver: EmployeeId, clients: Sequence[ClientId]
    ) -> tuple[StrayItem, ...]:
        """See ClientBook."""
        return ownership.stray_items(connection, leaver, clients)

    def reassign_clients(self, connection: Connection, changes: Sequence[OwnerChange], case_id: str) -> None:
        """See ClientBook."""
        ownership.reassign_clients(connection, changes, case_id)

    def reassign_deals(self, connection: Connection, changes: Sequence[OwnerChange]) -> None:
        """See ClientBook."""
        ownership.reassign_deals(connection, changes)

    def assign_collectors(self, connection: Connection, collectors: Mapping[str, EmployeeId]) -> None:
        """See ClientBook."""
        ownership.assign_collectors(connection, collectors)

    def give_back(
        self, connection: Connection, kind: Kind, steps: Sequence[tuple[OwnerChange, OwnerChange]], case_id: str
    ) -> frozenset[str]:
        """See ClientBook."""
        return ownership.give_back(connection, kind, steps, case_id)


def _client(row: RowMapping) -> Client:
    return Client.model_validate({name: row[name] for name in Client.model_fields})


def _opportunity(row: RowMapping) -> Opportunity:
    return Opportunity.model_validate({name: row[name] for name in Opportunity.model_fields})


def _facts(row: RowMapping) -> ClientFacts:
    return ClientFacts(
        client=_client(row),
        contacts=row["known_contacts"],
        last_touch=row["last_touch"],
        touches_known=row["touches_known"],
        open_opportunities=row["open_deals"],
        open_value=row["open_value"],
        orders=row["order_count"],
        ordered_value=row["ordered_value"],
    )
