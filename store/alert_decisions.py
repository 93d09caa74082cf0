"""What people decided about alerts: written before the workflow hears of it; none is lost, none is forged."""

import uuid
from datetime import datetime

from sqlalchemy import Connection, RowMapping, select, update
from sqlalchemy.dialects.postgresql import insert

from models.base import AlertId, EmployeeId, Moment, Value
from models.warning import AlertState, TriageDecision
from store import alerts, evidence
from store.tables import evidence as evidence_table
from store.tables.behaviour import alert_decisions

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://offboard/alert-decisions")
ACCEPTED = "alert.decision_accepted"


class StoredTriage(Value):
    """One decision. `note` stays here; `counted` is None until the workflow has heard it."""

    id: str
    alert_id: AlertId
    to_state: AlertState
    by_id: EmployeeId
    note: str
    at: Moment
    counted: bool | None

    def message(self) -> TriageDecision:
        """The decision as the workflow hears it: without its text."""
        return TriageDecision(decision_id=self.id, alert_id=self.alert_id, to=self.to_state, by=self.by_id, at=self.at)


def decision_id(alert_id: str, to: AlertState, by: str) -> str:
    """The id of a person's one decision for a state: the same on every machine and every retry."""
    return str(uuid.uuid5(_NAMESPACE, "\n".join((alert_id, to.value, by))))


def accept(connection: Connection, alert_id: str, to: AlertState, by: str, note: str, *, at: datetime) -> StoredTriage:
    """Keep a decision with its evidence; a person decides each state once, and the first time stands."""
    wanted = decision_id(alert_id, to, by)
    row = insert(alert_decisions).values(id=wanted, alert_id=alert_id, to_state=to, by_id=by, note=note, at=at)
    if connection.execute(row.on_conflict_do_nothing()).rowcount:
        body: dict[str, object] = {"decision": wanted, "to": to.value}
        evidence.append(connection, alert_id, ACCEPTED, body, at=at, actor=by)
        alerts.change(connection, alert_id, changed_at=at)
    found = get(connection, wanted)
    if found is None:
        raise LookupError(f"decision {wanted} vanished while it was written")
    return found


def get(connection: Connection, decision_id: str) -> StoredTriage | None:
    """The decision with that id, or None."""
    row = connection.execute(select(alert_decisions).where(alert_decisions.c.id == decision_id)).mappings().first()
    return _of(row) if row else None


def genuine(connection: Connection, decision: TriageDecision) -> StoredTriage | None:
    """The stored decision that a message tells of, word for word and in evidence; None for a forged one."""
    stored = get(connection, decision.decision_id)
    if stored is None or stored.message() != decision:
        return None
    query = select(evidence_table.c.seq).where(
        evidence_table.c.case_id == stored.alert_id,
        evidence_table.c.kind == ACCEPTED,
        evidence_table.c.body["decision"].astext == stored.id,
    )
    return stored if connection.execute(query.limit(1)).first() else None


def settle(connection: Connection, decision_id: str, *, counted: bool) -> None:
    """Write what became of a decision."""
    connection.execute(update(alert_decisions).where(alert_decisions.c.id == decision_id).values(counted=counted))


def unheard(connection: Connection, alert_id: str) -> list[StoredTriage]:
    """Decisions about an alert that its workflow has not heard yet, in the order in which people took them."""
    query = select(alert_decisions).where(alert_decisions.c.alert_id == alert_id, alert_decisions.c.counted.is_(None))
    rows = connection.execute(query.order_by(alert_decisions.c.at, alert_decisions.c.id)).mappings()
    return [_of(row) for row in rows]


def unanswered(connection: Connection, accepted_before: datetime) -> list[StoredTriage]:
    """Decisions about all alerts that no workflow has heard yet, in the order in which people took them."""
    waiting = alert_decisions.c.counted.is_(None) & (alert_decisions.c.at < accepted_before)
    query = select(alert_decisions).where(waiting).order_by(alert_decisions.c.at, alert_decisions.c.id)
    return [_of(row) for row in connection.execute(query).mappings()]


def _of(row: RowMapping) -> StoredTriage:
    return StoredTriage.model_validate(dict(row))
