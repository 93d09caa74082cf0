"""Whole scans on real servers: everybody once, the same twice, interrupted, at once, and on silent feeds."""

import asyncio
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from temporalio.client import Client, WorkflowFailureError
from temporalio.exceptions import ActivityError, ApplicationError

from activities import alerts as alert_activities
from activities import scan as scan_activities
from models.errors import BadDates, ModelRefused, Refused
from models.scan import Basis, RaisedAlerts, ScanCounts, ScanKind, ScanProgress, ScanRequest, ScanResult, day_in
from models.search_attributes import TASK_QUEUE
from models.warning import RuleId
from services import scans
from store import tables
from store.scans import newest
from tests.integration.real_engine import Engine
from tests.integration.scans.starting import begun, scanned, watched
from tests.scanned import TODAY, Scanned

WRITTEN = frozenset({"risk_scores", "findings", "scans", "alerts", "aliases", "outbox", "talks", "evidence",
                     "evidence_heads", "effects"})  # fmt: skip
YESTERDAY = TODAY - timedelta(days=1)


# ---- everybody ----


def test_a_scan_scores_every_active_salesperson_and_touches_nothing_else(company: Scanned, engine: Engine) -> None:
    before = company.fingerprint(without=WRITTEN)
    result = scanned(engine, ScanRequest(as_of=TODAY))
    found = company.scores_of(TODAY)
    assert tuple(sorted(found)) == company.sellers
    assert result.people == len(company.sellers) + 1, "who is in a case still acts"
    assert result.counts == ScanCounts(scored=len(found) - 1, insufficient=1)
    assert (result.feeds.degraded, result.feeds.absent) == ((), ("activity_events",))
    blank = found.pop(company.newcomer)
    assert (blank.basis, blank.score, blank.reasons) == (Basis.INSUFFICIENT_HISTORY, None, ())
    for score in found.values():
        explained = scans.explain(company.database, score.employee_id, TODAY)
        assert float(score.score or 0) == pytest.approx(sum(explained.contributions.values()), abs=0.006)
    assert company.fingerprint(without=WRITTEN) == before
    with company.database.begin() as connection:
        (row,) = newest(connection, 5)
    assert (row.id, row.kind, row.people) == (result.scan_id, ScanKind.DAILY, result.people)
    assert row.finished_at
    assert row.counts
    assert row.counts["scored"] == result.counts.scored


def test_the_one_who_is_fading_comes_first(company: Scanned, engine: Engine) -> None:
    scanned(engine, ScanRequest(as_of=TODAY))
    status = engine.run(lambda client: scans.scan_status(client, company.database, limit=5))
    assert status.day == TODAY
    assert status.highest[0].employee_id == company.fading


def test_the_same_scan_twice_changes_nothing_and_opens_no_second_alert(company: Scanned, engine: Engine) -> None:
    company.exports(company.sellers[3], YESTERDAY, 2500)
    first = scanned(engine, ScanRequest(as_of=TODAY))
    then = company.rows("risk_scores"), company.found(), company.rows("aliases")
    assert len(first.raised.opened) == 1
    again = scanned(engine, ScanRequest(as_of=TODAY))
    assert (company.rows("risk_scores"), company.found(), company.rows("aliases")) == then
    assert len(company.rows("alerts")) == 1
    assert again.raised == RaisedAlerts()
    assert again.counts == first.counts.model_copy(update={"findings": 0})
    told = [scans.outcome_of(company.database, result).alerts for result in (first, again)]
    assert [each.model_copy(update={"new": False}) for each in told[0]] == list(told[1])
    (alert,) = told[0]
    assert RuleId.MASS_EXPORT in alert.rules
    assert company.sellers[3] not in alert.model_dump_json()


def test_two_scans_of_one_day_at_once_are_as_good_as_one(company: Scanned, engine: Engine) -> None:
    company.exports(company.sellers[3], YESTERDAY, 2500)

    async def both(client: Client) -> list[ScanResult]:
        handles = [await begun(client, ScanRequest(as_of=TODAY, shard_size=7)) for _ in range(2)]
        return list(await asyncio.gather(*(handle.result() for handle in handles)))

    results = engine.run(both)
    assert tuple(sorted(company.scores_of(TODAY))) == company.sellers
    assert [result.counts.scored for result in results] == [len(company.sellers) - 1] * 2
    assert len(company.rows("alerts")) == 1
    assert len({alert for result in results for alert in result.raised.opened}) == 1


