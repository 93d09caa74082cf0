"""The doctor says when counts differ from their events, when a scan lacked data, when scans are paused or failed."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from datetime import time as clock

import pytest
from pydantic import SecretStr
from sqlalchemy import DateTime, literal, select, text
from temporalio.client import Client

from embedded.finding import Finding
from embedded.scan_checks import RECOUNT, RESUME, check_early_warning, check_scans
from models.scan import FeedHealth, FinishScan, RaisedAlerts, ScanCounts, ScanKind, ScanPlan, ScanRequest
from models.search_attributes import TASK_QUEUE
from reports.language import language
from services.schedules import SCHEDULE, WATCH, pause_scan, schedule_scan
from settings import Settings
from store import scans
from store.database import Database
from store.policies import load_warning_policy
from store.roll_up import add_events, rebuild
from systems.intake.recount import recount
from tests.company import Company
from tests.integration.real_engine import Engine

NOW = datetime.now(UTC)
TODAY = NOW.date()


def problems(findings: list[Finding]) -> list[str]:
    return [language("en").reason(one.problem) for one in findings if one.problem]


@pytest.fixture
def configured(database: Database) -> Settings:
    """A company with one export of two days ago, counted as it should be."""
    Company.build(database, clients=0)
    event = select(
        literal("1").label("id"),
        literal(NOW - timedelta(days=2), DateTime(timezone=True)).label("occurred_at"),
        literal("E1").label("employee_id"), literal("export").label("kind"), literal(5).label("records"),
        literal("").label("item"), literal("").label("destination"),
    ).subquery()  # fmt: skip
    with database.begin() as connection:
        add_events(connection, event, load_warning_policy().after_hours)
    return Settings(database_url=SecretStr(database.url))


def scanned(database: Database, number: int, kind: ScanKind = ScanKind.DAILY, *degraded: str) -> None:
    """A scan that came to its end, each later than the one before."""
    plan = ScanPlan(
        scan_id=f"scan-{number}", kind=kind, as_of=TODAY, model_version="1", policy_version="1",
        feeds=FeedHealth(degraded=degraded),
    )  # fmt: skip
    with database.begin() as connection:
        scans.begin(connection, plan, at=NOW + timedelta(minutes=number))
        scans.finish(
            connection,
            FinishScan(plan=plan, counts=ScanCounts(), raised=RaisedAlerts()),
            at=NOW + timedelta(minutes=number, seconds=1),
        )


def test_counts_that_differ_from_their_events_are_said_until_they_are_counted_again(
    configured: Settings, database: Database
) -> None:
    assert [one.ok for one in check_early_warning(configured)] == [True, True]
    with database.begin() as connection:
        connection.execute(text("UPDATE activity_days SET records = records + 1"))
    for _ in range(2):  # looking changes nothing
        found = check_early_warning(configured)
        assert [one.problem.params["number"] for one in found if one.problem] == ["1"]
    assert found[-1].mend == RECOUNT
    recount(database, TODAY - timedelta(days=30), TODAY)
    assert problems(check_early_warning(configured)) == []


def test_counts_are_not_judged_while_events_come_in(configured: Settings, database: Database) -> None:
    with database.begin() as connection:
        connection.execute(text("UPDATE activity_days SET records = records + 1"))
    with importing(database):
        assert [one.name for one in check_early_warning(configured)] == ["Risk scans"]
    assert problems(check_early_warning(configured)) != []


@contextmanager
def importing(database: Database) -> Iterator[None]:
    """Events come in, in a transaction that is not over yet."""
    with database.begin() as connection:
        rebuild(connection, TODAY, TODAY, load_warning_policy().after_hours, ["nobody"])
        yield


def test_a_scan_without_all_its_feeds_is_said_until_the_next_daily_one(
    configured: Settings, database: Database
) -> None:
    scanned(database, 1, ScanKind.DAILY, "interactions", "payments")
    scanned(database, 2, ScanKind.WATCH)
    (said,) = problems(check_early_warning(configured))
    assert "interactions, payments had fallen silent" in said
    scanned(database, 3)
    assert problems(check_early_warning(configured)) == []


def test_a_policy_that_cannot_be_read_is_named(configured: Settings, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("policies")
    (folder / "early_warning").mkdir()
    (folder / "early_warning" / "standard.toml").write_text("name = 1")
    (said,) = problems(check_early_warning(configured.model_copy(update={"policy_dir": folder})))
    assert "standard.toml" in said


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    server = Engine()
    yield server
    server.close()


def test_paused_and_failed_scans_are_said(engine: Engine) -> None:
    def looked() -> list[Finding]:
        return list(engine.run(check_scans))

    async def prepare(client: Client) -> None:
        await schedule_scan(client, clock(6), "UTC")
        await pause_scan(client, "holidays")

    assert [one.ok for one in looked()] == [True]  # nothing is scheduled: nobody asked for it
    engine.run(prepare)
    assert problems(looked()) == [f"The schedule {name} is paused: holidays" for name in (SCHEDULE, WATCH)]
    assert [one.mend for one in looked()] == [RESUME, RESUME]
    engine.run(lambda client: pause_scan(client, "back", resume=True))
    assert problems(looked()) == []

    async def break_off(client: Client) -> None:
        handle = await client.start_workflow("RiskScan", ScanRequest(), id=f"{SCHEDULE}-1", task_queue=TASK_QUEUE)
        await handle.terminate()

    async def run_another(client: Client) -> None:
        await client.start_workflow("RiskScan", ScanRequest(), id=f"{SCHEDULE}-2", task_queue=TASK_QUEUE)

    engine.run(break_off)
    assert reached(looked, 1) == [f"The last scan, {SCHEDULE}-1, ended as terminated."]
    engine.run(run_another)
    assert reached(looked, 0) == []


def reached(look: Callable[[], list[Finding]], number: int) -> list[str]:
    """What is said once it is so many things: the server lists a run a moment later."""
    give_up = time.monotonic() + 20
    while len(said := problems(look())) != number and time.monotonic() < give_up:
        time.sleep(0.05)
    return said
