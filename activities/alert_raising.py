"""How findings become alerts: one alert of a person waits at a time, and what is found meanwhile joins it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, text

from models.errors import Unavailable
from models.warning import AlertState, Finding, ProtectionState, RuleId, severity_of
from models.warning_policy import WarningPolicy
from store import alerts, evidence, outbox, raising
from store.alerts import AlertRow
from store.aliases import alias_of
from store.outbox import MessageKind, Tidings

LONGEST_WALK = 366  # days to look for an id that is free


def raise_for(
    connection: Connection, employee_id: str, as_of: date, policy: WarningPolicy, *, at: datetime
) -> tuple[str, bool] | None:
    """Open or extend the alert of one person; (its id, opened) or None when nothing waits any more.

    Two scans at once take turns, so that the second finds the alert of the first.
    """
    connection.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 1))"), {"key": f"alerts/{employee_id}"}
    )
    found = raising.waiting(connection, employee_id, as_of, policy.windows)
    if not found:
        return None
    # After a burst the waiting alert still takes what is found, so that two people never triage the same person.
    open_alert = alerts.waiting_of(connection, employee_id)
    if open_alert is None:
        return _open(connection, employee_id, found, as_of, policy, at), True
    _extend(connection, open_alert, found, policy, at)
    return open_alert.id, False


def points_of(found: Iterable[Finding]) -> int:
    """Points of an alert: each rule counts once, with its worst finding (features 4.5)."""
    worst: dict[RuleId, int] = defaultdict(int)
    for each in found:
        worst[each.rule] = max(worst[each.rule], each.points)
    return sum(worst.values())


def events_of(found: Iterable[Finding]) -> int:
    """How many events an alert is about. Several rules count the same events of a day: they are counted once."""
    days: dict[date, int] = defaultdict(int)
    longest = 0
    for each in found:
        if each.first == each.day:
            days[each.day] = max(days[each.day], each.events)
        else:
            longest = max(longest, each.events)
    return max(longest, sum(days.values()))


def _open(
    connection: Connection,
    employee_id: str,
    found: Sequence[Finding],
    as_of: date,
    policy: WarningPolicy,
    at: datetime,
) -> str:
    alias = alias_of(connection, employee_id)
    points = points_of(found)
    row = AlertRow(
        id=_free_id(connection, alias, as_of),
        employee_id=employee_id,
        alias=alias,
        state=AlertState.NEEDS_REVIEW,
        severity=severity_of(points),
        points=points,
        first=min(each.first for each in found),
        last=max(each.day for each in found),
        events=events_of(found),
        policy_version=policy.version,
        opened_at=at,
        due_at=at + timedelta(days=policy.triage.working_days),  # until somebody is asked, who has working days
        protection=ProtectionState.NONE,
        protected_until=None,
        decided_by=None,
        decided_at=None,
        note="",
        case_id=None,
        waiting_on=(),
    )
    alerts.add(connection, row)
    alerts.attach(connection, row.id, (each.key for each in found))
    evidence.append(connection, row.id, "alert.opened", _facts(row, found), at=at)
    return row.id


def _extend(
    connection: Connection, row: AlertRow, found: Sequence[Finding], policy: WarningPolicy, at: datetime
) -> None:
    alerts.attach(connection, row.id, (each.key for each in found))
    every = alerts.findings_of(connection, row.id)
    points = max(row.points, points_of(every))
    grown = row.model_copy(
        update={
            "points": points,
            "severity": severity_of(points),
            "first": min(row.first, *(each.first for each in found)),
            "last": max(row.last, *(each.day for each in found)),
            "events": events_of(every),
        }
    )
    values = grown.model_dump(include={"points", "severity", "first", "last", "events"})
    alerts.change(connection, row.id, **values, changed_at=at)
    evidence.append(connection, row.id, "alert.extended", _facts(grown, found), at=at)
    # A burst is told once; a worse severity or a new burst is news.
    new_burst = min(each.day for each in found) > row.last + timedelta(days=policy.windows.burst)
    if new_burst or grown.severity is not row.severity:
        key = f"{grown.severity.value}/{grown.last.isoformat()}"
        for person in row.waiting_on:
            outbox.put(connection, row.id, person, MessageKind.ALERT_GREW, Tidings(), key=key, at=at)


def _facts(row: AlertRow, found: Sequence[Finding]) -> dict[str, object]:
    rules = sorted({each.rule.value for each in found})
    return {"severity": row.severity.value, "points": row.points, "events": row.events, "rules": list(rules)}


def _free_id(connection: Connection, alias: str, as_of: date) -> str:
    """`alert-<alias>-<day>`: the day of the facts, or the next one that no other alert of the person has."""
    for ahead in range(LONGEST_WALK):
        wanted = f"alert-{alias}-{as_of + timedelta(days=ahead):%Y%m%d}"
        if not alerts.exists(connection, wanted):
            return wanted
    raise Unavailable("no free id for an alert was found; it is tried again by itself")
