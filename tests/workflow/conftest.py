"""The two servers of these tests: one that skips time for everybody, and the dev server of the embedded stack."""

import itertools
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from embedded.namespace import prepare
from embedded.temporal import Temporal
from models.search_attributes import ALL
from store.database import Database
from tests.workflow.stage import DevServerStage, TestServerStage, build_company

TEST_SERVER = Path(sys.executable).with_name("temporal-test-server")
_numbers = itertools.count(1)


@pytest.fixture
async def stage(database: Database, tmp_path: Path) -> AsyncIterator[TestServerStage]:
    """The small company on a time-skipping server of its own; no worker runs yet."""
    build_company(database)
    environment = await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=str(TEST_SERVER), data_converter=pydantic_data_converter
    )
    async with environment:
        attributes = {key.name: IndexedValueType.ValueType(key.indexed_value_type) for key in ALL}
        await environment.client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(namespace="default", search_attributes=attributes)
        )
        yield TestServerStage(environment, database, tmp_path)


@pytest.fixture(scope="session")
def dev_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Temporal]:
    """The dev server of the embedded stack."""
    folder = tmp_path_factory.mktemp("temporal")
    server = Temporal(folder, folder / "server.log")
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def dev_stage(dev_server: Temporal, database: Database, tmp_path: Path) -> DevServerStage:
    """The small company on the dev server, in a namespace of its own; no worker runs yet."""
    build_company(database)
    client = await Client.connect(
        dev_server.address(), namespace=f"case-{next(_numbers)}", data_converter=pydantic_data_converter
    )
    await prepare(client)
    return DevServerStage(client, database, tmp_path)
