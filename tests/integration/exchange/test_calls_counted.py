"""Signed calls while the engine runs: counted by Update, waiting by Signal, and bad ones never heard of."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator

import httpx
import pytest
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from models.approvals import DecisionReceipt
from store import decisions
from store.database import Database
from store.decisions import DecisionState
from tests.browser.departure import CASE, PUBLIC_URL, Departure
from tests.browser.running import engine, start_case, worker
from tests.integration.exchange.calling import PATH, Program, hook_of, signed


@pytest.fixture(scope="module")
async def temporal() -> AsyncIterator[WorkflowEnvironment]:
    async with engine() as server:
        yield server


@pytest.fixture
async def departure(database: Database, temporal: WorkflowEnvironment) -> AsyncIterator[Departure]:
    built = Departure(database).build()
    await start_case(temporal.client, built)
    yield built
    with contextlib.suppress(RPCError):
        await temporal.client.get_workflow_handle(CASE).terminate("the test is over")


@pytest.fixture
async def program(departure: Departure, temporal: WorkflowEnvironment) -> AsyncIterator[Program]:
    """A program that calls a hook whose engine runs."""

    async def connected() -> Client:
        return temporal.client

    transport = httpx.ASGITransport(hook_of(departure, connected))
    async with httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL) as http:
        yield Program(http, departure)


async def heard(client: Client) -> dict[str, DecisionReceipt]:
    handle = client.get_workflow_handle(CASE)
    return await handle.query("receipts", result_type=dict[str, DecisionReceipt])


async def test_a_thousand_replays_have_one_effect_and_one_answer(
    program: Program, departure: Departure, temporal: WorkflowEnvironment
) -> None:
    body = program.body()
    headers = signed(body, "call-1")
    async with worker(temporal.client):
        first = await program.http.post(PATH, content=body, headers=headers)
        assert (first.status_code, first.json()["state"], first.json()["decided_by"]) == (200, "counted", "E101")
        for _ in range(50):
            answers = await asyncio.gather(*(program.http.post(PATH, content=body, headers=headers) for _ in range(20)))
            assert {(each.status_code, each.text) for each in answers} == {(200, first.text)}
        assert list(await heard(temporal.client)) == [first.json()["decision_id"]]
    with departure.database.begin() as connection:
        assert [each.state for each in decisions.of_gate(connection, CASE, "sales_manager")] == [DecisionState.COUNTED]


async def test_without_a_worker_the_signal_waits_and_the_same_call_hears_later_that_it_counts(
    program: Program, temporal: WorkflowEnvironment
) -> None:
    first = await program.call("call-1")
    assert (first.status_code, first.json()["state"]) == (202, "stored")
    async with worker(temporal.client):
        async with asyncio.timeout(20):
            while not (known := await heard(temporal.client)):
                await asyncio.sleep(0.1)
        assert known[first.json()["decision_id"]].counted
        later = await program.call("call-1")
    assert (later.status_code, later.json()["decision_id"]) == (200, first.json()["decision_id"])


async def test_who_comes_second_is_told_that_the_gate_is_decided(
    program: Program, temporal: WorkflowEnvironment
) -> None:
    async with worker(temporal.client):
        await program.call("call-1")
        second = await program.call("call-2", verdict="declined", note="no")
    assert (second.status_code, second.json()["reason"]) == (409, "already_decided")


async def test_200_fuzzed_calls_never_reach_the_engine(departure: Departure) -> None:
    asked: list[str] = []

    async def never() -> Client:
        asked.append("once")
        raise RuntimeError("not to be reached")

    chance = random.Random(20260101)
    transport = httpx.ASGITransport(hook_of(departure, never))
    async with httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL) as http:
        program = Program(http, departure)
        for number in range(200):
            body = _fuzzed(program.body(), chance)
            answer = await http.post(PATH, content=body, headers=signed(body, f"fuzz-{number}"))
            assert 400 <= answer.status_code < 500, (body, answer.text)
            assert answer.headers["content-type"] == "application/problem+json"
        assert asked == []
        assert (await program.call("right")).status_code == 202
        assert asked == ["once"]


def _fuzzed(body: bytes, chance: random.Random) -> bytes:
    """A body that is no call about this case: cut, filled with something else, of another type, or of nobody's case."""
    kind = chance.randrange(6)
    if kind == 0:
        return body[: chance.randrange(len(body))]
    if kind == 1:
        place = chance.randrange(1, len(body) - 1)
        return body[:place] + b"\x00" + body[place:]
    if kind == 2:
        return body.replace(b'"approved"', chance.choice([b"null", b"1", b"[]", b'"timed_out"', b'"APPROVED"', b"{}"]))
    if kind == 3:
        return body.replace(
            CASE.encode(), chance.choice([b"x", b"offboarding-%d" % chance.randrange(10**6), b"\xc3\xa9"])
        )
    if kind == 4:
        return chance.choice([b"[" * 3000, b"{}", b"null", b'{"case": ' * 500, b"\xef\xbb\xbf{}", b"1e999", b'"x"'])
    return body[:-1] + b', "x%d": 1}' % chance.randrange(100)
