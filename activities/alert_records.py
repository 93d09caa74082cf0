"""What becomes of decisions about alerts, and how an alert finds the case of the person: rows and evidence at once."""

from datetime import date, datetime

from sqlalchemy import Connection

from models.evidence import digest
from models.warning import MOVES, AlertState, DecidedTriage, TriageDecision
from store import alert_decisions, alerts, cases, effects, evidence
from store.alerts import AlertRow

CONFIRMED = (AlertState.CONFIRMED, AlertState.RESOLVED)


def record(connection: Connection, decision: TriageDecision, *, at: datetime) -> DecidedTriage:
    """Count a decision once, or say why it does not count; a repeat gets the same answer.

    Of two at once the first to get here wins. What nobody stored with us is forged: that is written down, no more.
    """
    alert = alerts.get(connection, decision.alert_id, lock=True)
    stored = alert_decisions.genuine(connection, decision)
    if stored is None:
        _keep_forgery(connection, decision, at)
        return DecidedTriage(counted=False, state=alert.state, forged=True)
    if stored.counted is not None:
        return DecidedTriage(counted=stored.counted, state=alert.state)
    counted = decision.to in MOVES[alert.state]
    alert_decisions.settle(connection, stored.id, counted=counted)
    if not counted:
        body: dict[str, object] = {"decision": stored.id, "state": alert.state.value}
        evidence.append(connection, alert.id, "alert.decision_refused", body, at=at, actor=stored.by_id)
        return DecidedTriage(counted=False, state=alert.state)
    alerts.change(
        connection,
        alert.id,
        state=decision.to,
        decided_by=stored.by_id,
        decided_at=stored.at,
        note=stored.note,
        waiting_on=[],
    )
    facts: dict[str, object] = {"decision": stored.id, "from": alert.state.value}
    evidence.append(connection, alert.id, f"alert.{decision.to.value}", facts, at=at, actor=stored.by_id)
    if decision.to is AlertState.CONFIRMED and (case := cases.open_case_of(connection, alert.employee_id)):
        join(connection, alert, case, at=at)
    return DecidedTriage(counted=True, state=decision.to)


def join(connection: Connection, alert: AlertRow, case_id: str, *, at: datetime) -> None:
    """A confirmed alert becomes part of a case, in the evidence of both."""
    alerts.change(connection, alert.id, case_id=case_id)
    body: dict[str, object] = {"alert": alert.id, "severity": alert.severity.value}
    evidence.append(connection, case_id, "alert.joined", body, at=at)
    # The id of a case tells whose it is, so the evidence of the alert does not hold it.
    evidence.append(connection, alert.id, "alert.joined_case", {"case": digest(case_id)[:16]}, at=at)


def join_waiting(connection: Connection, employee_id: str, case_id: str, since: date, *, at: datetime) -> int:
    """A case was opened: confirmed alerts about facts on `since` or later that belong to no case yet join it."""
    waiting = [
        alert
        for alert in alerts.of_person(connection, employee_id, since)
        if alert.case_id is None and alert.state in CONFIRMED
    ]
    for alert in waiting:
        join(connection, alert, case_id, at=at)
    return len(waiting)


def _keep_forgery(connection: Connection, decision: TriageDecision, at: datetime) -> None:
    body: dict[str, object] = {"decision": decision.decision_id, "to": decision.to.value}

    def do() -> tuple[None, dict[str, object]]:
        evidence.append(connection, decision.alert_id, "alert.decision_forged", body, at=at)
        return None, body

    # Whatever else a second message with this id says, it is as forged as the first.
    key = f"{decision.alert_id}/forged/{digest(decision.decision_id)[:32]}"
    request = {"decision": decision.decision_id}
    effects.once(connection, key, case_id=decision.alert_id, request=request, at=at, do=do)
