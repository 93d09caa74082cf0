"""How people want to be reached, as rows. Who chose nothing has no row."""

from datetime import datetime

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from models.preferences import Preferences
from store import people
from store.tables import preferences


def get(connection: Connection, employee_id: str) -> Preferences:
    """What a person chose, or the defaults."""
    row = connection.execute(select(preferences).where(preferences.c.employee_id == employee_id)).mappings().first()
    if row is None:
        return Preferences(employee_id=employee_id)
    return Preferences.model_validate({name: row[name] for name in Preferences.model_fields})


def put(connection: Connection, chosen: Preferences, *, at: datetime) -> None:
    """Keep what a person chose, in place of what they chose before. Raises UnknownEmployee."""
    people.get(connection, chosen.employee_id)
    values = chosen.model_dump() | {"changed_at": at}
    row = insert(preferences).values(values)
    connection.execute(row.on_conflict_do_update(index_elements=["employee_id"], set_=values))
