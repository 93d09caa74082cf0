"""GET /api/openapi.json: what programs can ask of us and what we tell them, from the models that do the work."""

from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from models.base import Value
from models.events import DATA_OF, EventType
from web.problems import WORDS, Problem
from web.programs.api import DecisionIn
from web.programs.calls import DecisionCall
from web.programs.receipts import Receipt
from web.programs.webhooks import PATH, PROBLEM_JSON

VERSION = "1"
ANYWHERE = (Problem.TOO_LARGE, Problem.FAULT, Problem.UNAVAILABLE, Problem.MALFORMED, Problem.TOO_MANY_REQUESTS)
JUDGED = (
    Problem.ALREADY_DECIDED,
    Problem.NOT_AN_APPROVER,
    Problem.SEPARATION_OF_DUTIES,
    Problem.REPORT_CHANGED,
    Problem.PLAN_SENT_BACK,
    Problem.NO_VOTE,
    Problem.REASON_MISSING,
    Problem.LATE,
    Problem.NOT_OPEN,
)
OF_LINKS = (
    Problem.CROSS_SITE,
    Problem.UNKNOWN,
    Problem.SIGN_IN_NEEDED,
    Problem.WRONG_PERSON,
    Problem.EXPIRED,
)
OF_CALLS = (Problem.BAD_SIGNATURE, Problem.CALL_REUSED, Problem.UNKNOWN_CASE, Problem.UNKNOWN)


class ProblemDocument(Value):
    """RFC 9457. `reason` is the last part of `type`; `errors` says where a body is wrong (JSON pointers)."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    reason: str
    errors: list[dict[str, str]] | None = None


class Health(Value):
    """`ok` while decisions can be stored, also when the engine is down."""

    status: str
    database: str
    temporal: str


def router() -> APIRouter:
    """The route of the document."""
    routes = APIRouter()

    @routes.get("/api/openapi.json")
    async def openapi() -> Response:
        return JSONResponse(document())

    return routes


def document() -> dict[str, Any]:
    """The OpenAPI 3.1 document."""
    models: list[type[BaseModel]] = [DecisionIn, DecisionCall, Receipt, ProblemDocument, Health]
    models += dict.fromkeys(DATA_OF.values())
    _, schemas = models_json_schema(
        [(model, "validation") for model in models], by_alias=True, ref_template="#/components/schemas/{model}"
    )
    parts: dict[str, Any] = schemas["$defs"]
    parts["DecisionIn"]["oneOf"] = [_given("token"), _given("link")]
    parts["DecisionCall"]["anyOf"] = [_given("report_digest"), _given("report_version")]
    return {
        "openapi": "3.1.0",
        "info": {"title": "Offboard", "version": VERSION, "description": "Decisions by programs; docs/webhooks.md."},
        "paths": {
            "/api/decisions": {"post": _decide_by_link()},
            PATH: {"post": _decide_by_call()},
            "/healthz": {"get": _health()},
        },
        "webhooks": {kind.value: {"post": _event(kind)} for kind in EventType},
        "components": {"schemas": parts},
    }


def _given(name: str) -> dict[str, Any]:
    return {"required": [name], "properties": {name: {"not": {"type": "null"}}}}


def _decide_by_link() -> dict[str, Any]:
    return {
        "operationId": "decideByLink",
        "summary": "Decide with the token of a link",
        "requestBody": _body("DecisionIn"),
        "responses": _answers() | _problems((*OF_LINKS, *JUDGED, *ANYWHERE)),
    }


def _decide_by_call() -> dict[str, Any]:
    return {
        "operationId": "decideByCall",
        "summary": "Decide by a call that is signed as Standard Webhooks asks",
        "parameters": _signature(),
        "requestBody": _body("DecisionCall"),
        # What is closed is 409 here: 410 would tell the sender never to call again.
        "responses": _answers() | _problems((*OF_CALLS, *JUDGED, *ANYWHERE), closed=409),
    }


def _health() -> dict[str, Any]:
    return {
        "operationId": "health",
        "summary": "Can decisions be stored?",
        "responses": {"200": _json("Yes.", "Health"), "503": _json("No.", "Health")},
    }


def _event(kind: EventType) -> dict[str, Any]:
    envelope = {
        "type": "object",
        "required": ["type", "timestamp", "data"],
        "properties": {
            "type": {"const": kind.value},
            "timestamp": {"type": "string", "format": "date-time"},
            "data": _ref(DATA_OF[kind].__name__),
        },
    }
    return {
        "summary": (DATA_OF[kind].__doc__ or "").splitlines()[0],
        "parameters": _signature(),
        "requestBody": {"required": True, "content": {"application/json": {"schema": envelope}}},
        "responses": {"2XX": {"description": "Taken."}, "410": {"description": "Never send anything again."}},
    }


def _signature() -> list[dict[str, Any]]:
    patterns = {
        "webhook-id": "^[A-Za-z0-9_:-]{1,128}$",
        "webhook-timestamp": "^[0-9]{1,12}$",
        "webhook-signature": "^v1,[A-Za-z0-9+/=]+( v1,[A-Za-z0-9+/=]+)*$",
    }
    return [
        {"name": name, "in": "header", "required": True, "schema": {"type": "string", "pattern": pattern}}
        for name, pattern in patterns.items()
    ]


def _body(model: str) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": _ref(model)}}}


def _answers() -> dict[str, Any]:
    return {"200": _json("Counted.", "Receipt"), "202": _json("Stored, not yet confirmed.", "Receipt")}


def _problems(kinds: tuple[Problem, ...], closed: int = 410) -> dict[str, Any]:
    reasons: dict[int, list[str]] = {}
    for kind in dict.fromkeys(kinds):
        status = WORDS[kind].status
        reasons.setdefault(closed if status == 410 else status, []).append(kind.value)
    return {
        str(status): _json("`reason`: " + ", ".join(sorted(names)), "ProblemDocument", PROBLEM_JSON)
        for status, names in sorted(reasons.items())
    }


def _json(description: str, model: str, media: str = "application/json") -> dict[str, Any]:
    return {"description": description, "content": {media: {"schema": _ref(model)}}}


def _ref(model: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{model}"}
