"""A decision that was stored while the engine was down is told to it again, and counted once."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import update
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from activities.messages import Try
from models.approvals import DecisionReceipt, Refusal, Verdict, Via
from models.case import Phase
from store import decisions, evidence, outbox
from store.database import Database
from store.decisions import DecisionState
from store.tables import decisions as decision_rows
from store.tables import employees
from tests.approval_case import Collecting
from tests.browser.departure import CASE, NOON, SECRET, Departure, no_engine
from tests.browser.running import engine, start_case, worker
from web import redelivery
from web.app import create_app
from web.door.answers import Standing
from web.door.deciding import decide
from web.redelivery import redeliver

LATER = NOON + timedelta(minutes=1)


@pytest.fixture(scope="module")
async def temporal() -> AsyncIterator[WorkflowEnvironment]:
    async with engine() as server:
        yield server


@pytest.fixture
async def departure(database: Database, temporal: WorkflowEnvironment) -> AsyncIterator[Departure]:
    built = Departure(database).build()
    await start_case(temporal.client, built)
    yield built
    with contextlib.suppress(RPCError):  # a test may have ended the case itself
        await temporal.client.get_workflow_handle(CASE).terminate("the test is over")


async def store(departure: Departure, gate: str, by: str, verdict: Verdict = Verdict.APPROVED, **fields: str) -> str:
    """Decide while the engine is down; returns the id of the decision."""
    said = await decide(
        departure.database,
        no_engine,
        key=SECRET,
        via=Via.SESSION,
        case_id=CASE,
        gate=gate,
        verdict=verdict,
        by=by,
        now=NOON,
        **fields,
    )
    assert said.standing is Standing.STORED
    return said.decision_id or ""


def states(departure: Departure, *gates: str) -> list[DecisionState]:
    with departure.database.begin() as connection:
        return [one.state for gate in gates for one in decisions.of_gate(connection, CASE, gate)]


async def heard(client: Client) -> dict[str, DecisionReceipt]:
    handle = client.get_workflow_handle(CASE)
    return await handle.query("receipts", result_type=dict[str, DecisionReceipt])


async def events(client: Client) -> int:
    return len((await client.get_workflow_handle(CASE).fetch_history()).events)


async def test_it_is_counted_when_the_engine_is_back(departure: Departure, temporal: WorkflowEnvironment) -> None:
    async def back() -> Client:
        return temporal.client

    made = {await store(departure, "sales_manager", "E101"), await store(departure, "finance", "E102")}
    assert await redeliver(departure.database, no_engine, LATER, SECRET) == 0
    assert states(departure, "sales_manager", "finance") == [DecisionState.STORED] * 2
    async with worker(temporal.client):
        assert await redeliver(departure.database, back, LATER, SECRET) == 2
        assert set(await heard(temporal.client)) == made
        assert await redeliver(departure.database, back, LATER, SECRET) == 0
    assert states(departure, "sales_manager", "finance") == [DecisionState.COUNTED] * 2


async def test_the_application_sends_the_mails_that_could_not_leave(
    departure: Departure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redelivery, "MAIL_EVERY", timedelta(seconds=0.1))
    mailer = Collecting()
    with departure.database.begin() as connection:
        connection.execute(update(employees).values(email="somebody@example.com"))
        outbox.announce_end(connection, CASE, Phase.CLOSED, at=NOON)
    app = create_app(departure.database, no_engine, SECRET, "http://hook.test", departure.clock, mailer)
    async with app.router.lifespan_context(app), asyncio.timeout(10):
        while len(mailer.taken) < 3:
            await asyncio.sleep(0.05)
    assert len({mail["Message-ID"] for mail in mailer.taken}) == 3
    assert not [task for task in asyncio.all_tasks() if task.get_coro().__qualname__ == "_for_ever"]


async def test_one_round_of_mails_is_bounded() -> None:
    class Endless:
        tried = 0

        def retry_one(self) -> Try:
            self.tried += 1
            return Try.SETTLED if self.tried % 2 else Try.KEPT

    post = Endless()
    assert await redelivery.send_waiting(post) == redelivery.MOST_MAILS / 2
    assert post.tried == redelivery.MOST_MAILS


async def test_a_night_without_worker_leaves_nothing_in_the_history(
    departure: Departure, temporal: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def back() -> Client:
        return temporal.client

    monkeypatch.setattr("web.door.engine.UPDATE_TIMEOUT", timedelta(seconds=0.3))
    await store(departure, "finance", "E102")
    before = await events(temporal.client)
    for _ in range(3):
        assert await redeliver(departure.database, back, LATER, SECRET) == 0
    assert await events(temporal.client) == before
    assert states(departure, "finance") == [DecisionState.STORED]


async def test_a_decision_that_is_just_being_told_is_left_alone(
    departure: Departure, temporal: WorkflowEnvironment
) -> None:
    async def back() -> Client:
        return temporal.client

    await store(departure, "finance", "E102")
    async with worker(temporal.client):
        assert await redeliver(departure.database, back, NOON + timedelta(seconds=1), SECRET) == 0
        assert await heard(temporal.client) == {}


async def test_a_case_that_is_gone_settles_it_as_refused(departure: Departure, temporal: WorkflowEnvironment) -> None:
    async def back() -> Client:
        return temporal.client

    await store(departure, "finance", "E102")
    await temporal.client.get_workflow_handle(CASE).terminate("the case is gone")
    assert await redeliver(departure.database, back, LATER, SECRET) == 1
    with departure.database.begin() as connection:
        (kept,) = decisions.of_gate(connection, CASE, "finance")
    assert (kept.state, kept.refusal) == (DecisionState.REFUSED, Refusal.NOT_OPEN)


async def test_the_application_does_it_by_itself_and_stops_with_it(
    departure: Departure, temporal: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    down = True

    async def sometimes() -> Client:
        if down:
            raise RuntimeError("connection refused")
        return temporal.client

    monkeypatch.setattr(redelivery, "EVERY", timedelta(seconds=0.1))
    await store(departure, "finance", "E102")
    departure.clock.now = LATER
    app = create_app(departure.database, sometimes, SECRET, "http://hook.test", departure.clock)
    async with worker(temporal.client), app.router.lifespan_context(app):
        await asyncio.sleep(0.3)  # rounds that fail must not be the last ones
        assert states(departure, "finance") == [DecisionState.STORED]
        down = False
        async with asyncio.timeout(10):
            while states(departure, "finance") == [DecisionState.STORED]:
                await asyncio.sleep(0.05)
    assert states(departure, "finance") == [DecisionState.COUNTED]
    assert not [task for task in asyncio.all_tasks() if task.get_coro().__qualname__ == "_for_ever"]


async def test_a_row_that_the_hook_never_wrote_is_told_to_nobody(
    departure: Departure, temporal: WorkflowEnvironment
) -> None:
    async def back() -> Client:
        return temporal.client

    honest = await store(departure, "sales_manager", "E101")
    forged = await store(departure, "finance", "E102")
    with departure.database.begin() as connection:
        connection.execute(update(decision_rows).where(decision_rows.c.id == forged).values(mac="0" * 64))
    async with worker(temporal.client):
        assert await redeliver(departure.database, back, LATER, SECRET) == 1
        assert set(await heard(temporal.client)) == {honest}
    assert DecisionState.COUNTED not in states(departure, "finance")
    with departure.database.begin() as connection:
        kinds = [entry.kind for entry in evidence.read(connection, CASE)]
    assert kinds.count("decision.forged") == 1
