"""When a case is opened, the indicators look back at what the leaver did, and confirmed alerts join the case."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from activities.alert_records import join_waiting
from models.exfiltration import Feed, Group, LookBack, score_exfiltration
from models.risk import DomainScore
from models.warning import AlertState
from models.warning_policy import Feed as FeedPolicy
from models.warning_policy import WarningPolicy
from store import activity, alerts, effects, evidence, findings
from store.cases import CaseRow
from store.policies import load_warning_policy
from store.tables import effects as done
from store.tables.behaviour import alerts as alert_rows
from store.tables.behaviour import findings as finding_rows

ACTIVITY = "activity_events"


def look_back(connection: Connection, case: CaseRow, policy_dir: Path | None, *, at: datetime) -> None:
    """Find what the leaver did in the days before the notice, once a case, and let confirmed alerts join it."""
    policy = load_warning_policy(folder=policy_dir)
    since = case.plan.dates.notice_date - timedelta(days=policy.windows.before_trigger)

    def do() -> tuple[None, dict[str, Any]]:
        look = _feed(connection, policy, since, case.plan.as_of)
        found = 0
        if look.feed is not Feed.ABSENT:
            found = _find(connection, case, policy, at)
        joined = join_waiting(connection, case.employee_id, case.id, since, at=at)
        if found or joined or look.feed is not Feed.ABSENT:
            body: dict[str, object] = {**look.model_dump(mode="json"), "new_findings": found, "alerts_joined": joined}
            evidence.append(connection, case.id, "activity.looked_back", body, at=at)
        return None, look.model_dump(mode="json")

    effects.once(connection, _key(case.id), case_id=case.id, request={"case": case.id}, at=at, do=do)


def exfiltration(connection: Connection, case: CaseRow, last_known: Decimal | None) -> DomainScore:
    """The domain as our books have it now: decisions of people since the last report count."""
    look = _looked(connection, case.id)
    if look is None and activity.newest(connection, ACTIVITY, case.plan.as_of) is None:
        look = LookBack(feed=Feed.ABSENT, since=case.plan.as_of, until=case.plan.as_of)
    groups = _groups(connection, case.employee_id, look.since) if look and look.feed is not Feed.ABSENT else []
    return score_exfiltration(look, groups, last_known)


def _find(connection: Connection, case: CaseRow, policy: WarningPolicy, at: datetime) -> int:
    from early_warning.activity import load_activity  # noqa: PLC0415  (pandas: a worker starts without it)
    from early_warning.indicators.finder import find  # noqa: PLC0415

    frames = load_activity(connection, [case.employee_id], case.plan.as_of, policy)
    found = find(frames, policy, case.plan.as_of).findings
    return findings.save(connection, found, policy.version, at=at)


def _feed(connection: Connection, policy: WarningPolicy, since: date, until: date) -> LookBack:
    newest = activity.newest(connection, ACTIVITY, until)
    silent = timedelta(days=policy.feeds.get(ACTIVITY, FeedPolicy()).silent_days)
    if newest is None:
        return LookBack(feed=Feed.ABSENT, since=since, until=until)
    feed = Feed.STALE if newest < until - silent else Feed.FRESH
    return LookBack(feed=feed, since=since, until=until, newest=newest)


def _looked(connection: Connection, case_id: str) -> LookBack | None:
    result = connection.execute(select(done.c.result).where(done.c.key == _key(case_id))).scalar_one_or_none()
    return LookBack.model_validate(result) if result else None


def _groups(connection: Connection, employee_id: str, since: date) -> list[Group]:
    query = (
        select(finding_rows, alert_rows.c.state)
        .outerjoin(alert_rows, alert_rows.c.id == finding_rows.c.alert_id)
        .where(finding_rows.c.employee_id == employee_id, finding_rows.c.day >= since)
    )
    rows = connection.execute(query.order_by(finding_rows.c.day, finding_rows.c.key)).mappings().all()
    ids = sorted({row["alert_id"] for row in rows}, key=str)
    return [
        Group(
            state=AlertState(own[0]["state"]) if alert_id else None,
            findings=tuple(alerts.finding_of(row) for row in own),
        )
        for alert_id in ids
        if (own := [row for row in rows if row["alert_id"] == alert_id])
    ]


def _key(case_id: str) -> str:
    return f"{case_id}/look_back"
