"""Nobody answers for a month: reminders, escalation, fallback, the outcome of the policy. Never an approval."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from embedded.namespace import prepare
from embedded.postgres import Postgres
from embedded.processes import is_alive
from embedded.temporal import Temporal
from models.approvals import Verdict
from models.case import CaseResult, Phase
from models.planning import calendar_for
from store import cases, people
from store.database import Database
from tests.workflow.stage import CASE, MONTH, DevServerStage, Stage, TestServerStage, build_company

ROUNDS = "SELECT round, approvers, opened_at, due_at, closed_at, verdict FROM gates WHERE gate = :gate ORDER BY round"
REMINDED = "SELECT (body->>'round')::int AS round, at FROM evidence WHERE kind = 'gate.reminded' ORDER BY seq"


def moments_of_a_round(stage: Stage, opened_at: datetime, due_at: datetime) -> list[datetime]:
    """When half and nine tenths of the working time of a round are over."""
    with stage.database.begin() as connection:
        case = cases.get(connection, CASE)
        calendar = calendar_for(people.get(connection, "E1"), case.policy)
    return [calendar.fraction(opened_at, due_at, share) for share in (Decimal("0.5"), Decimal("0.9"))]


def deadline_after(stage: Stage, moment: datetime, days: int) -> datetime:
    """The end of the n-th working day after a moment, where the leaver works."""
    with stage.database.begin() as connection:
        case = cases.get(connection, CASE)
        return calendar_for(people.get(connection, "E1"), case.policy).add_working_days(moment, days)


def nothing_was_approved(stage: Stage) -> None:
    assert stage.rows("SELECT * FROM gates WHERE verdict = 'approved'") == []
    assert stage.evidence("decision.counted", "handover.batch", "handover.executed", "case.closed") == []
    assert {row["owner_id"] for row in stage.rows("SELECT owner_id FROM clients")} == {"E1"}


async def test_a_silent_gate_that_escalates_stays_open_and_visible(stage: TestServerStage) -> None:
    today = (await stage.clock()).date()
    async with stage.worker():
        await stage.start(policy=stage.policy(sales_manager="escalate"), last_working_day=today + timedelta(days=12))
        await stage.until_asked()
        for _ in range(30):
            await stage.pass_time(timedelta(days=1))
        held = await stage.progress()

    assert (held.phase, held.waiting_on) == (Phase.APPROVING, ("sales_manager",))
    assert held.gates[0].outcome is None
    assert held.next_deadline is not None
    assert held.next_deadline == held.gates[0].due_at
    assert held.next_deadline > await stage.clock()
    nothing_was_approved(stage)

    rounds = stage.rows(ROUNDS, gate="sales_manager")
    # The leaver's manager, then the manager of who was silent, then HR, for as long as it takes.
    assert [row["approvers"][0] for row in rounds[:3]] == ["M1", "D1", "H1"]
    assert len(rounds) > 4
    assert {row["verdict"] for row in rounds[:-1]} == {"timed_out"}
    assert rounds[-1]["verdict"] is None
    for each in rounds[1:]:
        assert each["due_at"] == deadline_after(stage, each["opened_at"], 2), "a deadline is the end of a working day"


async def test_a_silent_gate_that_holds_asks_the_same_person_again_and_again(stage: TestServerStage) -> None:
    async with stage.worker():
        await stage.start(policy=stage.policy(finance="hold"))
        await stage.until_asked()
        await stage.pass_time(timedelta(days=15))
        held = await stage.until(lambda now: now.gates[0].round > 2)
        assert held.gates[0].waiting_on == ("F1",)
        nothing_was_approved(stage)
        await stage.decide("finance")
        await stage.until_phase(Phase.HANDING_OVER)
    assert {tuple(row["approvers"]) for row in stage.rows(ROUNDS, gate="finance")} == {("F1",)}


async def test_people_are_reminded_at_half_and_at_nine_tenths_of_their_time_in_every_round(
    stage: TestServerStage,
) -> None:
    async with stage.worker():
        await stage.start(policy=stage.policy(finance="decline"))
        asked = await stage.until_asked()
        await stage.pass_time(MONTH)
        await stage.until_phase(Phase.DECLINED)

    reminded = stage.rows(REMINDED)
    rounds = stage.rows(ROUNDS, gate="finance")
    assert len(rounds) == 3
    for each in rounds:
        expected = moments_of_a_round(stage, each["opened_at"], each["due_at"])
        sent = [row["at"] for row in reminded if row["round"] == each["round"]]
        late = [at - moment for at, moment in zip(sent, expected, strict=True)]
        assert all(timedelta(0) <= by < timedelta(seconds=2) for by in late), late
    assert asked.gates[0].due_at == rounds[0]["due_at"]
    told = [(kind, person) for kind, person, _ in stage.told() if person in {"F1", "D1"}]
    assert told[:4] == [("ask", "F1"), ("reminder", "F1"), ("reminder", "F1"), ("escalation", "D1")]


async def test_silence_declines_where_the_policy_says_so_and_only_after_the_whole_ladder(
    stage: TestServerStage,
) -> None:
    async with stage.worker():
        await stage.start(policy=stage.policy(finance="decline"))
        asked = await stage.until_asked()
        assert asked.gates[0].due_at is not None
        await stage.pass_until(asked.gates[0].due_at + timedelta(minutes=1))
        escalated = await stage.until(lambda now: now.gates[0].round == 2)
        assert escalated.gates[0].outcome is None
        assert escalated.gates[0].waiting_on == ("D1",)
        await stage.pass_time(MONTH)
        ended = await stage.until_phase(Phase.DECLINED)
        result: CaseResult = await stage.handle.result()

    assert result.phase is Phase.DECLINED
    assert [(one.verdict, one.by, one.round) for one in result.outcomes] == [(Verdict.TIMED_OUT, None, 3)]
    assert (ended.waiting_on, ended.next_deadline) == ((), None)
    assert [row["verdict"] for row in stage.rows(ROUNDS, gate="finance")] == ["timed_out"] * 3
    nothing_was_approved(stage)


async def test_access_ends_at_its_time_although_nobody_has_decided(stage: TestServerStage) -> None:
    today = (await stage.clock()).date()
    async with stage.worker():
        await stage.start(policy=stage.policy(sales_manager="hold"), last_working_day=today + timedelta(days=12))
        await stage.until_asked()
        await stage.pass_time(timedelta(days=10))
        assert {row["grade"] for row in open_rights(stage)} == {2, 3, 4, 5}
        await stage.pass_time(timedelta(days=4))
        await stage.eventually(lambda: open_rights(stage) == [], "all rights are taken")
        held = await stage.progress()
    assert held.phase is Phase.APPROVING
    assert held.report_version == 1, "taking the rights as planned makes nobody's approval lapse"
    nothing_was_approved(stage)


def open_rights(stage: Stage) -> list[dict[str, int]]:
    return stage.rows("SELECT grade FROM entitlements WHERE state = 'active'")


class Machine:
    """A machine of its own: PostgreSQL and Temporal that keep their state, and that can be killed."""

    def __init__(self, folder: Path) -> None:
        self.postgres = Postgres(folder / "postgres")
        self.temporal = Temporal(folder / "temporal", folder / "temporal.log")

    async def start(self) -> None:
        """Start both servers, or start them again."""
        await asyncio.gather(asyncio.to_thread(self.postgres.start), asyncio.to_thread(self.temporal.start))

    async def kill(self) -> None:
        """kill -9 for both, at once."""
        victims = [self.temporal.pid(), self.postgres.pid()]
        for pid in victims:
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
        while any(is_alive(pid) for pid in victims if pid):
            await asyncio.sleep(0.02)

    async def connect(self) -> Client:
        """A new client."""
        client = await Client.connect(self.temporal.address(), data_converter=pydantic_data_converter)
        await prepare(client)
        return client

    def stop(self) -> None:
        """Stop both."""
        self.temporal.stop()
        self.postgres.stop()


@pytest.fixture
async def machine(tmp_path: Path) -> AsyncIterator[Machine]:
    """A running machine."""
    made = Machine(tmp_path)
    await made.start()
    yield made
    await asyncio.to_thread(made.stop)


async def test_a_month_of_silence_survives_the_end_of_every_process(machine: Machine, tmp_path: Path) -> None:
    database = Database(machine.postgres.url())
    await asyncio.to_thread(database.migrate)
    build_company(database)
    before = DevServerStage(await machine.connect(), database, tmp_path)
    async with before.worker():
        await before.start(
            policy=before.policy(finance="decline"), last_working_day=(await before.clock()).date() + 2 * MONTH
        )
        asked = await before.until_asked()
        (opened,) = before.rows(ROUNDS, gate="finance")
        first_reminder = moments_of_a_round(before, opened["opened_at"], opened["due_at"])[0]
        await before.pass_until(first_reminder + timedelta(minutes=1))
        await before.eventually(lambda: len(before.rows(REMINDED)) == 1, "one reminder")
    database.engine.dispose()
    await machine.kill()

    await machine.start()
    database = Database(machine.postgres.url())
    after = DevServerStage(await machine.connect(), database, tmp_path)
    async with after.worker():
        assert (await after.progress()).gates == asked.gates
        await after.pass_time(MONTH)
        ended = await after.until_phase(Phase.DECLINED)
    assert ended.gates[0].outcome is not None
    assert ended.gates[0].outcome.verdict is Verdict.TIMED_OUT
    nothing_was_approved(after)
    assert [row["round"] for row in after.rows(REMINDED)] == [1, 1, 2, 2, 3, 3]
    asking = ("ask", "reminder", "escalation")
    assert [(kind, person) for kind, person, _ in after.told() if kind in asking] == [
        ("ask", "F1"), ("reminder", "F1"), ("reminder", "F1"), ("escalation", "D1"), ("reminder", "D1"),
        ("reminder", "D1"), ("escalation", "H1"), ("reminder", "H1"), ("reminder", "H1"),
    ]  # fmt: skip
    assert len(after.told()) == len(after.letters())
    assert after.rows("SELECT id FROM cases")[0]["id"] == CASE
    database.close()
