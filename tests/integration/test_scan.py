"""A whole company with past leavers, through the import, the training, the registry and a real scheduled scan."""

import asyncio
import json
import math
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock

import psycopg2
import pytest
from sqlalchemy import func, select, text, update
from temporalio.client import Client, ScheduleBackfill, ScheduleOverlapPolicy, WorkflowExecutionStatus
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import ActivityEnvironment, WorkflowEnvironment
from temporalio.worker import Worker

import scan_service
from activities.scan import ScanActivities, day_in
from embedded.postgres import Postgres
from embedded.sample.history import fill_history
from embedded.temporal import find_binary
from models.errors import ModelRefused, Refused, Unavailable, UnknownEmployee
from models.scan import Basis, PlanScan, RiskScore, ScanCounts, ScanRequest, Shard, ShardRequest, TrainingOutcome
from models.search_attributes import TASK_QUEUE
from store import scores, tables
from store.database import Database
from tests.company import Company
from worker import activities_of, sandbox
from workflows.risk_scan import RiskScanWorkflow

TODAY = date(2026, 11, 24)
NEWCOMER, GONE = "E0050", "X0001"


@dataclass(frozen=True)
class Trained:
    """The company, what its training came to, and who is fading today."""

    database: Database
    outcome: TrainingOutcome
    fading: str
    leaving: str
    sellers: int


@pytest.fixture(scope="module")
def trained(postgres: Postgres, migrated_template: str) -> Iterator[Trained]:
    """100 people and 40 past leavers, imported like any company's files. Its model is trained and promoted once."""
    server = psycopg2.connect(postgres.url("postgres").replace("+psycopg2", ""))
    server.autocommit = True
    with server.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE scanned TEMPLATE "{migrated_template}"')
    server.close()
    database = Database(postgres.url("scanned"))
    fading = fill_history(database, as_of=TODAY)
    people = tables.employees
    with database.begin() as connection:
        hired = {"hired_on": TODAY - timedelta(days=60)}
        connection.execute(update(people).where(people.c.id == NEWCOMER).values(hired))
    outcome = scan_service.train_model(database, TODAY)
    assert outcome.version
    scan_service.promote_model(database, outcome.version, "E0001")
    with database.begin() as connection:
        sellers = select(people.c.id).where(people.c.role == "salesperson")
        active = connection.execute(sellers.where(people.c.status == "active")).scalars().all()
        leaving = connection.execute(sellers.where(people.c.status == "leaving")).scalar_one()
    yield Trained(database, outcome, fading.employee, leaving, len(active))
    database.close()


@pytest.fixture(scope="module")
async def temporal() -> AsyncIterator[Client]:
    """A Temporal server for this file; schedules need a real one."""
    server = await WorkflowEnvironment.start_local(
        dev_server_existing_path=str(find_binary()),
        data_converter=pydantic_data_converter,
        dev_server_log_level="error",
    )
    yield server.client
    await server.shutdown()


@asynccontextmanager
async def scanning(client: Client, database: Database) -> AsyncIterator[None]:
    """A worker that hosts the scan in the sandbox of production."""
    with ThreadPoolExecutor(4) as executor:
        async with Worker(
            client,
            task_queue=TASK_QUEUE,
            workflows=[RiskScanWorkflow],
            activities=activities_of(ScanActivities(database)),
            activity_executor=executor,
            workflow_runner=sandbox(),
        ):
            yield


def rows_of(database: Database, day: date) -> dict[str, RiskScore]:
    """Every score of a day by person."""
    with database.begin() as connection:
        found = connection.execute(
            select(tables.risk_scores.c.employee_id).where(tables.risk_scores.c.day == day)
        ).scalars()
        return {person: score for person in found if (score := scores.of(connection, person, day))}


