"""Scans as a schedule would start them, each in a workflow of its own."""

from itertools import count
from typing import Any

from temporalio.client import Client, WorkflowHandle

from models.scan import ScanKind, ScanRequest, ScanResult
from models.search_attributes import TASK_QUEUE
from tests.integration.real_engine import Engine

_numbers = count(1)


def scanned(engine: Engine, request: ScanRequest) -> ScanResult:
    """A scan by a workflow of its own, as a schedule would start it."""

    async def go(client: Client) -> ScanResult:
        return await (await begun(client, request)).result()

    result: ScanResult = engine.run(go)
    return result


async def begun(client: Client, request: ScanRequest) -> WorkflowHandle[Any, ScanResult]:
    return await client.start_workflow(
        "RiskScan", request, id=f"scan-{next(_numbers)}", task_queue=TASK_QUEUE, result_type=ScanResult
    )


def watched(engine: Engine) -> ScanResult:
    return scanned(engine, ScanRequest(kind=ScanKind.WATCH))
