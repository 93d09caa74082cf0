"""The cases of the reference libraries of Standard Webhooks: against the library, our keys, and the HTTP route."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from models.errors import Refused
from services.exchange import keys_of
from tests.browser.departure import PUBLIC_URL, Departure
from tests.integration.exchange.calling import PATH, hook_of

VECTORS = json.loads(Path(__file__).with_name("vectors.json").read_text())
CASES = [pytest.param(case, id=case["name"]) for case in VECTORS["cases"]]
SECRET = f"whsec_{VECTORS['secret']}"
BODY = VECTORS["payload"].encode()


def headers_of(case: dict[str, Any]) -> dict[str, str]:
    at = datetime.now(UTC) - timedelta(seconds=case.get("age", 0))
    valid = Webhook(SECRET).sign(VECTORS["id"], at, VECTORS["payload"])
    right = {"webhook-id": VECTORS["id"], "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": valid}
    wanted: dict[str, str | None] = right | case.get("headers", {})
    return {name: value.replace("{valid}", valid) for name, value in wanted.items() if value is not None}


def test_our_signature_is_that_of_the_standard() -> None:
    at = datetime.fromtimestamp(VECTORS["signed"]["timestamp"], UTC)
    for zone in (UTC, datetime.now().astimezone().tzinfo):
        headers = keys_of(SECRET, "here").sign(VECTORS["id"], at.astimezone(zone), BODY)
        assert headers["webhook-signature"] == VECTORS["signed"]["signature"]
        assert headers["webhook-timestamp"] == str(VECTORS["signed"]["timestamp"])


@pytest.mark.parametrize("case", CASES)
def test_the_library_and_our_keys_agree_with_the_standard(case: dict[str, Any]) -> None:
    headers = headers_of(case)
    assert (keys_of(SECRET, "here").verify(headers, BODY) is not None) is case["valid"]
    if case["valid"]:
        assert Webhook(VECTORS["secret"]).verify(BODY, headers) == {"test": 2432232314}
    else:
        with pytest.raises((WebhookVerificationError, ValueError)):
            Webhook(VECTORS["secret"]).verify(BODY, headers)


@pytest.mark.parametrize("case", CASES)
async def test_the_route_agrees_with_the_standard(case: dict[str, Any], departure: Departure) -> None:
    transport = httpx.ASGITransport(hook_of(departure, secrets=SECRET))
    async with httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL) as http:
        answer = await http.post(PATH, content=BODY, headers=headers_of(case))
    # The body of the standard's cases is no decision: a signed one is read and refused, another one is not even read.
    expected = (400, "malformed") if case["valid"] else (401, "bad_signature")
    assert (answer.status_code, answer.json()["reason"]) == expected
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_malformed_signature_hides_no_valid_one() -> None:
    headers = headers_of({})
    headers["webhook-signature"] = f"nonsense v1,a,b v1,=== {headers['webhook-signature']}"
    assert keys_of(SECRET, "here").verify(headers, BODY) == VECTORS["id"]


@pytest.mark.parametrize("call_id", ["a.b", "", "x" * 129, "a b", "näme"])
def test_an_id_cannot_reach_into_what_is_signed(call_id: str) -> None:
    at = datetime.now(UTC)
    headers = {"webhook-id": call_id, "webhook-timestamp": str(int(at.timestamp()))}
    headers["webhook-signature"] = Webhook(SECRET).sign(call_id, at, VECTORS["payload"])
    assert keys_of(SECRET, "here").verify(headers, BODY) is None


@pytest.mark.parametrize("secret", ["whsec_", "whsec_c2hvcnQ=", VECTORS["secret"], "whsec_***", "whsec_" + "A" * 100])
def test_a_weak_secret_is_refused(secret: str) -> None:
    with pytest.raises(Refused, match="24 to 64 bytes"):
        keys_of(secret, "OFFBOARD_WEBHOOK_SECRETS")
