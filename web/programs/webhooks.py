"""Decisions from other programs: POST /api/webhooks/decisions, signed as Standard Webhooks asks (docs/webhooks.md).

The id of a call is the key to it: the same id again has no second effect, and the same answer once that is final. A
sender that keeps the standard takes 410 for "never call again", so what is closed answers 409 here.
"""

import asyncio
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from models.approvals import Refusal, Via
from store import webhook_receipts
from web import respond
from web.door.answers import DoorResult, Standing
from web.door.deciding import decide
from web.hook import Hook
from web.problems import WORDS, Problem, document, of_refusal
from web.programs.calls import DecisionCall, Taken, read_call, take
from web.programs.receipts import receipt_of
from web.security import address

PATH = "/api/webhooks/decisions"
PROBLEM_JSON = "application/problem+json"


def router(hook: Hook) -> APIRouter:
    """The routes for signed calls."""
    routes = APIRouter()

    @routes.post(PATH)
    async def hear_decision(request: Request) -> Response:
        return await _hear(hook, request)

    return routes


async def _hear(hook: Hook, request: Request) -> Response:
    if not hook.exchange.incoming:
        return respond.problem(request, Problem.UNKNOWN, hook.public_url)
    body = await request.body()
    call_id = hook.exchange.incoming.verify(request.headers, body)
    if call_id is None:
        return _unsigned(hook, request)
    call = read_call(body)
    if not isinstance(call, DecisionCall):
        return _problem(hook, request, Problem.MALFORMED, errors=call)
    return await _answer(hook, request, call_id, body, call)


async def _answer(hook: Hook, request: Request, call_id: str, body: bytes, call: DecisionCall) -> Response:
    taken = await asyncio.to_thread(take, hook, call_id, body, call)
    if not taken.receipt.is_about(body):
        return _problem(hook, request, Problem.CALL_REUSED)
    if taken.receipt.status is not None:
        return _said(taken.receipt.status, taken.receipt.answer or {})
    if taken.problem:
        return await _final(hook, call_id, _problem_of(hook, request, taken.problem))
    result = await _decide(hook, call, taken)
    if result.standing is Standing.STORED:
        return _said(202, receipt_of(result))
    if result.standing is Standing.COUNTED:
        return await _final(hook, call_id, receipt_of(result))
    refused = of_refusal(result.refusal or Refusal.NOT_OPEN)
    return await _final(hook, call_id, _problem_of(hook, request, refused))


async def _decide(hook: Hook, call: DecisionCall, taken: Taken) -> DoorResult:
    """Through the door, under the turn that the call took when it came first: again it is the same decision."""
    return await decide(
        hook.database,
        hook.client,
        key=hook.link_secret,
        case_id=call.case,
        gate=call.gate,
        verdict=call.verdict,
        by=taken.by,
        for_id=taken.for_id,
        via=Via.WEBHOOK,
        note=call.note,
        report_digest=taken.digest,
        round=taken.receipt.round,
        number=taken.receipt.number,
        now=taken.receipt.received_at,
    )


def _unsigned(hook: Hook, request: Request) -> Response:
    # Asked only after a signature failed: who signs rightly is never slowed down by who does not.
    if wait := hook.brake.missed(f"call {address(request)}"):
        return respond.problem(request, Problem.TOO_MANY_REQUESTS, hook.public_url, wait=wait)
    return _problem(hook, request, Problem.BAD_SIGNATURE)


async def _final(hook: Hook, call_id: str, answer: dict[str, Any]) -> Response:
    """Keep an answer and give it; when another copy of the same call was quicker, give that one's."""

    def keeping() -> webhook_receipts.Receipt:
        with hook.database.begin() as connection:
            return webhook_receipts.answered(connection, call_id, int(answer.get("status", 200)), answer)

    kept = await asyncio.to_thread(keeping)
    return _said(kept.status or 200, kept.answer or {})


def _problem(hook: Hook, request: Request, kind: Problem, **more: object) -> Response:
    return _said(WORDS[kind].status, _problem_of(hook, request, kind) | more)


def _problem_of(hook: Hook, request: Request, kind: Problem) -> dict[str, Any]:
    said = document(kind, respond.words_for(request), hook.public_url, PATH)
    return said | {"status": 409} if said["status"] == 410 else said


def _said(status: int, answer: dict[str, Any]) -> Response:
    return JSONResponse(answer, status, media_type=PROBLEM_JSON if status >= 400 else None)
