"""Cases are told that people changed: once, also when they are over, and later when no engine answers."""

import asyncio
from collections.abc import Iterator

import pytest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from models.search_attributes import TASK_QUEUE
from services.nudging import nudge
from tests.approval_case import CASE
from tests.integration.approving.waiting import Waiting, nobody
from tests.integration.real_engine import Engine


@pytest.fixture
def engine() -> Iterator[Engine]:
    """A real server; nobody works on its queues, signals wait in the history."""
    running = Engine()
    yield running
    running.close()


async def begun(client: Client) -> None:
    await client.start_workflow("Offboarding", id=CASE, task_queue=TASK_QUEUE)


async def heard(client: Client) -> list[tuple[str, int]]:
    """Names of the signals of the case, and how much each carries."""
    history = await client.get_workflow_handle(CASE).fetch_history()
    return [
        (found.signal_name, len(found.input.payloads))
        for event in history.events
        if (found := event.workflow_execution_signaled_event_attributes).signal_name
    ]


def test_a_case_is_told_once_and_a_closed_one_counts_as_told(case: Waiting, engine: Engine) -> None:
    async def told(client: Client) -> int:
        async def connected() -> Client:
            return client

        return await nudge(case.database, connected)

    engine.run(begun)
    case.hand_over("F1", "P1")
    assert asyncio.run(nudge(case.database, nobody)) == 0
    assert len(case.untold()) == 1
    case.delegate("M1", "P2")
    assert engine.run(told) == 1
    assert case.untold() == []
    assert engine.run(heard) == [("people", 0)]
    assert engine.run(told) == 0
    engine.terminate(CASE)
    case.hand_over("H1", "P1", "hr")
    assert engine.run(told) == 1
    assert case.untold() == []


class Refusing:
    """An engine that takes no more signals, for the reason given."""

    def __init__(self, status: RPCStatusCode) -> None:
        self.status = status

    def get_workflow_handle(self, case_id: str) -> "Refusing":
        """A case of it."""
        return self

    async def signal(self, name: str, rpc_timeout: object) -> None:
        """Refused."""
        raise RPCError("exceeded workflow execution limit for signal events", self.status, b"")


@pytest.mark.parametrize(("status", "told"), [(RPCStatusCode.INVALID_ARGUMENT, 1), (RPCStatusCode.UNAVAILABLE, 0)])
def test_a_case_that_takes_no_more_signals_does_not_keep_the_others_waiting(
    case: Waiting, status: RPCStatusCode, told: int
) -> None:
    async def refusing() -> Refusing:
        return Refusing(status)

    case.hand_over("F1", "P1")
    assert asyncio.run(nudge(case.database, refusing)) == told  # type: ignore[arg-type]  (all of it that is used)
    assert len(case.untold()) == 1 - told
