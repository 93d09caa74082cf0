"""The worker or Temporal is away for a while: what people decide meanwhile counts by the time of its acceptance."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from temporalio.client import Client
from temporalio.testing import TimeSkipper, TimeSkippingConfig

from connections import link_secret
from models.approvals import Decision, Refusal, Verdict, Via
from models.case import CaseProgress
from services.cases import progress_of
from settings import Settings
from store import decisions, gates
from store.decisions import DecisionState
from store.gates import GateRow
from tests.chaos.stage import Stage, is_for, token_in, until
from tests.chaos.teams import case_of
from web.door.answers import DoorResult, Standing
from web.door.deciding import decide

pytestmark = pytest.mark.chaos

ACROSS_THE_DEADLINE, WITHOUT_TEMPORAL = TEAMS = (1, 2)
ALWAYS_ASKED = {"sales_manager", "finance", "hr", "it"}
SECOND = timedelta(seconds=1)


@pytest.fixture(scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory, only_our_servers: None) -> AsyncIterator[Stage]:
    """Servers of their own with a small company: the long plays would have to be over first."""
    built = await Stage.build(tmp_path_factory.mktemp("away"), len(TEAMS), (), datetime.now(UTC).date())
    yield built
    await built.close()


async def open_rounds(stage: Stage, team: int) -> dict[str, GateRow]:
    """Start a case and wait until the engine knows that people are asked."""
    await stage.start([team])

    async def asked() -> bool:
        progress = await progress_of(stage.client, case_of(team))
        opened = {gate.gate for gate in progress.gates if gate.due_at} if progress else set()
        return opened >= ALWAYS_ASKED

    await eventually(asked, 30, "nobody was asked")
    with stage.database.begin() as connection:
        return {row.gate: row for row in gates.newest_of(connection, case_of(team))}


@asynccontextmanager
async def away(stage: Stage, service: str) -> AsyncIterator[None]:
    """A server is killed and stays away for the length of the block."""
    supervisor = stage.freeze_supervisor()
    try:
        await stage.kill(service)
        yield
    finally:
        os.kill(supervisor, signal.SIGCONT)


async def eventually(done: Callable[[], Awaitable[bool]], seconds: float, otherwise: str) -> None:
    try:
        async with asyncio.timeout(seconds):
            while not await done():
                await asyncio.sleep(0.2)
    except TimeoutError:
        pytest.fail(otherwise)


async def say(stage: Stage, row: GateRow, at: datetime) -> DoorResult:
    async def engine() -> Client:
        return stage.client

    return await decide(
        stage.database,
        engine,
        key=link_secret(Settings(home=stage.home)),
        case_id=row.case_id,
        gate=row.gate,
        verdict=Verdict.APPROVED,
        by=row.approvers[0],
        via=Via.COMMAND,
        now=at,
    )


async def test_the_worker_is_down_across_a_deadline(stage: Stage) -> None:
    """In time counts, late does not, although the worker hears both after the deadline; silence approves nothing."""
    case_id = case_of(ACROSS_THE_DEADLINE)
    rounds = await open_rounds(stage, ACROSS_THE_DEADLINE)
    due_at = rounds["finance"].due_at
    handle = stage.client.get_workflow_handle(case_id)
    clock = TimeSkipper(stage.client, config=TimeSkippingConfig(enabled=False))
    await clock.fast_forward(handle, due_at - datetime.now(UTC) - timedelta(minutes=5))
    async with away(stage, "worker"):
        # The clock runs to the deadline and stands still there until a worker has heard of it.
        running_on = asyncio.create_task(clock.fast_forward(handle, timedelta(minutes=10)))

        async def over() -> bool:
            return await clock.get_current_time(handle) > due_at

        await eventually(over, 20, "the deadline did not pass")
        in_time = await say(stage, rounds["finance"], due_at - SECOND)
        assert in_time.standing is Standing.STORED
        refused = await say(stage, rounds["hr"], due_at + SECOND)
        assert (refused.standing, refused.refusal) == (Standing.REFUSED, Refusal.LATE)
        row = rounds["it"]
        late = Decision(
            decision_id="late-it", gate=row.gate, verdict=Verdict.APPROVED, by=row.approvers[0],
            accepted_at=due_at + SECOND, report_digest=row.report_digest,
        )  # fmt: skip
        await handle.signal("decision", late)

    seen: list[CaseProgress] = []

    async def escalated() -> bool:
        progress = await progress_of(stage.client, case_id)
        seen[:] = [progress] if progress else []
        return {gate.round for one in seen for gate in one.gates if gate.gate in ("hr", "it")} == {2}

    await eventually(escalated, 60, "silence had no consequence")
    await asyncio.wait_for(running_on, 30)
    found = {gate.gate: gate for gate in seen[0].gates}
    outcome = found["finance"].outcome
    assert outcome is not None
    assert (outcome.verdict, outcome.at, outcome.round) == (Verdict.APPROVED, due_at - SECOND, 1)
    assert found["hr"].outcome is None
    assert found["it"].outcome is None
    assert {(one.decision_id, one.reason) for one in seen[0].rejected} == {("late-it", "late")}


async def test_temporal_is_down_while_a_decision_is_accepted(stage: Stage) -> None:
    """The hook keeps it, says so, and tells it again by itself: nobody waits for the deadline of the gate."""
    rounds = await open_rounds(stage, WITHOUT_TEMPORAL)
    row = rounds["finance"]
    letters = [one for one in (stage.home / "mail").glob("new/*") if is_for(one, row.approvers[0], row.case_id)]
    (token,) = {token_in(one) for one in letters}
    async with httpx.AsyncClient(timeout=20) as web, away(stage, "temporal"):
        await stage.answer(web, token)
        assert stage.answers[token] == "stored"
        (kept,) = _kept(stage, row)
        assert kept.state is DecisionState.STORED
    await until(
        lambda: _kept(stage, row)[0].state is DecisionState.COUNTED, 75, lambda: f"not heard: {_kept(stage, row)}"
    )
    progress = await progress_of(stage.client, row.case_id)
    assert progress is not None
    (view,) = [gate for gate in progress.gates if gate.gate == "finance"]
    assert view.outcome is not None
    assert (view.outcome.verdict, view.outcome.at) == (Verdict.APPROVED, kept.accepted_at)
    assert len(_kept(stage, row)) == 1


def _kept(stage: Stage, row: GateRow) -> list[decisions.StoredDecision]:
    with stage.database.begin() as connection:
        return decisions.of_gate(connection, row.case_id, row.gate)
