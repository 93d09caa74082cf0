"""The OpenAPI document is served and true: schemathesis asks everything that it allows, and much that it does not."""

import json
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import CheckFunction
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from sqlalchemy import func, select

from models.events import EventType
from store.tables import decisions
from tests.browser.departure import PUBLIC_URL, Departure
from tests.integration.exchange.calling import PATH, hook_of, signed
from web.programs.document import document

EXAMPLES = 60
CHECKS: list[CheckFunction] = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]


class Signing:
    """Signs every second call of the web hook on its way to the application: the other half stays as it was made."""

    def __init__(self, app: Any) -> None:
        self.app, self.calls = app, 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass a request on."""
        if scope["type"] != "http" or scope["path"] != PATH:
            await self.app(scope, receive, send)
            return
        self.calls += 1
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        if self.calls % 2 and _is_text(body):
            own = signed(body, f"call-{self.calls}")
            kept = [(name, value) for name, value in scope["headers"] if name.decode("latin-1").lower() not in own]
            scope = scope | {"headers": kept + [(name.encode(), value.encode()) for name, value in own.items()]}

        async def again() -> Any:
            return {"type": "http.request", "body": body, "more_body": False}

        await self.app(scope, again, send)


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


@pytest.mark.parametrize(
    ("path", "method", "mode", "among"),
    [
        ("/api/decisions", "POST", GenerationMode.POSITIVE, {404}),
        ("/api/decisions", "POST", GenerationMode.NEGATIVE, {400}),
        (PATH, "POST", GenerationMode.POSITIVE, {401, 404}),
        (PATH, "POST", GenerationMode.NEGATIVE, {401}),
        ("/healthz", "GET", GenerationMode.POSITIVE, {200}),
    ],
)
def test_every_answer_is_as_the_document_says(
    path: str, method: str, mode: GenerationMode, among: set[int], departure: Departure
) -> None:
    operation = schemathesis.openapi.from_asgi("/api/openapi.json", Signing(hook_of(departure)))[path][method]
    seen: set[int] = set()

    @given(operation.as_strategy(generation_mode=mode))
    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def ask(case: schemathesis.Case) -> None:
        response = case.call()
        seen.add(response.status_code)
        case.validate_response(response, checks=CHECKS)
        if response.status_code >= 400 and path != "/healthz":
            assert response.headers["content-type"] == ["application/problem+json"]
            assert json.loads(response.content)["status"] == response.status_code

    ask()
    assert among <= seen
    with departure.database.begin() as connection:
        assert connection.execute(select(func.count()).select_from(decisions)).scalar_one() == 0


async def test_the_document_names_every_event_and_no_page_of_people(departure: Departure) -> None:
    transport = httpx.ASGITransport(hook_of(departure))
    async with httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL) as http:
        served = (await http.get("/api/openapi.json")).json()
    assert served == document()
    assert set(served["webhooks"]) == {kind.value for kind in EventType}
    assert set(served["paths"]) == {"/api/decisions", PATH, "/healthz"}
