"""Another program, for tests: it signs its calls with the library of the standard, not with our code."""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from standardwebhooks.webhooks import Webhook
from temporalio.client import Client

from services.exchange import Exchange, keys_of
from tests.browser.departure import CASE, PUBLIC_URL, SECRET, Departure, no_engine
from web.app import create_app

NEW = "whsec_bmV3IHNlY3JldCBvZiB0aGUgb3RoZXIgcHJvZ3JhbSBoZXJl"
OLD = "whsec_b2xkIHNlY3JldCBvZiB0aGUgb3RoZXIgcHJvZ3JhbSBoZXJl"
PATH = "/api/webhooks/decisions"


def hook_of(
    departure: Departure, client: Callable[[], Awaitable[Client]] = no_engine, secrets: str = f"{NEW} {OLD}"
) -> Any:
    """The hook of a departure, with secrets for calls."""
    exchange = Exchange(incoming=keys_of(secrets, "the test"))
    return create_app(departure.database, client, SECRET, PUBLIC_URL, departure.clock, exchange=exchange)


def signed(body: bytes, call_id: str, *, secret: str = NEW, age: timedelta = timedelta(0)) -> dict[str, str]:
    """The headers of a call that was stamped `age` ago."""
    at = datetime.now(UTC) - age
    return {
        "webhook-id": call_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(call_id, at, body.decode()),
        "content-type": "application/json",
    }


class Program:
    """Calls the hook of a departure. What is not named is a sensible approval by the manager."""

    def __init__(self, http: httpx.AsyncClient, departure: Departure) -> None:
        self.http, self.departure = http, departure

    def body(self, **fields: object) -> bytes:
        """The body of a call."""
        said = {
            "case": CASE,
            "gate": "sales_manager",
            "verdict": "approved",
            "by": "E101",
            "report_version": self.departure.report.version,
        } | fields
        return json.dumps({name: value for name, value in said.items() if value is not None}).encode()

    async def call(self, call_id: str, *, secret: str = NEW, **fields: object) -> httpx.Response:
        """Send a signed call."""
        body = self.body(**fields)
        return await self.http.post(PATH, content=body, headers=signed(body, call_id, secret=secret))