def test_history_holds_no_name_and_a_summary_on_every_step(company: Scanned, engine: Engine) -> None:
    company.exports(company.sellers[3], YESTERDAY, 2500)

    async def go(client: Client) -> tuple[ScanResult, ScanProgress, Any]:
        handle = await begun(client, ScanRequest(as_of=TODAY, shard_size=5))
        result = await handle.result()
        return result, await handle.query("progress", result_type=ScanProgress), await handle.fetch_history()

    result, progress, history = engine.run(go)
    assert (progress.done, progress.people) == (result.people, result.people)
    scheduled = [event for event in history.events if event.HasField("activity_task_scheduled_event_attributes")]
    assert len(scheduled) == 1 + -(-result.people // 5) + 3
    assert all(event.user_metadata.summary.data for event in scheduled)
    per_shard = len(history.events) / -(-result.people // 5)
    assert per_shard * 50 < 10_000, "100,000 people are 50 shards"
    with company.database.begin() as connection:
        names = connection.execute(select(tables.employees.c.name)).scalars().all()
    told = json.dumps(history.to_json_dict(), ensure_ascii=False)
    assert not [name for name in names if name in told]


def test_a_shard_that_dies_half_way_goes_on_behind_the_last_person_done(
    company: Scanned, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[str] = []
    look_at = scan_activities._look_at

    def dies_once(connection: Any, people: Any, *rest: Any) -> ScanCounts:
        if len(looked_at) == 10:
            looked_at.append("died")
            raise RuntimeError("killed")
        looked_at.extend(people)
        return look_at(connection, people, *rest)

    monkeypatch.setattr(scan_activities, "AT_ONCE", 5)
    monkeypatch.setattr(scan_activities, "_look_at", dies_once)
    result = scanned(engine, ScanRequest(as_of=TODAY))
    assert looked_at.pop(10) == "died"
    assert len(looked_at) == len(set(looked_at)) == result.people
    assert result.counts.scored + result.counts.insufficient == len(company.scores_of(TODAY)) == len(company.sellers)


def test_a_shard_whose_last_person_done_has_left_is_looked_at_anew_and_nobody_counts_twice(
    company: Scanned, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[str] = []
    look_at = scan_activities._look_at

    def dies_once(connection: Any, people: Any, *rest: Any) -> ScanCounts:
        if len(looked_at) == 10:
            with company.database.begin() as other:
                gone = update(tables.employees).where(tables.employees.c.id == looked_at[-1])
                other.execute(gone.values(status="left", left_on=TODAY))
            looked_at.append("died")
            raise RuntimeError("killed")
        looked_at.extend(people)
        return look_at(connection, people, *rest)

    monkeypatch.setattr(scan_activities, "AT_ONCE", 5)
    monkeypatch.setattr(scan_activities, "_look_at", dies_once)
    counts = scanned(engine, ScanRequest(as_of=TODAY)).counts
    assert counts.scored + counts.insufficient + counts.unknown == len(company.sellers) - 1
    assert looked_at.count(looked_at[0]) == 2, "it began again"


def test_a_scan_names_no_more_alerts_than_its_answer_can_hold_and_counts_them_all(
    company: Scanned, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alert_activities, "MOST_NAMED", 1)
    for seller in company.sellers[:3]:
        company.exports(seller, TODAY, 5_000)
    raised = scanned(engine, ScanRequest(as_of=TODAY)).raised
    assert (len(raised.opened), raised.more_opened) == (1, 2)
    with company.database.begin() as connection:
        (row,) = newest(connection, 1)
    assert row.counts is not None
    assert row.counts["alerts_opened"] == 3


# ---- feeds ----


def test_a_silent_feed_makes_scores_unknown_until_it_is_back(company: Scanned, engine: Engine) -> None:
    day, log = TODAY, tables.interactions
    with company.database.begin() as connection:
        connection.execute(update(log).values(occurred_at=log.c.occurred_at - timedelta(days=12)))
    result = scanned(engine, ScanRequest(as_of=day))
    assert "interactions" in result.feeds.degraded
    assert result.counts == ScanCounts(unknown=len(company.sellers))
    assert {score.basis for score in company.scores_of(day).values()} == {Basis.UNKNOWN}
    assert {score.score for score in company.scores_of(day).values()} == {None}
    with company.database.begin() as connection:
        last = select(log.c.id).order_by(log.c.occurred_at.desc()).limit(1).scalar_subquery()
        moved = datetime.combine(day, datetime.min.time(), UTC)
        connection.execute(update(log).where(log.c.id == last).values(occurred_at=moved))
    back = scanned(engine, ScanRequest(as_of=day))
    assert "interactions" not in back.feeds.degraded
    assert back.counts.unknown == 0
    assert back.counts.scored > 0


def test_a_silent_activity_feed_degrades_the_scan_by_name_and_leaves_scores_alone(
    company: Scanned, engine: Engine
) -> None:
    company.exports(company.sellers[3], TODAY - timedelta(days=6), 10)
    result = scanned(engine, ScanRequest(as_of=TODAY))
    assert (result.feeds.degraded, result.feeds.absent) == (("activity_events",), ())
    assert result.counts.scored == len(company.sellers) - 1


# ---- refusals ----


def test_a_damaged_model_scores_nobody_and_the_watch_goes_on(company: Scanned, engine: Engine) -> None:
    with company.database.begin() as connection:
        connection.execute(
            insert(tables.models_registry).values(
                version="trees-damaged", document=b"{}", sha256="0" * 64, card={},
                trained_at=datetime.now(UTC), promoted_at=datetime.now(UTC), promoted_by=company.fading,
            )
        )  # fmt: skip
    with pytest.raises(ModelRefused):
        engine.run(lambda client: scans.run_scan(client, TODAY))
    assert company.scores_of(TODAY) == {}
    company.exports(company.sellers[3], TODAY, 2500)
    assert len(watched(engine).raised.opened) == 1


@pytest.mark.parametrize("day", [date.min, date(1989, 12, 31), TODAY + timedelta(days=2), date.max])
def test_a_day_that_nobody_means_is_refused_and_does_not_hide_the_newest_scan(
    company: Scanned, engine: Engine, day: date
) -> None:
    async def asked(client: Client) -> ScanResult:
        return await scans.run_scan(client, day)

    with pytest.raises(BadDates, match="nobody can be scanned as of"):
        engine.run(asked)
    with company.database.begin() as connection:
        assert newest(connection, 1) == []


@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        ({"shard_size": 0}, "Refused"),
        ({"shard_size": -5}, "Refused"),
        ({"shard_size": 10**9}, "Refused"),
        ({"as_of": "1989-12-31"}, "BadDates"),
        ({"as_of": "9999-12-31"}, "BadDates"),
        ({"zone": "Mars/Olympus"}, "Refused"),
        ({"zone": ""}, "Refused"),
        ({"zone": "../../etc/passwd"}, "Refused"),
        ({"as_of": "yesterday"}, "Refused"),
        ({"kind": "all"}, "Refused"),
        (None, "Refused"),
        ("everybody", "Refused"),
        ([1, 2], "Refused"),
        (..., "Refused"),
    ],
)
def test_a_scan_that_nobody_can_run_ends_at_once_however_it_was_started(
    company: Scanned, engine: Engine, asked: object, kind: str
) -> None:
    """Straight at the engine, past the checks of the command; `...` is no input at all."""

    async def go(client: Client) -> None:
        given = [] if asked is ... else [asked]
        async with asyncio.timeout(20):
            await client.execute_workflow("RiskScan", args=given, id=f"absurd-{asked}", task_queue=TASK_QUEUE)

    with pytest.raises(WorkflowFailureError) as failed:
        engine.run(go)
    cause = failed.value.cause
    cause = cause.cause if isinstance(cause, ActivityError) else cause
    assert isinstance(cause, ApplicationError)
    assert (cause.type, cause.non_retryable) == (kind, True)
    assert "Nothing was scanned." in cause.message
    with company.database.begin() as connection:
        assert newest(connection, 1) == []


def test_somebody_who_was_not_scanned_is_said_so(company: Scanned) -> None:
    with pytest.raises(Refused, match="was not scanned yet"):
        scans.explain(company.database, company.fading)


def test_the_day_of_a_scan_is_the_day_in_its_zone() -> None:
    six_in_shanghai = datetime(2026, 11, 23, 22, 0, tzinfo=UTC)
    assert day_in("Asia/Shanghai", six_in_shanghai).isoformat() == "2026-11-24"
    assert day_in("UTC", six_in_shanghai).isoformat() == "2026-11-23"
