"""Everything is killed between the suspension of rights and its end: they still come back as they were."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError
from temporalio.testing import TimeSkipper, TimeSkippingConfig

from activities.alerts import tell
from connections import connect_temporal, open_database
from embedded.processes import is_alive
from embedded.stack import down, status, up
from models.warning import AlertProgress, AlertState, ProtectionState
from settings import Settings
from tests.alert_desk import AlertDesk, early_policy
from tests.company import Company

pytestmark = pytest.mark.chaos

SERVERS = ("worker", "temporal", "postgres")
LAPSE = timedelta(hours=1)


@pytest.fixture
async def home(tmp_path: Path, only_our_servers: None, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Path]:
    """A stack whose policy enforces the protection for an hour."""
    monkeypatch.setenv("OFFBOARD_POLICY_DIR", str(early_policy(tmp_path, mode='"enforce"', hours="1")))
    folder = tmp_path / "home"
    try:
        await asyncio.to_thread(up, folder, 120)
        yield folder
    finally:
        await asyncio.to_thread(down, folder)


async def protection(handle: WorkflowHandle[object, object], wanted: ProtectionState, seconds: float) -> AlertProgress:
    """Wait for the alert to say so; whoever does not answer is asked again."""
    said: object = None
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        try:
            now = await handle.query("progress", result_type=AlertProgress, rpc_timeout=timedelta(seconds=5))
        except RPCError as away:
            said = away
        else:
            if now.protection is wanted:
                return now
            said = now
        await asyncio.sleep(0.2)
    pytest.fail(f"not {wanted.value} within {seconds} s: {said}")


async def kill_everything(home: Path) -> None:
    """Kill -9 the worker, Temporal and PostgreSQL, and wait until they are back as other processes."""
    services = status(home).services
    victims = [pid for name in SERVERS if (pid := services[name].pid)]
    assert len(victims) == len(SERVERS)
    for victim in victims:
        os.kill(victim, signal.SIGKILL)
    give_up = time.monotonic() + 10
    while any(is_alive(victim) for victim in victims):
        assert time.monotonic() < give_up, "somebody survives kill -9"
        await asyncio.sleep(0.1)
    await asyncio.to_thread(up, home, 60)
    assert {services[name].pid for name in SERVERS}.isdisjoint(status(home).services[name].pid for name in SERVERS)


async def test_rights_come_back_after_everything_was_killed(home: Path) -> None:
    settings = Settings(home=home)
    database = open_database(settings)
    Company.build(database, clients=1)
    desk = AlertDesk(database)
    before = desk.rights()
    alert = desk.open()
    client: Client = await connect_temporal(settings)
    await tell(client, alert)
    await protection(client.get_workflow_handle(alert), ProtectionState.SUSPENDED, 30)
    assert desk.rights() != before

    await kill_everything(home)
    database.close()
    database = open_database(settings)
    desk = AlertDesk(database)
    assert desk.rights() != before, "a crash gives nothing back before its time"
    client = await connect_temporal(settings)
    handle = client.get_workflow_handle(alert)
    await protection(handle, ProtectionState.SUSPENDED, 30)
    clock = TimeSkipper(client, config=TimeSkippingConfig(enabled=False))
    await clock.fast_forward(handle, LAPSE + timedelta(minutes=1))
    ended = await protection(handle, ProtectionState.GIVEN_BACK, 30)
    assert desk.rights() == before
    assert ended.state is AlertState.NEEDS_REVIEW
    database.close()
