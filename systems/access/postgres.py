"""The directory in our own database: rights as they were imported."""

from collections.abc import Sequence

from sqlalchemy import select, update

from models.access import AccessState, Entitlement
from models.errors import Refused
from store.database import Database
from store.tables import entitlements


class PostgresAccessDirectory:
    """Keeps rights in the table `entitlements`, each change in a transaction of its own, as a foreign system would."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def rights_of(self, employee_id: str) -> Sequence[Entitlement]:
        """All rights of a person with their present state, ordered by grade, system, id; empty for a stranger."""
        query = (
            select(entitlements)
            .where(entitlements.c.employee_id == employee_id)
            .order_by(entitlements.c.grade, entitlements.c.system, entitlements.c.id)
        )
        with self._database.begin() as connection:
            return [Entitlement.model_validate(dict(row)) for row in connection.execute(query).mappings()]

    def state_of(self, entitlement_id: str) -> AccessState:
        """The state of one right now; Refused when it is not known."""
        with self._database.begin() as connection:
            state = connection.execute(
                select(entitlements.c.state).where(entitlements.c.id == entitlement_id)
            ).scalar_one_or_none()
        if state is None:
            raise _unknown(entitlement_id)
        return AccessState(state)

    def suspend(self, entitlement_id: str) -> None:
        """Take a right away; Refused when it is not known."""
        self.restore(entitlement_id, AccessState.SUSPENDED)

    def restore(self, entitlement_id: str, state: AccessState) -> None:
        """Put a right into a state; Refused when it is not known."""
        with self._database.begin() as connection:
            changed = connection.execute(
                update(entitlements).where(entitlements.c.id == entitlement_id).values(state=state)
            )
        if changed.rowcount == 0:
            raise _unknown(entitlement_id)


def _unknown(entitlement_id: str) -> Refused:
    return Refused("the directory knows no right {entitlement!r}; nothing was changed", entitlement=entitlement_id)