def everything_else(database: Database) -> dict[str, tuple[int, str]]:
    """Rows and a fingerprint of every table, but not of those that a scan is allowed to write."""
    with database.begin() as connection:
        return {
            table: tuple(
                connection.execute(
                    text(f"SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM \"{table}\" t")  # noqa: S608
                ).one()
            )
            for table in tables.metadata.tables
            if table != "risk_scores"
        }


# ---- the model ----


def test_the_model_finds_leavers_on_later_days_and_beats_the_rules_and_the_base_rate(trained: Trained) -> None:
    measured = trained.outcome.evaluation
    assert measured is not None
    assert trained.outcome.leavers >= 35
    assert measured.positives >= 10
    assert measured.model.pr_auc >= 10 * measured.base_rate
    assert measured.model.pr_auc > measured.baseline.pr_auc > 2 * measured.base_rate
    assert measured.model.recall_at_10_percent > 0.6
    assert measured.brier < 0.7 * measured.brier_of_base_rate


def test_a_registered_model_measures_the_same_again(trained: Trained) -> None:
    assert scan_service.evaluate_model(trained.database, today=TODAY) == trained.outcome.evaluation


def test_a_training_on_the_same_records_is_the_same_model_kept_once(trained: Trained) -> None:
    again = scan_service.train_model(trained.database, TODAY)
    assert again == trained.outcome
    with trained.database.begin() as connection:
        assert connection.execute(select(func.count()).select_from(tables.models_registry)).scalar_one() == 1


def test_too_few_leavers_train_nothing_and_say_so(database: Database) -> None:
    Company.build(database)
    outcome = scan_service.train_model(database, TODAY)
    assert outcome.version is None
    assert "insufficient history for a model" in (outcome.insufficient or "")
    with pytest.raises(ModelRefused, match="no model is promoted"):
        scan_service.evaluate_model(database)


@pytest.mark.parametrize(("version", "by", "error"), [("trees-x", "E0001", ModelRefused), ("", "E9", UnknownEmployee)])
def test_only_a_registered_model_is_promoted_and_only_by_somebody(
    trained: Trained, version: str, by: str, error: type[Refused]
) -> None:
    with pytest.raises(error):
        scan_service.promote_model(trained.database, version or str(trained.outcome.version), by)


# ---- a scan ----


async def test_a_scan_scores_every_active_salesperson_with_reasons_that_add_up(
    trained: Trained, temporal: Client
) -> None:
    before = everything_else(trained.database)
    async with scanning(temporal, trained.database):
        result = await scan_service.run_scan(temporal, TODAY)
    found = rows_of(trained.database, TODAY)
    assert result.people == len(found) == trained.sellers
    assert result.counts == ScanCounts(scored=len(found) - 1, insufficient=1)
    assert result.model_version == trained.outcome.version
    assert not {GONE, trained.leaving} & set(found)
    blank = found.pop(NEWCOMER)
    assert (blank.basis, blank.score, blank.reasons) == (Basis.INSUFFICIENT_HISTORY, None, ())
    for score in found.values():
        assert score.basis is Basis.MODEL
        assert score.model_version == trained.outcome.version
        assert len(score.reasons) == 3
        assert score.margin == pytest.approx(sum(score.contributions.values()), abs=1e-4)
        assert float(score.score or 0) == pytest.approx(100 / (1 + math.exp(-(score.margin or 0))), abs=0.006)
    assert everything_else(trained.database) == before, "a scan writes scores and nothing else"


async def test_the_one_who_is_fading_today_comes_first(trained: Trained, temporal: Client) -> None:
    async with scanning(temporal, trained.database):
        await scan_service.run_scan(temporal, TODAY)
    status = await scan_service.scan_status(temporal, trained.database, limit=5)
    assert status.day == TODAY
    assert status.highest[0].employee_id == trained.fading
    assert "activity_change" in {reason.feature for reason in status.highest[0].reasons}
    assert scan_service.explain(trained.database, trained.fading) == status.highest[0]


