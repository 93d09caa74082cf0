"""What people do with alerts: look, decide, see who it is about; and the list of people who are watched by name."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection
from temporalio.client import Client, WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.service import RPCError

from activities import alert_records
from models.alert_rights import refusal_to_decide, refusal_to_reveal, refusal_to_watch
from models.approvals import Refusal
from models.base import AlertId, EmployeeId, Value
from models.errors import DecisionRefused, Refused, Unavailable
from models.people import Employee
from models.warning import MOVES, Alert, AlertState, DecidedTriage, RuleEffect, Severity
from services.cases import ANSWER_WITHIN, as_refusal
from store import alert_decisions, alerts, evidence, people, watchlist
from store.alert_decisions import StoredTriage
from store.alerts import AlertRow
from store.database import Database
from store.policies import load_warning_policy

Connect = Callable[[], Awaitable[Client]]

OPEN = (AlertState.NEEDS_REVIEW, AlertState.CONFIRMED)
LONGEST_WATCH = timedelta(days=366)


class AlertList(Value):
    """Alerts as people may see them; `more` is how many were left off."""

    alerts: tuple[Alert, ...]
    more: int


class AlertDecided(Value):
    """What became of a decision. `stored`: no worker answered; it counts as soon as one does."""

    alert_id: AlertId
    alias: str
    state: AlertState
    counted: bool
    stored: bool = False


class Revealed(Value):
    """Who an alert is about, told to one person for a reason, which is in the evidence."""

    alert_id: AlertId
    alias: str
    severity: Severity
    employee_id: EmployeeId
    name: str
    case_id: str | None
    revealed_to: EmployeeId


class Watched(Value):
    """One entry of the watchlist."""

    employee_id: EmployeeId
    since: date
    until: date
    by_id: EmployeeId
    reason: str


class Effectiveness(Value):
    """Every rule with alerts, and how often people agreed with it."""

    rules: tuple[RuleEffect, ...]


def list_alerts(database: Database, states: Sequence[AlertState] = OPEN, limit: int = 100) -> AlertList:
    """Alerts in these states: those that wait first, the most severe first."""
    with database.begin() as connection:
        found = alerts.listed(connection, states, limit)
        return AlertList(alerts=tuple(found), more=alerts.count(connection, states) - len(found))


def show_alert(database: Database, alert_id: str) -> Alert:
    """One alert with what it rests on. Raises UnknownAlert."""
    with database.begin() as connection:
        row = alerts.get(connection, alert_id)
        name = people.get(connection, row.employee_id).name
        return alerts.shown(row, alerts.findings_of(connection, row.id), name)


async def decide(
    database: Database,
    connect: Connect,
    *,
    alert_id: str,
    to: AlertState,
    by: str,
    note: str,
    policy_dir: Path | None = None,
) -> AlertDecided:
    """Store a decision, then tell the workflow; without a worker it is heard later, by the time it was taken.

    `by` is an id or an exact name. Raises UnknownAlert, UnknownEmployee, NotAllowed (no role, or about oneself) and
    DecisionRefused (no reason given, or the alert was decided already).
    """
    triage = load_warning_policy(folder=policy_dir).triage
    with database.begin() as connection:
        row = alerts.get(connection, alert_id, lock=True)
        person = people.find(connection, by)
        if refusal := refusal_to_decide(person, row.employee_id, to, row.waiting_on, triage):
            raise refusal
        known = alert_decisions.get(connection, alert_decisions.decision_id(row.id, to, person.id))
        if known is None:
            _refuse_impossible(row, to, note)
        elif known.counted is not None:
            return AlertDecided(alert_id=row.id, alias=row.alias, state=row.state, counted=known.counted)
        stored = alert_decisions.accept(connection, row.id, to, person.id, note.strip(), at=datetime.now(UTC))
    try:
        heard = await _tell(connect, stored)
    except DecisionRefused:  # somebody else was faster
        _settle(database, stored)
        raise
    if heard is None:
        return AlertDecided(alert_id=row.id, alias=row.alias, state=row.state, counted=False, stored=True)
    return AlertDecided(alert_id=row.id, alias=row.alias, state=heard.state, counted=heard.counted)


async def tell_stored(database: Database, connect: Connect, accepted_before: datetime) -> int:
    """Tell the workflows what they have not heard yet; returns how many decisions were answered.

    May run anywhere and at once: a decision counts once, whoever tells it. Raises Unavailable (our database).
    """
    with database.begin() as connection:
        waiting = alert_decisions.unanswered(connection, accepted_before)
        possible = {each.id: each.to_state in MOVES[alerts.get(connection, each.alert_id).state] for each in waiting}
    answered = 0
    for stored in waiting:
        try:
            heard = await _tell(connect, stored) if possible[stored.id] else _settle(database, stored)
        except DecisionRefused:
            heard = _settle(database, stored)
        answered += heard is not None
    return answered


def reveal(database: Database, alert_id: str, by: str, reason: str, policy_dir: Path | None = None) -> Revealed:
    """Say who an alert is about, after it is in the evidence who asked and why. A refused try is in there too.

    Raises UnknownAlert, UnknownEmployee and NotAllowed (no role for it, no reason, or about oneself).
    """
    triage = load_warning_policy(folder=policy_dir).triage
    with database.begin() as connection:
        row = alerts.get(connection, alert_id)
        person = people.find(connection, by)
    refusal = refusal_to_reveal(person, row.employee_id, reason, triage)
    kind = "alert.reveal_refused" if refusal else "alert.revealed"
    with database.begin() as connection:
        now = datetime.now(UTC)
        evidence.append(connection, row.id, kind, {"reason": reason.strip()[:500]}, at=now, actor=person.id)
    if refusal:
        raise refusal
    with database.begin() as connection:
        subject = people.get(connection, row.employee_id)
        row = alerts.get(connection, alert_id)
    return Revealed(
        alert_id=row.id,
        alias=row.alias,
        severity=row.severity,
        employee_id=subject.id,
        name=subject.name,
        case_id=row.case_id,
        revealed_to=person.id,
    )


def effectiveness(database: Database) -> Effectiveness:
    """Per rule: its alerts, and confirmed / (confirmed + dismissed); None before the first decision."""
    with database.begin() as connection:
        return Effectiveness(rules=tuple(alerts.effectiveness(connection)))


def watch(
    database: Database, employee: str, by: str, reason: str, until: date, policy_dir: Path | None = None
) -> Watched:
    """Put a person on the watchlist until a day: supporting findings count while they are on it.

    Raises UnknownEmployee, NotAllowed (no role for it, no reason, oneself) and Refused (a day that is over or too far).
    """
    triage = load_warning_policy(folder=policy_dir).triage
    now = datetime.now(UTC)
    today = now.date()
    with database.begin() as connection:
        subject, person = _pair(connection, employee, by)
        if refusal := refusal_to_watch(person, subject.id, reason, triage):
            raise refusal
        if not today <= until <= today + LONGEST_WATCH:
            raise Refused("a watch ends within a year from today, not on {day}; nobody was added", day=until)
        watchlist.add(connection, subject.id, person.id, reason.strip(), until=until, at=now)
    return Watched(employee_id=subject.id, since=today, until=until, by_id=person.id, reason=reason.strip())


def unwatch(database: Database, employee: str, by: str, reason: str, policy_dir: Path | None = None) -> int:
    """Take a person off the watchlist from today on; returns how many entries ended. Raises as `watch` does."""
    triage = load_warning_policy(folder=policy_dir).triage
    with database.begin() as connection:
        subject, person = _pair(connection, employee, by)
        if refusal := refusal_to_watch(person, subject.id, reason, triage):
            raise refusal
        return watchlist.end(connection, subject.id, person.id, reason.strip(), at=datetime.now(UTC))


def watched(database: Database) -> list[Watched]:
    """Who is on the watchlist today."""
    with database.begin() as connection:
        rows = watchlist.current(connection, datetime.now(UTC).date())
        return [Watched.model_validate(row) for row in rows]


def _pair(connection: Connection, employee: str, by: str) -> tuple[Employee, Employee]:
    return people.find(connection, employee), people.find(connection, by)


def _refuse_impossible(row: AlertRow, to: AlertState, note: str) -> None:
    if to not in MOVES[row.state]:
        raise DecisionRefused(
            "the alert is {phase} already: it cannot become {what}",
            phase=row.state,
            what=to,
            reason=Refusal.ALREADY_DECIDED,
        )
    if not note.strip():
        raise DecisionRefused("say why: a decision about an alert needs a reason", reason=Refusal.REASON_MISSING)


def _settle(database: Database, stored: StoredTriage) -> DecidedTriage:
    """What became of a decision that cannot count any more: its workflow may be over and not hear of it."""
    with database.begin() as connection:
        return alert_records.record(connection, stored.message(), at=datetime.now(UTC))


async def _tell(connect: Connect, stored: StoredTriage) -> DecidedTriage | None:
    """The answer of the workflow; None when it cannot be reached, so that the stored decision waits."""
    try:
        client = await connect()
        heard: DecidedTriage = await client.get_workflow_handle(stored.alert_id).execute_update(
            "decide", stored.message(), id=stored.id, result_type=DecidedTriage, rpc_timeout=ANSWER_WITHIN
        )
    except WorkflowUpdateFailedError as refused:
        raise as_refusal(refused) from refused
    except (WorkflowUpdateRPCTimeoutOrCancelledError, RPCError, Unavailable):
        return None
    return heard
