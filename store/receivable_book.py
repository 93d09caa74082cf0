"""Whose client it is, for money: one definition for the audit of a case and for the audit of everybody.

The owner has what those who share the client leave, whoever holds the client for the time being. Holders of a shared
client stand end to end, sharers in order of their ids and the owner last, so that rounded parts add up to the whole.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import Connection, text

from models.base import ClientId, EmployeeId
from models.open_items import Portion

# A share that is written down for the owner says nothing: the owner has the rest anyway.
_STANDING = """
WITH standing AS (
    SELECT s.client_id, s.employee_id, s.percent, sum(s.percent) OVER (
        PARTITION BY s.client_id ORDER BY s.employee_id COLLATE "C"
    ) AS upto
    FROM client_shares s JOIN clients c ON c.id = s.client_id
    WHERE s.employee_id IS DISTINCT FROM c.owner_id {among}
),
held AS (
    SELECT client_id, employee_id, (upto - percent) / 100 AS low, upto / 100 AS high FROM standing
    UNION ALL
    SELECT c.id, c.owner_id, coalesce((SELECT max(upto) FROM standing WHERE client_id = c.id), 0) / 100, 1
    FROM clients c WHERE {owner}
)
SELECT held.employee_id, held.client_id, c.source_key, held.low, held.high
FROM held JOIN clients c ON c.id = held.client_id
WHERE held.low < held.high {only} ORDER BY held.employee_id COLLATE "C", held.client_id COLLATE "C"
"""

_OF_ONE = text(
    _STANDING.format(
        among="""AND (c.owner_id = :employee
            OR c.id IN (SELECT client_id FROM client_shares WHERE employee_id = :employee))""",
        owner="c.owner_id = :employee",
        only="AND held.employee_id = :employee",
    )
)
_OF_ALL = text(_STANDING.format(among="", owner="c.owner_id IS NOT NULL", only=""))


class Held(NamedTuple):
    """One person's part of one client."""

    employee: EmployeeId
    client: ClientId
    portion: Portion


def portions_of(connection: Connection, employee_id: EmployeeId) -> dict[ClientId, Portion]:
    """The clients of one person with the part of each that is theirs; a part of nothing is left out."""
    return {held.client: held.portion for held in _held(connection, employee_id)}


def portions_of_all(connection: Connection) -> dict[EmployeeId, dict[ClientId, Portion]]:
    """The same of everybody who has a client."""
    found: dict[EmployeeId, dict[ClientId, Portion]] = defaultdict(dict)
    for held in _held(connection, None):
        found[held.employee][held.client] = held.portion
    return dict(found)


def _held(connection: Connection, employee_id: EmployeeId | None) -> Iterator[Held]:
    rows = connection.execute(_OF_ONE, {"employee": employee_id}) if employee_id else connection.execute(_OF_ALL)
    for row in rows:
        yield Held(row.employee_id, row.client_id, Portion(key=row.source_key, low=row.low, high=row.high))
