"""The same door for programs: POST /api/decisions, and GET /healthz for whoever watches over the hook."""

import asyncio
from typing import Literal, Self

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field, ValidationError, model_validator
from sqlalchemy import text
from temporalio.service import RPCError

from models.approvals import Refusal, Verdict, Via
from models.base import EmployeeId, Value
from models.errors import OffboardError
from store.links import Purpose
from web import respond
from web.door.answers import Standing
from web.door.deciding import decide
from web.gate.opening import Place, open_place
from web.gate.showing import NOTE_LIMIT
from web.hook import Hook
from web.problems import Problem, of_refusal
from web.programs.receipts import receipt_of
from web.security import from_elsewhere

PROBE_SECONDS = 1.0


class DecisionIn(Value):
    """Body of POST /api/decisions: the token of a link, or the whole link; what is decided; and why.

    `for_id` is whose seat it is when somebody answers for another person; without it their own, or the one they hold.
    """

    token: str | None = Field(default=None, max_length=2048)
    link: str | None = Field(default=None, max_length=4096)
    verdict: Literal[Verdict.APPROVED, Verdict.DECLINED, Verdict.SENT_BACK, Verdict.TAKEN_BACK]
    for_id: EmployeeId | None = None
    note: str = Field(default="", max_length=NOTE_LIMIT, pattern=r"^[^\x00]*$")

    @model_validator(mode="after")
    def _one_link(self) -> Self:
        if (self.token is None) == (self.link is None):
            raise ValueError("give either token or link")
        return self

    def key(self) -> str:
        """The token, cut out of the link where a link was given."""
        if self.token is not None:
            return self.token
        return (self.link or "").rpartition("/d/")[2].split("?")[0].strip("/")


def router(hook: Hook) -> APIRouter:
    """Routes for programs."""
    routes = APIRouter()

    @routes.post("/api/decisions")
    async def take(request: Request) -> Response:
        return await _take(hook, request)

    @routes.api_route("/healthz", methods=["GET", "HEAD"])
    async def health() -> Response:
        stores, engine = await asyncio.gather(asyncio.to_thread(_stores, hook), _engine_answers(hook))
        state = {"database": "up" if stores else "down", "temporal": "up" if engine else "down"}
        return JSONResponse({"status": "ok" if stores else "unavailable", **state}, 200 if stores else 503)

    return routes


async def _take(hook: Hook, request: Request) -> Response:
    now = hook.clock()
    if from_elsewhere(request, hook.public_url):
        return respond.problem(request, Problem.CROSS_SITE, hook.public_url)
    wanted = await _read(request)
    if wanted is None:
        return respond.problem(request, Problem.MALFORMED, hook.public_url)
    opened = await open_place(hook, request, Place("/d", wanted.key()), as_link=True)
    if isinstance(opened, Response):
        return opened
    visit = opened.visit
    if visit.link.purpose is Purpose.FOLLOW:
        return respond.problem(request, Problem.NOT_AN_APPROVER, hook.public_url)
    result = await decide(
        hook.database,
        hook.client,
        key=hook.link_secret,
        case_id=visit.link.case_id,
        gate=visit.link.gate,
        verdict=wanted.verdict,
        by=visit.link.approver_id,
        for_id=wanted.for_id,
        via=Via.LINK,
        note=wanted.note,
        report_digest=visit.asked.report_digest,
        now=now,
    )
    if result.standing is Standing.REFUSED:
        return respond.problem(request, of_refusal(result.refusal or Refusal.NOT_OPEN), hook.public_url)
    return JSONResponse(receipt_of(result), 200 if result.standing is Standing.COUNTED else 202)


async def _read(request: Request) -> DecisionIn | None:
    # Only JSON: a form of another site cannot send this type without asking us first.
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
        return None
    try:
        return DecisionIn.model_validate_json(await request.body())
    except ValidationError:
        return None


def _stores(hook: Hook) -> bool:
    """True when our database takes writes now."""
    try:
        with hook.database.begin() as connection:
            mode: str = connection.execute(text("SELECT current_setting('transaction_read_only')")).scalar_one()
            return mode == "off"
    except OffboardError:
        return False


async def _engine_answers(hook: Hook) -> bool:
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            client = await hook.client()
            return await client.service_client.check_health()
    except (OffboardError, RPCError, RuntimeError, OSError, TimeoutError):
        return False
