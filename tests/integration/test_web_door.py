"""One door for decisions: stored before the engine hears of it, told by Update, Signal or not at all, counted once."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import update
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from models.approvals import Decision, DecisionReceipt, Refusal, Verdict, Via
from models.errors import Unavailable
from store import decisions, evidence
from store.database import Database
from store.decisions import DecisionState, StoredDecision
from store.tables import decisions as decision_rows
from tests.browser.departure import CASE, DUE, NOON, PUBLIC_URL, SECRET, Departure, no_engine
from tests.browser.running import engine, start_case, worker
from web.door.answers import DoorResult, Standing
from web.door.deciding import decide


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


@pytest.fixture
async def panel(
    request: pytest.FixtureRequest, database: Database, temporal: WorkflowEnvironment
) -> AsyncIterator[Departure]:
    """A departure whose gate `hr` asks two people; both of them must approve unless a test says that one is enough."""
    built = Departure(database, needed=getattr(request, "param", 2)).build()
    built.open("hr", "E101", "E105")
    await start_case(temporal.client, built)
    yield built
    await temporal.client.get_workflow_handle(CASE).terminate("the test is over")


async def say(departure: Departure, client: Client | None, verdict: Verdict = Verdict.APPROVED, **fields) -> DoorResult:
    async def connected() -> Client:
        return client or await no_engine()

    answer = {"gate": "sales_manager", "by": "E101", "note": "", "via": Via.LINK, "key": SECRET, "now": NOON} | fields
    return await decide(departure.database, connected, case_id=CASE, verdict=verdict, **answer)


def kept(departure: Departure, gate: str = "sales_manager") -> list[StoredDecision]:
    with departure.database.begin() as connection:
        return decisions.of_gate(connection, CASE, gate)


async def heard(client: Client) -> dict[str, DecisionReceipt]:
    handle = client.get_workflow_handle(CASE)
    return await handle.query("receipts", result_type=dict[str, DecisionReceipt])


async def test_an_answer_in_time_is_kept_for_its_round_although_somebody_else_is_asked_by_now(
    departure: Departure,
) -> None:
    departure.ask_again("sales_manager", "E103")
    assert (await say(departure, None, now=DUE)).standing is Standing.STORED
    (stored,) = kept(departure)
    assert (stored.round, stored.message().round) == (1, 1)
    late = await say(departure, None, gate="finance", by="E102", now=DUE + timedelta(seconds=1))
    assert (late.standing, late.refusal) == (Standing.REFUSED, Refusal.LATE)


async def test_an_approval_is_counted_and_settled(departure: Departure, temporal: WorkflowEnvironment) -> None:
    async with worker(temporal.client):
        said = await say(departure, temporal.client)
        assert (said.standing, said.verdict, said.decided_by) == (Standing.COUNTED, Verdict.APPROVED, "E101")
        assert said.accepted_at == NOON
        assert list(await heard(temporal.client)) == [said.decision_id]
    assert [each.state for each in kept(departure)] == [DecisionState.COUNTED]
    with departure.database.begin() as connection:
        assert [entry.kind for entry in evidence.read(connection, CASE)] == ["decision.accepted"]


async def test_ten_presses_at_once_have_one_effect(departure: Departure, temporal: WorkflowEnvironment) -> None:
    async with worker(temporal.client):
        results = await asyncio.gather(*(say(departure, temporal.client) for _ in range(10)))
        assert {each.standing for each in results} == {Standing.COUNTED}
        assert len({each.decision_id for each in results}) == 1
        assert len(await heard(temporal.client)) == 1
    assert len(kept(departure)) == 1


async def test_a_quorum_counts_votes_until_the_last_one_ends_it(
    panel: Departure, temporal: WorkflowEnvironment
) -> None:
    departure = panel
    async with worker(temporal.client):
        first = await say(departure, temporal.client, gate="hr")
        assert (first.standing, first.votes, first.needed, first.decided_by) == (Standing.COUNTED, 1, 2, None)
        back = await say(departure, temporal.client, Verdict.TAKEN_BACK, gate="hr")
        assert (back.standing, back.votes) == (Standing.COUNTED, 0)
        again = await say(departure, temporal.client, gate="hr")
        assert (again.standing, again.votes) == (Standing.COUNTED, 1)
        assert again.decision_id != first.decision_id
        last = await say(departure, temporal.client, gate="hr", by="E105", now=NOON + timedelta(minutes=1))
        assert (last.votes, last.decided_by) == (2, "E105")
        repeated = await say(departure, temporal.client, gate="hr")
        assert (repeated.decision_id, repeated.votes, repeated.decided_by) == (again.decision_id, 2, "E105")
    assert [each.number for each in kept(departure, "hr")] == [1, 2, 3, 1]


@pytest.mark.parametrize("panel", [1], indirect=True)
async def test_a_decline_and_an_approval_at_once_end_the_gate_once(
    panel: Departure, temporal: WorkflowEnvironment
) -> None:
    departure = panel
    async with worker(temporal.client):
        results = await asyncio.gather(
            say(departure, temporal.client, gate="hr"),
            say(departure, temporal.client, Verdict.DECLINED, gate="hr", by="E105", note="the money first"),
        )
    counted = [each for each in results if each.standing is Standing.COUNTED]
    refused = [each for each in results if each.standing is Standing.REFUSED]
    assert len(counted) == len(refused) == 1
    assert refused[0].refusal is Refusal.ALREADY_DECIDED
    assert {each.decided_by for each in results} == {counted[0].by}


async def test_a_row_that_the_hook_never_wrote_is_no_answer(departure: Departure) -> None:
    departure.say(Verdict.APPROVED, "E101", counted=False)
    with departure.database.begin() as connection:
        connection.execute(update(decision_rows).values(verdict="declined"))
    said = await say(departure, None)
    assert (said.standing, said.verdict) == (Standing.STORED, Verdict.APPROVED)
    assert sorted(each.state for each in kept(departure)) == [DecisionState.FORGED, DecisionState.STORED]
    with departure.database.begin() as connection:
        assert "decision.forged" in [entry.kind for entry in evidence.read(connection, CASE)]


async def test_the_first_answer_stands_against_a_different_second_one(
    departure: Departure, temporal: WorkflowEnvironment
) -> None:
    async with worker(temporal.client):
        await say(departure, temporal.client)
        second = await say(departure, temporal.client, Verdict.DECLINED, note="no")
    assert (second.standing, second.refusal) == (Standing.REFUSED, Refusal.ALREADY_DECIDED)
    assert second.verdict is Verdict.APPROVED


async def test_without_a_worker_it_is_stored_and_the_signal_waits(
    departure: Departure, temporal: WorkflowEnvironment
) -> None:
    said = await say(departure, temporal.client)
    assert said.standing is Standing.STORED
    async with worker(temporal.client):
        async with asyncio.timeout(20):
            while not (known := await heard(temporal.client)):
                await asyncio.sleep(0.1)
        assert known[said.decision_id or ""].counted
        again = await say(departure, temporal.client)
    assert (again.standing, again.decision_id) == (Standing.COUNTED, said.decision_id)
    assert again.accepted_at == NOON


async def test_without_an_engine_it_is_stored_and_counted_at_the_next_press(
    departure: Departure, temporal: WorkflowEnvironment
) -> None:
    said = await say(departure, None)
    assert said.standing is Standing.STORED
    assert [each.state for each in kept(departure)] == [DecisionState.STORED]
    async with worker(temporal.client):
        later = await say(departure, temporal.client, now=DUE + timedelta(hours=1))
    assert (later.standing, later.accepted_at) == (Standing.COUNTED, NOON)


async def test_a_case_that_ended_meanwhile_is_told_honestly(
    departure: Departure, temporal: WorkflowEnvironment
) -> None:
    async with worker(temporal.client):
        handle = temporal.client.get_workflow_handle(CASE)
        await handle.signal("finish")
        await handle.result()
        said = await say(departure, temporal.client)
    assert (said.standing, said.refusal) == (Standing.REFUSED, Refusal.NOT_OPEN)
    assert [(each.state, each.refusal) for each in kept(departure)] == [(DecisionState.REFUSED, Refusal.NOT_OPEN)]


async def test_an_engine_without_our_namespace_keeps_the_decision_stored(
    departure: Departure, temporal: WorkflowEnvironment
) -> None:
    elsewhere = await Client.connect(
        temporal.client.service_client.config.target_host, namespace="not-made-yet",
        data_converter=temporal.client.data_converter,
    )  # fmt: skip
    assert (await say(departure, elsewhere)).standing is Standing.STORED


async def test_a_refusal_by_the_validator_reaches_the_person(
    departure: Departure, temporal: WorkflowEnvironment
) -> None:
    async with worker(temporal.client):
        await temporal.client.get_workflow_handle(CASE).signal("choose", "E101")
        said = await say(departure, temporal.client)
        assert await heard(temporal.client) == {}
    assert (said.standing, said.refusal) == (Standing.REFUSED, Refusal.SEPARATION_OF_DUTIES)
    assert [each.refusal for each in kept(departure)] == [Refusal.SEPARATION_OF_DUTIES]


async def test_a_quick_person_is_not_refused_by_a_case_that_does_not_know_yet_that_it_asked(
    departure: Departure, temporal: WorkflowEnvironment
) -> None:
    departure.open("hr", "E105")  # the row is there; the workflow has not heard so
    async with worker(temporal.client):
        said = await say(departure, temporal.client, gate="hr", by="E105")
        assert await heard(temporal.client) == {}
    assert said.standing is Standing.STORED
    assert [each.state for each in kept(departure, "hr")] == [DecisionState.STORED]


async def test_the_case_judges_again_and_its_word_is_final(departure: Departure, temporal: WorkflowEnvironment) -> None:
    async with worker(temporal.client):
        first = Decision(
            decision_id="other", gate="sales_manager", verdict=Verdict.APPROVED, by="E101", accepted_at=NOON,
            report_digest=departure.report.digest,
        )  # fmt: skip
        await temporal.client.get_workflow_handle(CASE).signal("decision", first.model_dump(mode="json"))
        said = await say(departure, temporal.client)
    assert (said.standing, said.refusal, said.decided_by) == (Standing.REFUSED, Refusal.ALREADY_DECIDED, "E101")


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"by": "E105"}, Refusal.NOT_AN_APPROVER),
        ({"by": "E104"}, Refusal.SEPARATION_OF_DUTIES),
        ({"by": "E100"}, Refusal.SEPARATION_OF_DUTIES),
        ({"now": DUE + timedelta(microseconds=1)}, Refusal.LATE),
        ({"report_digest": "0" * 64}, Refusal.REPORT_CHANGED),
        ({"verdict": Verdict.DECLINED, "note": "  "}, Refusal.REASON_MISSING),
        ({"verdict": Verdict.TIMED_OUT}, Refusal.MALFORMED),
        ({"gate": "legal"}, Refusal.NOT_OPEN),
    ],
)
async def test_what_cannot_count_is_refused_before_anything_is_kept(
    database: Database, fields: dict[str, object], refusal: Refusal
) -> None:
    departure = Departure(database).build()
    said = await say(departure, None, **fields)
    assert (said.standing, said.refusal, said.decision_id) == (Standing.REFUSED, refusal, None)
    assert kept(departure) == []


async def test_a_dead_database_is_said_and_nothing_is_kept(departure: Departure, temporal: WorkflowEnvironment) -> None:
    alive, departure.database = departure.database, Database("postgresql+psycopg2://nobody@127.0.0.1:1/none")
    with pytest.raises(Unavailable):
        await say(departure, temporal.client)
    token_page = httpx.ASGITransport(departure.app(no_engine))
    async with httpx.AsyncClient(transport=token_page, base_url=PUBLIC_URL) as pages:
        departure.database = alive
        page = await pages.get(f"/d/{departure.link()}")
        health = await pages.get("/healthz")
    assert (page.status_code, page.headers["retry-after"]) == (503, "60")
    assert "暂时无法保存" in page.text or "We cannot store anything just now" in page.text
    assert (health.status_code, health.json()["database"]) == (503, "down")
    assert kept(departure) == []


async def test_the_api_counts_stores_and_repeats(departure: Departure, temporal: WorkflowEnvironment) -> None:
    link = f"{PUBLIC_URL}/d/{departure.link()}?lang=en"

    async def connected() -> Client:
        return temporal.client

    transport = httpx.ASGITransport(departure.app(connected))
    async with httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL) as api:
        stored = await api.post("/api/decisions", json={"link": link, "verdict": "approved"})
        assert (stored.status_code, stored.json()["state"]) == (202, "stored")
        assert (await api.get("/healthz")).json() == {"status": "ok", "database": "up", "temporal": "up"}
        async with worker(temporal.client):
            counted = await api.post("/api/decisions", json={"link": link, "verdict": "approved"})
            assert (counted.status_code, counted.json()["state"]) == (200, "counted")
            other = await api.post("/api/decisions", json={"link": link, "verdict": "declined", "note": "no"})
        assert other.status_code == 409
        assert other.json()["type"] == f"{PUBLIC_URL}/problems/already_decided"
        assert other.json()["reason"] == "already_decided"
        explained = await api.get("/problems/already_decided")
        assert explained.status_code == 200
