"""Heartbeats while an activity works without a word."""

import asyncio
import time
from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

import pytest
from temporalio.testing import ActivityEnvironment

from activities import clients, handover, inventory, receivables
from activities.beating import beating
from models.case import BranchRequest
from models.handover import HandoverRequest, UndoRequest


def beats_of(work: Callable[[Callable[..., None]], None], *, patience: float = 60) -> list[tuple[object, ...]]:
    """What the engine hears while `work` runs."""
    heard: list[tuple[object, ...]] = []
    environment = ActivityEnvironment()
    environment.on_heartbeat = lambda *details: heard.append(details)

    def activity() -> None:
        with beating(every=0.01, patience=patience) as progress:
            work(progress)

    environment.run(activity)
    return heard


def until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_silent_activity_beats_and_repeats_what_it_reached() -> None:
    heard: list[tuple[object, ...]] = []
    environment = ActivityEnvironment()
    environment.on_heartbeat = lambda *details: heard.append(details)

    def activity() -> None:
        with beating(every=0.01) as progress:
            until(lambda: len(heard) > 2)
            progress("client", 7)
            until(lambda: heard.count(("client", 7)) > 2)

    environment.run(activity)
    assert heard[0] == ()
    ended = len(heard)
    time.sleep(0.05)
    assert len(heard) == ended, "nothing beats for work that is over"


def test_without_progress_it_stops_beating() -> None:
    heard = beats_of(lambda _: time.sleep(0.5), patience=0.1)
    assert 1 <= len(heard) <= 12


def test_outside_of_an_activity_nothing_happens() -> None:
    with beating() as progress:
        progress("client", 1)


class Heard(Exception):
    """A beat came while a system kept us waiting."""


class Slow:
    """Any system of record: its answer takes until the engine has heard a beat."""

    def __init__(self, heard: list[object]) -> None:
        self._heard = heard

    def __getattr__(self, name: str) -> Any:
        def answer(*_: object) -> None:
            until(lambda: len(self._heard) > 1)
            raise Heard

        return answer


BRANCH = BranchRequest(case_id="offboarding-E1", employee_id="E1", as_of=date(2026, 11, 24))
TRANSFER = HandoverRequest(case_id="offboarding-E1", employee_id="E1", plan_digest="0")
UNDO = UndoRequest(case_id="offboarding-E1", employee_id="E1")


@pytest.mark.parametrize(
    ("room", "department", "name", "asked"),
    [
        (receivables, receivables.ReceivableActivities, "audit_receivables", BRANCH),
        (clients, clients.ClientActivities, "report_clients", BRANCH),
        (handover, handover.HandoverActivities, "propose_successors", BRANCH),
        (handover, handover.HandoverActivities, "transfer_clients", TRANSFER),
        (handover, handover.HandoverActivities, "undo_transfers", UNDO),
        (inventory, inventory.InventoryActivities, "take_inventory", BRANCH),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_long_activities_beat_while_a_system_is_slow(
    room: Any, department: Any, name: str, asked: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "beating", partial(beating, every=0.01))
    heard: list[object] = []
    environment = ActivityEnvironment()
    environment.on_heartbeat = lambda *_: heard.append(1)
    slow = Slow(heard)
    with pytest.raises(Heard):
        environment.run(getattr(department(slow, slow), name), asked)


async def test_an_asynchronous_activity_beats_from_its_threads() -> None:
    heard: list[tuple[object, ...]] = []
    environment = ActivityEnvironment()
    environment.on_heartbeat = lambda *details: heard.append((asyncio.get_running_loop(), *details))

    async def work() -> None:
        with beating(every=0.01) as progress:
            await asyncio.to_thread(progress, 1)
            while len(heard) < 3:
                await asyncio.sleep(0.005)

    await asyncio.wait_for(environment.run(work), 5)
    assert heard[-1] == (asyncio.get_running_loop(), 1)
