"""What Offboard needs on a Temporal server: its namespace with 90 days of history, and its search attributes."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta

from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    RegisterNamespaceRequest,
    UpdateNamespaceRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from models.errors import Unavailable
from models.search_attributes import ALL, NAMESPACE_RETENTION_DAYS

RETENTION = timedelta(days=NAMESPACE_RETENTION_DAYS)


async def prepare(client: Client, wait: float = 30.0) -> None:
    """Make the client's namespace ready for cases; safe to repeat. Returns when searches by our attributes work.

    A longer retention that somebody chose is left alone. Raises Unavailable after `wait` seconds.
    """
    until = time.monotonic() + wait
    await _persist(lambda: _ensure_namespace(client), until)
    await _persist(lambda: _ensure_attributes(client), until)
    # The server answers "added" before its own caches know the attributes.
    query = " OR ".join(f"{key.name} IS NOT NULL" for key in ALL)
    await _persist(lambda: client.count_workflows(query), until)


async def retention(client: Client) -> timedelta:
    """How long the namespace keeps a finished case. Raises RPCError (NOT_FOUND: no such namespace)."""
    answer = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace))
    return timedelta(seconds=answer.config.workflow_execution_retention_ttl.seconds)


async def missing_attributes(client: Client) -> dict[str, IndexedValueType.ValueType]:
    """Our search attributes that the server does not know yet, with their types."""
    request = ListSearchAttributesRequest(namespace=client.namespace)
    known = (await client.operator_service.list_search_attributes(request)).custom_attributes
    return {key.name: IndexedValueType.ValueType(key.indexed_value_type) for key in ALL if key.name not in known}


async def _ensure_namespace(client: Client) -> None:
    period = Duration(seconds=int(RETENTION.total_seconds()))
    try:
        await client.workflow_service.register_namespace(
            RegisterNamespaceRequest(namespace=client.namespace, workflow_execution_retention_period=period)
        )
    except RPCError as refused:
        if refused.status is not RPCStatusCode.ALREADY_EXISTS:
            raise
    if await retention(client) < RETENTION:
        config = NamespaceConfig(workflow_execution_retention_ttl=period)
        await client.workflow_service.update_namespace(
            UpdateNamespaceRequest(namespace=client.namespace, config=config)
        )


async def _ensure_attributes(client: Client) -> None:
    if missing := await missing_attributes(client):
        await client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(namespace=client.namespace, search_attributes=missing)
        )


async def _persist(attempt: Callable[[], Awaitable[object]], until: float) -> None:
    while True:
        try:
            await attempt()
            return
        except RPCError as not_yet:
            if time.monotonic() > until:
                raise Unavailable("Temporal did not take its set-up: {answer}", answer=not_yet) from not_yet
            await asyncio.sleep(0.1)
