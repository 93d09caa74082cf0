"""What `offboard doctor` asks Temporal."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from connections import connect_temporal, open_database
from embedded.case_checks import check_cases
from embedded.finding import RESTART, Finding, ill, well, what_happened
from embedded.namespace import RETENTION, missing_attributes, retention
from embedded.readiness import polls_since
from embedded.scan_checks import check_scans
from models.errors import Unavailable
from models.reasons import because
from models.search_attributes import TASK_QUEUE
from settings import Settings

PATIENCE = 10.0  # seconds for one answer
# A worker asks anew at least once a minute.
SILENCE = timedelta(minutes=2)
STUCK = (
    "ExecutionStatus = 'Running' AND TemporalReportedProblems IN "
    "('category=WorkflowTaskFailed', 'category=WorkflowTaskTimedOut')"
)
SET_UP = because("Run `offboard setup`: it brings everything to the newest version and keeps all data.")


def check_temporal(settings: Settings, worker_since: datetime | None) -> list[Finding]:
    """Does Temporal answer and know us, does a worker ask for work, and is any case stuck?

    `worker_since` is when the embedded worker was started last, None when somebody else runs the workers.
    """

    async def collect() -> list[Finding]:
        try:
            client = await asyncio.wait_for(connect_temporal(settings), PATIENCE)
        except (Unavailable, TimeoutError) as silent:
            return [ill("Temporal", what_happened(silent), RESTART)]
        findings = [well("Temporal")]
        try:
            async with asyncio.timeout(PATIENCE):
                findings += [finding async for finding in _ask_temporal(client, settings, worker_since)]
        except (RPCError, Unavailable, TimeoutError) as failure:
            answer = because("Temporal broke off: {answer}", answer=str(failure) or type(failure).__name__)
            findings.append(ill("Temporal answers", answer, RESTART))
        return findings

    return asyncio.run(collect())


async def _ask_temporal(client: Client, settings: Settings, worker_since: datetime | None) -> AsyncIterator[Finding]:
    try:
        kept = await retention(client)
    except RPCError as refused:
        if refused.status is not RPCStatusCode.NOT_FOUND:
            raise
        yield ill("Namespace", because("The namespace {name} does not exist.", name=client.namespace), SET_UP)
        return
    yield _retention(kept)
    if missing := sorted(await missing_attributes(client)):
        yield ill("Search attributes", because("Not registered: {names}.", names=", ".join(missing)), SET_UP)
    else:
        yield well("Search attributes")
    yield await _worker(client, worker_since)
    yield await _stuck(client)
    for finding in [*await _cases(client, settings), *await check_scans(client)]:
        yield finding


def _retention(kept: timedelta) -> Finding:
    if kept >= RETENTION:
        return well("Namespace")
    return ill(
        "Namespace",
        because("Finished cases are kept {days} days, not {wanted}.", days=kept.days, wanted=RETENTION.days),
        SET_UP,
    )


async def _worker(client: Client, started: datetime | None) -> Finding:
    recently = datetime.now(UTC) - SILENCE
    if await polls_since(client, max(recently, started) if started else recently):
        return well("Worker")
    return ill(
        "Worker",
        because("No worker asks for work on the queue {queue}: cases stand still, nothing is lost.", queue=TASK_QUEUE),
        because("Start one with `offboard up`, or `python -m worker` where the servers are your own."),
    )


async def _stuck(client: Client) -> Finding:
    number = (await client.count_workflows(STUCK)).count
    if number == 0:
        return well("Stuck cases")
    return ill(
        "Stuck cases",
        because("{number} running workflows fail at every step; they wait and lose nothing.", number=number),
        because(
            "Find them in the Temporal Web UI by {query}; a corrected worker resumes them.",
            query=STUCK,
        ),
    )


async def _cases(client: Client, settings: Settings) -> list[Finding]:
    try:
        database = open_database(settings)
    except Unavailable:
        return await check_cases(client, None)  # the fault of the database is told already
    try:
        return await check_cases(client, database)
    except Unavailable:
        return await check_cases(client, None)
    finally:
        database.close()
