"""Which findings become alerts: those that count and are in none yet. Supporting ones count only inside a window."""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Connection, Date, Select, cast, exists, select, union_all

from models.case import Phase
from models.warning import AlertState, Finding
from models.warning_policy import Windows
from store.alerts import finding_of
from store.tables import cases
from store.tables.behaviour import alerts, findings, watchlist


def people_waiting(connection: Connection, as_of: date, windows: Windows) -> list[str]:
    """Ids of people with findings up to `as_of` that count and are in no alert, in order."""
    query = select(findings.c.employee_id).where(_counts(as_of, windows)).distinct()
    return list(connection.execute(query.order_by(findings.c.employee_id)).scalars())


def waiting(connection: Connection, employee_id: str, as_of: date, windows: Windows) -> list[Finding]:
    """Findings of one person that count and are in no alert yet, by day."""
    query = select(findings).where(_counts(as_of, windows), findings.c.employee_id == employee_id)
    rows = connection.execute(query.order_by(findings.c.day, findings.c.rule, findings.c.key)).mappings()
    return [finding_of(row) for row in rows]


def _counts(as_of: date, windows: Windows) -> ColumnElement[bool]:
    opened = _windows(windows).subquery()
    inside = exists().where(
        opened.c.employee_id == findings.c.employee_id,
        findings.c.day >= opened.c.day - windows.before_trigger,
        findings.c.day <= opened.c.last,
    )
    # What is older than the window before a trigger is history: nobody is asked about it any more.
    in_reach = findings.c.day.between(as_of - timedelta(days=windows.before_trigger), as_of)
    return findings.c.alert_id.is_(None) & in_reach & (~findings.c.supporting | inside)


def _windows(windows: Windows) -> CompoundSelect[Any]:
    """Every window by person: the day of its trigger and its last day. What people dismissed opens none."""
    notice = cast(cases.c.plan["dates"]["notice_date"].astext, Date)
    by_case: Select[Any] = select(
        cases.c.employee_id, notice.label("day"), (notice + windows.after_trigger).label("last")
    ).where(cases.c.phase != Phase.WITHDRAWN)
    by_name: Select[Any] = select(watchlist.c.employee_id, watchlist.c.since, watchlist.c.until)
    own = findings.alias("trigger")
    dismissed = exists().where(alerts.c.id == own.c.alert_id, alerts.c.state == AlertState.DISMISSED)
    by_behaviour: Select[Any] = select(own.c.employee_id, own.c.day, own.c.day + windows.after_trigger).where(
        ~own.c.supporting, ~dismissed
    )
    return union_all(by_case, by_name, by_behaviour)
