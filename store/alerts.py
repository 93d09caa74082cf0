"""Alerts as rows: read as people may see them, moved, protected. Who they are about stays in our database."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date, datetime

from sqlalchemy import Connection, RowMapping, case, func, select, update

from models.base import AlertId, EmployeeId, Moment, Value
from models.errors import UnknownAlert
from models.reasons import because
from models.warning import Alert, AlertState, Finding, ProtectionState, RuleEffect, Severity
from store import people
from store.tables.behaviour import alerts, findings


class AlertRow(Value):
    """One alert with the person behind it. Only what runs on our side of the pseudonym may hold it."""

    id: AlertId
    employee_id: EmployeeId
    alias: str
    state: AlertState
    severity: Severity
    points: int
    first: date
    last: date
    events: int
    policy_version: str
    opened_at: Moment
    due_at: Moment
    protection: ProtectionState
    protected_until: Moment | None
    decided_by: EmployeeId | None
    decided_at: Moment | None
    note: str
    case_id: str | None
    waiting_on: tuple[EmployeeId, ...]


def get(connection: Connection, alert_id: str, *, lock: bool = False) -> AlertRow:
    """The alert with that id; UnknownAlert otherwise. `lock` keeps others from changing it until the commit."""
    query = select(alerts).where(alerts.c.id == alert_id)
    row = connection.execute(query.with_for_update() if lock else query).mappings().one_or_none()
    if row is None:
        raise UnknownAlert("there is no alert {alert!r}: `offboard alerts list` shows all of them", alert=alert_id)
    return _row_of(row)


def exists(connection: Connection, alert_id: str) -> bool:
    """True when there is an alert with that id."""
    return connection.execute(select(alerts.c.id).where(alerts.c.id == alert_id)).first() is not None


def waiting_of(connection: Connection, employee_id: str) -> AlertRow | None:
    """The alert of a person that waits to be decided; at most one does."""
    query = select(alerts).where(alerts.c.employee_id == employee_id, alerts.c.state == AlertState.NEEDS_REVIEW)
    row = connection.execute(query.with_for_update()).mappings().one_or_none()
    return _row_of(row) if row else None


def other_that_holds(connection: Connection, row: AlertRow) -> str | None:
    """Id of another alert of the same person whose protection holds rights."""
    query = select(alerts.c.id).where(
        alerts.c.employee_id == row.employee_id,
        alerts.c.id != row.id,
        alerts.c.protection == ProtectionState.SUSPENDED,
    )
    return connection.execute(query.order_by(alerts.c.opened_at.desc()).limit(1)).scalar_one_or_none()


def that_hold(connection: Connection, employee_id: str) -> list[str]:
    """Ids of the alerts of a person whose protection holds rights, in order; nobody else changes them meanwhile."""
    query = select(alerts.c.id).where(
        alerts.c.employee_id == employee_id, alerts.c.protection == ProtectionState.SUSPENDED
    )
    return list(connection.execute(query.order_by(alerts.c.id).with_for_update()).scalars())


def of_person(connection: Connection, employee_id: str, since: date) -> list[AlertRow]:
    """Alerts of a person with facts on `since` or later, oldest first."""
    query = select(alerts).where(alerts.c.employee_id == employee_id, alerts.c.last >= since)
    return [_row_of(row) for row in connection.execute(query.order_by(alerts.c.opened_at, alerts.c.id)).mappings()]


def add(connection: Connection, row: AlertRow) -> None:
    """Write a new alert."""
    connection.execute(alerts.insert().values(**row.model_dump(), changed_at=row.opened_at))


def change(connection: Connection, alert_id: str, **values: object) -> None:
    """Write columns of an alert. The table refuses a move between states that is not legal."""
    connection.execute(update(alerts).where(alerts.c.id == alert_id).values(**values))


def attach(connection: Connection, alert_id: str, keys: Iterable[str]) -> None:
    """Make findings part of an alert."""
    connection.execute(update(findings).where(findings.c.key.in_(list(keys))).values(alert_id=alert_id))


def findings_of(connection: Connection, alert_id: str) -> list[Finding]:
    """What an alert rests on, by day."""
    query = select(findings).where(findings.c.alert_id == alert_id)
    rows = connection.execute(query.order_by(findings.c.day, findings.c.rule, findings.c.key)).mappings()
    return [finding_of(row) for row in rows]


def finding_of(row: RowMapping) -> Finding:
    """Build a Finding from a row of `findings`."""
    return Finding.model_validate({name: row[name] for name in Finding.model_fields})


def untold(connection: Connection) -> dict[str, datetime]:
    """Alerts whose workflow does not know yet of all that changed, with the moment of the newest change."""
    news = alerts.c.told_at.is_distinct_from(alerts.c.changed_at)
    rows = connection.execute(select(alerts.c.id, alerts.c.changed_at).where(news).order_by(alerts.c.id))
    return {row.id: row.changed_at for row in rows}


def listed(connection: Connection, states: Sequence[AlertState], limit: int) -> list[Alert]:
    """Alerts as people may see them, without their findings: those that wait first, the most severe first."""
    rank = case({each.value: each.rank for each in Severity}, value=alerts.c.severity)
    waits = case((alerts.c.state == AlertState.NEEDS_REVIEW, 0), else_=1)
    query = select(alerts).where(alerts.c.state.in_(states))
    query = query.order_by(waits, rank.desc(), alerts.c.opened_at.desc(), alerts.c.id)
    rows = [_row_of(row) for row in connection.execute(query.limit(limit)).mappings()]
    names = people.names(connection, {row.employee_id for row in rows})
    return [shown(row, (), names.get(row.employee_id, "")) for row in rows]


def count(connection: Connection, states: Sequence[AlertState]) -> int:
    """How many alerts are in one of these states."""
    query = select(func.count()).select_from(alerts).where(alerts.c.state.in_(states))
    return connection.execute(query).scalar_one()


def effectiveness(connection: Connection) -> list[RuleEffect]:
    """Per rule with alerts: how many, and how people decided about them."""
    decided = select(findings.c.rule, alerts.c.id, alerts.c.state).join(alerts, alerts.c.id == findings.c.alert_id)
    each = decided.distinct().subquery()
    confirmed = func.count().filter(each.c.state.in_((AlertState.CONFIRMED, AlertState.RESOLVED)))
    dismissed = func.count().filter(each.c.state == AlertState.DISMISSED)
    query = select(each.c.rule, func.count().label("alerts"), confirmed.label("yes"), dismissed.label("no"))
    return [
        RuleEffect(
            rule=row.rule,
            alerts=row.alerts,
            confirmed=row.yes,
            dismissed=row.no,
            effectiveness=row.yes / (row.yes + row.no) if row.yes + row.no else None,
        )
        for row in connection.execute(query.group_by(each.c.rule).order_by(each.c.rule))
    ]


def shown(row: AlertRow, found: Sequence[Finding] = (), name: str = "") -> Alert:
    """An alert as people may see it: the alias stands for the person's id and `name`, also in the note and in findings.

    A system may build the ids of its events, or people the names of their files, from who they are; and whoever decides
    may name them in the reason.
    """
    hides = re.compile("|".join(_word(each) for each in (name, row.employee_id) if each), re.IGNORECASE)

    def hidden(text: str) -> str:
        return hides.sub(row.alias, text)

    masked = tuple(
        each.model_copy(
            update={
                "key": hidden(each.key),
                "employee_id": row.alias,
                "event_ids": tuple(map(hidden, each.event_ids)),
                "reason": because(each.reason.code, **{key: hidden(text) for key, text in each.reason.params.items()}),
            }
        )
        for each in found
    )
    fields = row.model_dump(include=set(Alert.model_fields)) | {"note": hidden(row.note)}
    return Alert(**fields, findings=masked, joined_case=row.case_id is not None)


def _word(term: str) -> str:
    """A pattern for a whole word; Chinese is written without blanks, so that a name stands anywhere in a sentence."""
    before, after = ("" if unicodedata.east_asian_width(end) == "W" else edge for end, edge in
                     ((term[0], r"(?<![^\W_])"), (term[-1], r"(?![^\W_])")))  # fmt: skip
    return before + re.escape(term) + after


def _row_of(row: RowMapping) -> AlertRow:
    return AlertRow.model_validate({name: row[name] for name in AlertRow.model_fields})
