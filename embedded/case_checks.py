"""Which running cases stand still: a step that fails again and again, or a case that never came to its plan."""

import asyncio
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from temporalio.client import Client, WorkflowExecution

from embedded.finding import Finding, ill, well
from models.reasons import because
from services.failing_steps import FailingStep, failing_steps
from store.database import Database
from store.tables import cases

# More attempts than a restart of a worker or a short outage costs.
PATIENT_ATTEMPTS = 5
# So long a plan may take; it needs a second.
PLANNED_WITHIN = timedelta(minutes=1)
# The examination stays short on a server with thousands of cases: the newest ones tell what is wrong.
CASES_LOOKED_AT = 300
AT_ONCE = 20
NAMED = 5
SILENCES = ("Unavailable", "timeout_failure")
RUNNING = "WorkflowType = 'Offboarding' AND ExecutionStatus = 'Running'"

SILENT = because(
    "A system that the step needs does not answer: see that it runs. The case then goes on by itself; nothing is lost."
)
DEFECT = because("The log of the worker says why. Once the cause is gone the case goes on by itself; nothing is lost.")
UNPLANNED = because(
    "See that a worker and the database run: the case is planned then. If it should not be there, terminate it in the "
    "Temporal Web UI: nothing was done for it yet."
)


async def check_cases(client: Client, database: Database | None, now: datetime | None = None) -> list[Finding]:
    """Look at the newest running cases. Without our database only the engine is asked. Raises RPCError."""
    running = [case async for case in client.list_workflows(RUNNING, page_size=CASES_LOOKED_AT, limit=CASES_LOOKED_AT)]
    findings = [_failing(step) for step in await _failing_steps(client, running)]
    late = [case.id for case in running if case.start_time < (now or datetime.now(UTC)) - PLANNED_WITHIN]
    if database is not None:
        findings += [_unplanned(case_id) for case_id in _without_row(database, late)]
    return _first(findings) or [well("Steps of cases")]


async def _failing_steps(client: Client, running: list[WorkflowExecution]) -> list[FailingStep]:
    turn = asyncio.Semaphore(AT_ONCE)

    async def of(case: WorkflowExecution) -> list[FailingStep]:
        async with turn:
            return await failing_steps(client.get_workflow_handle(case.id, run_id=case.run_id), PATIENT_ATTEMPTS)

    found = await asyncio.gather(*(of(case) for case in running))
    return sorted((step for steps in found for step in steps), key=lambda step: -step.attempt)


def _without_row(database: Database, ids: list[str]) -> list[str]:
    with database.begin() as connection:
        known = set(connection.execute(select(cases.c.id).where(cases.c.id.in_(ids))).scalars())
    return sorted(set(ids) - known)


def _failing(step: FailingStep) -> Finding:
    problem = because(
        "{case} stands still at the step {step}: attempt {attempt}, last failure {failure}.",
        case=step.workflow_id,
        step=step.step,
        attempt=step.attempt,
        failure=step.failure,
    )
    return ill("Steps of cases", problem, SILENT if step.failure in SILENCES else DEFECT)


def _unplanned(case_id: str) -> Finding:
    problem = because(
        "{case} runs in Temporal for more than {seconds} s and is not in our books: it has no plan.",
        case=case_id,
        seconds=int(PLANNED_WITHIN.total_seconds()),
    )
    return ill("Steps of cases", problem, UNPLANNED)


def _first(findings: list[Finding]) -> list[Finding]:
    """The first `NAMED` findings, and how many more there are."""
    more = len(findings) - NAMED
    if more <= 0:
        return findings
    rest = because("{number} more cases stand still.", number=more)
    return [*findings[:NAMED], ill("Steps of cases", rest, because("Mend the first ones and look again."))]
