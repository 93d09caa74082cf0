"""The doctor names cases that stand still: a step that fails again and again, or a case without a plan."""

import asyncio
import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from pydantic import SecretStr
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import RetryPolicy
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities.cases import CaseActivities
from embedded.case_checks import NAMED, PATIENT_ATTEMPTS, check_cases
from embedded.finding import Finding
from embedded.temporal_checks import check_temporal
from models.case import CaseRequest, PlanRequest, SeparationKind
from models.errors import Unavailable
from reports.language import language
from settings import Settings
from store.database import Database
from tests.company import Company
from tests.integration.real_engine import Engine

CASES = tuple(f"offboarding-E{number}" for number in range(1, NAMED + 3))
QUEUE = "stuck"


@activity.defn(name="plan_case")
async def plan_in_vain() -> None:
    """A step whose system is down; its message names somebody."""
    raise Unavailable("the books of Li Na do not answer")


@workflow.defn(name="Offboarding")
class Waiting:
    """A case that hangs at its plan."""

    @workflow.run
    async def run(self) -> None:
        """Try for ever, quickly."""
        await workflow.execute_activity(
            plan_in_vain,
            start_to_close_timeout=timedelta(seconds=5),
            retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=1), backoff_coefficient=1),
        )


async def hang(client: Client) -> None:
    """Start the cases and wait until each has failed often enough."""
    async with Worker(
        client,
        task_queue=QUEUE,
        workflows=[Waiting],
        activities=[plan_in_vain],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        handles = [await client.start_workflow("Offboarding", id=case, task_queue=QUEUE) for case in CASES]
        async with asyncio.timeout(30):
            for handle in handles:
                while True:
                    pending = (await handle.describe()).raw_description.pending_activities
                    if pending and pending[0].attempt > PATIENT_ATTEMPTS:
                        break
                    await asyncio.sleep(0.05)


async def listed(client: Client) -> None:
    """The server lists a case a moment after its start."""
    async with asyncio.timeout(30):
        while (await client.count_workflows("WorkflowType = 'Offboarding'")).count < len(CASES):
            await asyncio.sleep(0.05)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    started = Engine()
    yield started
    started.close()


@pytest.fixture(scope="module")
def hung(engine: Engine) -> Engine:
    """The server with the cases that hang; their worker is gone."""
    assert [one.ok for one in engine.run(lambda client: check_cases(client, None))] == [True]
    engine.run(hang)
    engine.run(listed)
    return engine


def problems(findings: list[Finding], tag: str = "en") -> list[str]:
    return [language(tag).reason(one.problem) for one in findings if one.problem]


def test_a_step_that_keeps_failing_is_named_with_its_case(hung: Engine) -> None:
    found = hung.run(lambda client: check_cases(client, None))
    said = problems(found)
    assert len(said) == NAMED + 1
    for line in said[:-1]:
        assert "stands still at the step plan_case: attempt " in line
        assert "last failure Unavailable" in line
        assert "Li Na" not in line
    assert said[-1] == f"{len(CASES) - NAMED} more cases stand still."
    assert all(one.mend for one in found)
    assert "停在步骤 plan_case" in problems(found, "zh")[0]


def test_a_case_that_never_came_into_our_books_is_named_after_a_minute(
    hung: Engine, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    Company.build(database, clients=1)
    request = CaseRequest(
        case_id=CASES[0], employee_id="E1", kind=SeparationKind.RESIGNATION, last_working_day=date(2099, 6, 30),
        policy="ifrs",
    )  # fmt: skip
    CaseActivities(database).plan_case(PlanRequest(request=request, at=datetime.now(UTC)))
    monkeypatch.setattr("embedded.case_checks.NAMED", 100)

    def unplanned(now: datetime) -> set[str]:
        found = problems(hung.run(lambda client: check_cases(client, database, now)))
        return {line.split()[0] for line in found if "is not in our books" in line}

    assert unplanned(datetime.now(UTC) + timedelta(minutes=5)) == {*CASES[1:]}
    assert unplanned(datetime.now(UTC) - timedelta(minutes=5)) == set()


def test_the_doctor_says_it(hung: Engine, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("TEMPORAL_ADDRESS", hung.address)
    settings = Settings(database_url=SecretStr(database.url))
    names = {one.name for one in check_temporal(settings, None) if not one.ok}
    assert "Steps of cases" in names
    # A database that is down is told elsewhere; the engine is asked all the same.
    settings = Settings(database_url=SecretStr("postgresql+psycopg2://u:p@127.0.0.1:1/d"))
    assert "Steps of cases" in {one.name for one in check_temporal(settings, None) if not one.ok}
