"""Is it really ready? The questions that both `offboard up` and `offboard doctor` ask."""

from datetime import datetime

import httpx
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client

from models.search_attributes import TASK_QUEUE


async def polls_since(client: Client, since: datetime) -> bool:
    """True when a worker asked for workflow tasks at or after `since`.

    The server remembers dead workers for minutes: the mere presence of a poller proves nothing.
    """
    request = DescribeTaskQueueRequest(
        namespace=client.namespace,
        task_queue=TaskQueue(name=TASK_QUEUE),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    )
    pollers = (await client.workflow_service.describe_task_queue(request)).pollers
    return any(poller.last_access_time.ToDatetime(tzinfo=since.tzinfo) >= since for poller in pollers)


def web_fault(url: str) -> str | None:
    """What is wrong with the approval page at this address; None when it is healthy."""
    try:
        # A proxy of the environment has no business between us and our own page.
        answer = httpx.get(f"{url}/healthz", timeout=5, trust_env=not url.startswith("http://127.0.0.1"))
    except httpx.HTTPError as failure:
        return type(failure).__name__
    return None if answer.is_success else f"HTTP {answer.status_code}"
