"""An alert that is joined again and again, or waits for years, goes on in a new run and loses nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from activities.alerts import tell
from connections import NAMESPACE
from embedded import temporal
from embedded.temporal import Temporal
from models.warning import AlertState, ProtectionState
from store.database import Database
from tests.workflow.alert_stage import EXPORT, AlertStage
from tests.workflow.reading import activities_in
from tests.workflow.stage import DevServerStage, build_company

FEW = 60  # events, instead of thousands


@pytest.fixture
def impatient_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Temporal]:
    """A server that asks for a new run after a few events."""
    monkeypatch.setitem(temporal.DYNAMIC, "limit.historyCount.suggestContinueAsNew", str(FEW))
    server = Temporal(tmp_path / "temporal", tmp_path / "temporal.log")
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def alert(impatient_server: Temporal, database: Database, tmp_path: Path) -> AlertStage:
    build_company(database)
    client = await Client.connect(
        impatient_server.address(), namespace=NAMESPACE, data_converter=pydantic_data_converter
    )
    return AlertStage(DevServerStage(client, database, tmp_path))


async def test_a_long_history_goes_on_in_a_new_run_that_asks_nobody_again(alert: AlertStage) -> None:
    before = alert.desk.rights()
    async with alert.stage.worker():
        await alert.begin()
        asked = await alert.until(lambda now: now.protection is ProtectionState.SUSPENDED and now.waiting_on)
        await alert.handle.signal("decision", "nonsense")
        first = (await alert.handle.describe()).run_id
        for number in range(FEW):
            await tell(alert.stage.client, alert.id)
            if number % 10 == 0:
                await alert.until(lambda now: now.waiting_on)
        later = await alert.until(lambda now: now.protection is ProtectionState.SUSPENDED and now.due_at is not None)
        assert (await alert.handle.describe()).run_id != first
        assert later == asked.model_copy(update={"rejected": 1})
        assert alert.suspended() == EXPORT
        assert (await alert.decide(AlertState.DISMISSED)).counted
        ended = await alert.handle.result()
    assert (ended.state, ended.protection, ended.rejected) == (AlertState.DISMISSED, ProtectionState.GIVEN_BACK, 1)
    assert alert.desk.rights() == before
    assert [kind for kind, _, _ in alert.stage.told()].count("alert") == 1
    assert alert.desk.evidence(alert.id).count("protection.begun") == 1
    old = await alert.stage.client.get_workflow_handle(alert.id, run_id=first).fetch_history()
    assert old.events[-1].HasField("workflow_execution_continued_as_new_event_attributes")
    assert {"look_at_alert", "ask_triage", "protect"} <= set(activities_in(old))
