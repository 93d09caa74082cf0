"""A withdrawn case gives back what alerts had suspended before it: their books must say so, and they must not go on."""

from datetime import datetime

from sqlalchemy import Connection

from models.access import AccessState
from models.warning import ProtectionState
from store import alerts, effects, evidence, lockdown


def begin(connection: Connection, case_id: str, employee_id: str, *, at: datetime) -> None:
    """From now on no alert takes a right that the case gives back: it would keep it although its books say otherwise.

    An alert of whose rights the case has not seen every one goes on holding them.
    """
    returning = _before(connection, case_id)
    for alert_id in alerts.that_hold(connection, employee_id):
        held = _before(connection, alert_id)
        if held and held <= returning:
            lockdown.begin_restore(connection, alert_id, at=at)


def end(connection: Connection, employee_id: str, *, at: datetime) -> None:
    """The case has given all back: so has every alert that had to stop for it."""
    for alert_id in alerts.that_hold(connection, employee_id):
        if lockdown.gives_back(connection, alert_id):
            given_back(connection, alert_id, len(_before(connection, alert_id)), at=at)


def given_back(connection: Connection, alert_id: str, restored: int, *, at: datetime) -> None:
    """Write that the protection of an alert is over, with its evidence, once; its workflow is told by the next scan."""
    body: dict[str, object] = {"restored": restored}

    def do() -> tuple[None, dict[str, object]]:
        alerts.change(connection, alert_id, protection=ProtectionState.GIVEN_BACK, changed_at=at)
        evidence.append(connection, alert_id, "protection.given_back", body, at=at)
        return None, body

    key = f"{alert_id}/given_back"
    effects.once(connection, key, case_id=alert_id, request={"alert": alert_id}, at=at, do=do)


def _before(connection: Connection, chain: str) -> set[str]:
    """Rights that could be used before the chain touched them."""
    return {right.id for right in lockdown.observed(connection, chain) if right.state is AccessState.ACTIVE}
