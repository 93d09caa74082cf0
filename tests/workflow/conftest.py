"""The two servers of these tests: one that skips time for everybody, and the dev server with real time."""

import itertools
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from embedded.namespace import prepare
from embedded.temporal import Temporal
from models.search_attributes import ALL
from store.database import Database
from tests.company import Company
from tests.workflow.stage import Stage

TEST_SERVER = Path(sys.executable).with_name("temporal-test-server")
_numbers = itertools.count(1)


class SkippingStage(Stage):
    """A stage whose server jumps over waiting times."""

    environment: WorkflowEnvironment

    async def pass_time(self, span: timedelta) -> None:
        """Let time go by at once; what falls due on the way happens."""
        await self.environment.sleep(span)

    async def pass_until(self, moment: datetime) -> None:
        """Let time go by until a moment."""
        await self.pass_time(moment - await self.clock())


@pytest.fixture
async def skipping(database: Database, tmp_path: Path) -> AsyncIterator[SkippingStage]:
    """The small company on the time-skipping server; no worker runs yet."""
    Company.build(database, clients=2)
    environment = await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=str(TEST_SERVER), data_converter=pydantic_data_converter
    )
    async with environment:
        await environment.client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(
                namespace="default", search_attributes={key.name: key.indexed_value_type for key in ALL}
            )
        )
        stage = SkippingStage(environment.client, database, tmp_path, environment.get_current_time)
        stage.environment = environment
        yield stage


@pytest.fixture(scope="session")
def dev_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Temporal]:
    """The dev server of the embedded stack."""
    folder = tmp_path_factory.mktemp("temporal")
    server = Temporal(folder, folder / "server.log")
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def real(dev_server: Temporal, database: Database, tmp_path: Path) -> Stage:
    """The small company on the dev server, in a namespace of its own; no worker runs yet."""
    Company.build(database, clients=2)
    namespace = f"case-{next(_numbers)}"
    client = await Client.connect(
        dev_server.address(), namespace=namespace, data_converter=pydantic_data_converter, identity="test"
    )
    await prepare(client)
    return Stage(client, database, tmp_path)