async def test_the_same_scan_twice_changes_nothing(trained: Trained, temporal: Client) -> None:
    day = TODAY - timedelta(days=1)
    async with scanning(temporal, trained.database):
        first = await scan_service.run_scan(temporal, day)
        rows = rows_of(trained.database, day)
        assert await scan_service.run_scan(temporal, day) == first
    assert rows_of(trained.database, day) == rows
    assert rows


async def test_history_holds_ids_and_counts_and_a_summary_on_every_activity(trained: Trained, temporal: Client) -> None:
    day = TODAY - timedelta(days=2)
    async with scanning(temporal, trained.database):
        handle = await temporal.start_workflow(
            "RiskScan", ScanRequest(as_of=day, shard_size=20), id="in-shards", task_queue=TASK_QUEUE
        )
        await handle.result()
    history = await handle.fetch_history()
    scheduled = [event for event in history.events if event.HasField("activity_task_scheduled_event_attributes")]
    assert len(scheduled) == 1 + math.ceil(trained.sellers / 20)
    assert all(event.user_metadata.summary.data for event in scheduled)
    assert len(rows_of(trained.database, day)) == trained.sellers
    with trained.database.begin() as connection:
        names = connection.execute(select(tables.employees.c.name)).scalars().all()
    told = json.dumps(history.to_json_dict(), ensure_ascii=False)
    assert not [name for name in names if name in told]


def test_an_interrupted_shard_goes_on_where_it_stopped(trained: Trained) -> None:
    day, activities = TODAY - timedelta(days=3), ScanActivities(trained.database)
    plan = ActivityEnvironment().run(
        activities.plan_scan, PlanScan(request=ScanRequest(as_of=day), at=datetime.now(UTC))
    )
    (shard,) = plan.shards
    part = Shard(first=shard.first, last="E0030", people=20)
    beats: list[tuple[object, ...]] = []
    for piece in (part, shard):
        environment = ActivityEnvironment()
        environment.on_heartbeat = lambda *details: beats.append(details)
        asked = ShardRequest(as_of=day, model_version=plan.model_version, shard=piece)
        counts = environment.run(activities.scan_shard, asked)
    done = beats[1][1]
    assert isinstance(done, int)
    assert 0 < done < shard.people
    assert beats[3] == ("scored", shard.people - done)
    assert counts.scored + counts.insufficient == shard.people


def test_a_company_without_a_model_is_scored_by_the_rules(database: Database) -> None:
    fading = fill_history(database, employees=30, leavers=2, as_of=TODAY)
    activities = ScanActivities(database)
    plan = ActivityEnvironment().run(
        activities.plan_scan, PlanScan(request=ScanRequest(as_of=TODAY), at=datetime.now(UTC))
    )
    asked = ShardRequest(as_of=TODAY, model_version=plan.model_version, shard=plan.shards[0])
    ActivityEnvironment().run(activities.scan_shard, asked)
    score = scan_service.explain(database, fading.employee, TODAY)
    assert (score.basis, score.model_version) == (Basis.BASELINE, "baseline-1")
    assert score.score is not None
    assert float(score.score) == pytest.approx(sum(score.contributions.values()), abs=0.005)
    with pytest.raises(Refused, match="was not scanned"):
        scan_service.explain(database, "E0001")


async def test_a_damaged_model_scores_nobody_and_the_worker_lives(trained: Trained, temporal: Client) -> None:
    day, registry = TODAY - timedelta(days=4), tables.models_registry
    with trained.database.begin() as connection:
        good = connection.execute(select(registry.c.document)).scalar_one()
        connection.execute(update(registry).values(document=bytes(good).replace(b"1", b"2", 1)))
    try:
        async with scanning(temporal, trained.database):
            with pytest.raises(ModelRefused, match="SHA-256"):
                await scan_service.run_scan(temporal, day)
            assert rows_of(trained.database, day) == {}
            with trained.database.begin() as connection:
                connection.execute(update(registry).values(document=good))
            assert (await scan_service.run_scan(temporal, day)).counts.scored > 0
    finally:
        with trained.database.begin() as connection:
            connection.execute(update(registry).values(document=good))


