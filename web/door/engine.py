"""Telling the engine about a stored decision: Update first, Signal as the fallback, silence when it is down."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta

from temporalio.api.errordetails.v1 import NamespaceNotFoundFailure
from temporalio.client import (
    Client,
    WorkflowHandle,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from models.approvals import Decision, DecisionReceipt, Refusal
from models.errors import DecisionRefused, Unavailable

ClientProvider = Callable[[], Awaitable[Client]]

CONNECT_SECONDS = 3.0
UPDATE_TIMEOUT = timedelta(seconds=3)
SIGNAL_TIMEOUT = timedelta(seconds=2)

log = logging.getLogger("offboard.web")


async def tell(
    client: ClientProvider, case_id: str, decision: Decision, *, by_signal: bool = True
) -> DecisionReceipt | None:
    """Hand over a decision about an open gate. None: nobody confirmed it; the case will find it in our database.

    A workflow that is gone gives a receipt with `not_open`. Without `by_signal` nothing waits in the engine when no
    worker answers.
    """
    try:
        engine = await asyncio.wait_for(client(), CONNECT_SECONDS)
    except (Unavailable, RPCError, RuntimeError, OSError, TimeoutError) as down:
        log.warning("the engine is down, decision %s stays stored: %s", decision.decision_id, type(down).__name__)
        return None
    handle = engine.get_workflow_handle(case_id)
    try:
        receipt = await _update(handle, decision)
        if receipt is None:
            if by_signal:
                await handle.signal("decision", decision.model_dump(mode="json"), rpc_timeout=SIGNAL_TIMEOUT)
            return None
        # The gate is open in our database and not yet in a case that is running: it has asked, and is about to learn
        # that it has. A refusal now would lose the decision of a quick person; the case finds it in our database.
        return None if receipt.refusal is Refusal.NOT_OPEN else receipt
    except RPCError as failed:
        if _is_gone(failed):
            return _refused(decision, Refusal.NOT_OPEN)
        log.warning("the engine did not take decision %s: %s", decision.decision_id, failed.status.name)
        return None


async def _update(handle: WorkflowHandle, decision: Decision) -> DecisionReceipt | None:  # type: ignore[type-arg]
    try:
        answer: DecisionReceipt = await handle.execute_update(
            "decide", decision, id=decision.decision_id, result_type=DecisionReceipt, rpc_timeout=UPDATE_TIMEOUT
        )
        return answer
    except WorkflowUpdateFailedError as failed:
        refusal = _refusal_in(failed.cause)
        return _refused(decision, refusal) if refusal else None
    except WorkflowUpdateRPCTimeoutOrCancelledError:
        return None
    except RPCError as failed:
        if _is_gone(failed):
            raise
        return None


def _refusal_in(cause: BaseException) -> Refusal | None:
    """The reason that a validator gave. Any other failure of an update says nothing about the decision."""
    if not isinstance(cause, ApplicationError) or cause.type != DecisionRefused.__name__:
        return None
    detail = cause.details[0] if cause.details else {}
    reason = detail.get("reason") if isinstance(detail, dict) else None
    return Refusal(reason) if reason in set(Refusal) else Refusal.MALFORMED


def _refused(decision: Decision, refusal: Refusal) -> DecisionReceipt:
    return DecisionReceipt(
        decision_id=decision.decision_id, gate=decision.gate, counted=False, refusal=refusal, verdict=decision.verdict
    )


def _is_gone(failed: RPCError) -> bool:
    """True when the workflow is closed or was never there; a missing namespace is an engine that is not set up yet."""
    if failed.status is not RPCStatusCode.NOT_FOUND:
        return False
    return not any(detail.Is(NamespaceNotFoundFailure.DESCRIPTOR) for detail in failed.grpc_status.details)
