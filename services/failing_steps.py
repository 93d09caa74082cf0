"""Which steps of a running workflow fail again and again: what the engine knows of them."""

from typing import Any

from temporalio.api.failure.v1 import Failure
from temporalio.client import WorkflowHandle

from models.base import Value


class FailingStep(Value):
    """A step that was tried more than once. `failure` is the type of the last failure; `attempt` is under way."""

    workflow_id: str
    step: str
    attempt: int
    failure: str


async def failing_steps(handle: WorkflowHandle[Any, Any], more_than: int) -> list[FailingStep]:
    """The steps of one workflow that need more than so many attempts. Raises RPCError."""
    told = await handle.describe()
    return [
        FailingStep(
            workflow_id=handle.id,
            step=step.activity_type.name,
            attempt=step.attempt,
            failure=_type_of(step.last_failure),
        )
        for step in told.raw_description.pending_activities
        if step.attempt > more_than
    ]


def _type_of(failure: Failure) -> str:
    # Only the type: a message may name people, and whoever runs the servers need not know them.
    named = failure.application_failure_info.type
    return named or (failure.WhichOneof("failure_info") or "unknown").removesuffix("_info")