# ---- the schedule ----


def test_the_day_of_a_scan_is_the_day_in_its_zone() -> None:
    six_in_shanghai = datetime(2026, 11, 23, 22, 0, tzinfo=UTC)
    assert day_in("Asia/Shanghai", six_in_shanghai) == date(2026, 11, 24)
    assert day_in("UTC", six_in_shanghai) == date(2026, 11, 23)


async def test_the_schedule_is_made_moved_paused_and_resumed(temporal: Client) -> None:
    with pytest.raises(Refused, match="no scan is scheduled"):
        await scan_service.pause_scan(temporal, "holidays")
    with pytest.raises(Refused, match="no time zone"):
        await scan_service.schedule_scan(temporal, clock(6), "Asia/Atlantis")
    assert (await scan_service.schedule_of(temporal)).scheduled is False
    made = await scan_service.schedule_scan(temporal, clock(6), "Asia/Shanghai")
    assert [(run.astimezone(UTC).hour, run.minute) for run in made.next_runs] == [(22, 0)] * 3
    paused = await scan_service.pause_scan(temporal, "holidays")
    assert (paused.paused, paused.note) == (True, "holidays")
    moved = await scan_service.schedule_scan(temporal, clock(7, 30), "Asia/Shanghai")
    assert [(run.astimezone(UTC).hour, run.minute) for run in moved.next_runs] == [(23, 30)] * 3
    assert moved.paused, "moving a paused schedule does not start it"
    assert not (await scan_service.pause_scan(temporal, "back", resume=True)).paused
    description = await temporal.get_schedule_handle(scan_service.SCHEDULE).describe()
    assert description.schedule.policy.overlap.name == "SKIP"
    assert description.schedule.policy.catchup_window == timedelta(days=1)


async def test_a_scheduled_scan_is_as_of_the_scheduled_day(trained: Trained, temporal: Client) -> None:
    """A back-fill stands for the clock: the run starts today and means the day that it was scheduled for."""
    await scan_service.schedule_scan(temporal, clock(6), "Asia/Shanghai")
    meant = datetime(2026, 11, 19, 22, 0, tzinfo=UTC)  # 06:00 on the 20th in Shanghai
    handle = temporal.get_schedule_handle(scan_service.SCHEDULE)
    async with scanning(temporal, trained.database):
        await handle.backfill(_around(meant))
        await _until_done(temporal)
    assert len(rows_of(trained.database, date(2026, 11, 20))) == trained.sellers
    assert rows_of(trained.database, date(2026, 11, 19)) == {}


async def test_a_server_that_does_not_answer_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan_service, "ANSWER_WITHIN", timedelta(seconds=1))
    server = await WorkflowEnvironment.start_local(
        dev_server_existing_path=str(find_binary()), data_converter=pydantic_data_converter
    )
    await server.shutdown()
    with pytest.raises(Unavailable, match="Nothing was changed"):
        await scan_service.schedule_scan(server.client, clock(6), "UTC")


def _around(moment: datetime) -> ScheduleBackfill:
    return ScheduleBackfill(
        start_at=moment - timedelta(minutes=1),
        end_at=moment + timedelta(minutes=1),
        overlap=ScheduleOverlapPolicy.ALLOW_ALL,
    )


async def _until_done(client: Client) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        description = await client.get_schedule_handle(scan_service.SCHEDULE).describe()
        if description.info.recent_actions:
            action = description.info.recent_actions[-1].action
            run = client.get_workflow_handle(action.workflow_id, run_id=action.first_execution_run_id)
            await run.result()
            assert (await run.describe()).status is WorkflowExecutionStatus.COMPLETED
            return
        await asyncio.sleep(0.1)
    pytest.fail("the scheduled scan did not start within 30 s")
