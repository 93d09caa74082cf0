"""Every route of the hook, as strangers and people who are signed in meet it: strict headers, and nothing foreign."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from store.database import Database
from tests.browser.departure import CASE, PUBLIC_URL, Departure, no_engine

KNOWN = {
    "token": "forged", "case": CASE, "case_id": CASE, "gate": "sales_manager", "name": "late", "delegation": "x",
    "question": "x",
}  # fmt: skip
EXACT = {
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "x-robots-tag": "noindex, nofollow",
    "strict-transport-security": "max-age=31536000",
}


@pytest.fixture
def departure(database: Database) -> Departure:
    return Departure(database).build()


def routes_of(app: Any) -> Iterator[tuple[str, str]]:
    """Every method and path of an application, with names that exist where there are any."""
    for route in app.routes:
        if router := getattr(route, "original_router", None):  # what was included
            yield from routes_of(router)
            continue
        path = re.sub(r"{(\w+)(:\w+)?}", lambda found: KNOWN[found[1]], route.path)
        for method in sorted(route.methods or ()):
            yield method, path


def check(answer: httpx.Response, place: str) -> None:
    """Twelve properties of every answer."""
    for name, value in EXACT.items():
        assert answer.headers[name] == value, (place, name)
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none';"), place
    assert "frame-ancestors 'none'" in policy, place
    assert re.search(r"form-action '(self|none)'", policy), place
    assert not re.search(r"script-src|unsafe|https?:|\*", policy), place
    assert not re.search(r"<script|<iframe|<object|<img[^>]+src=.http|\son\w+=", answer.text), place
    assert "server" not in answer.headers, place
    for cookie in answer.headers.get_list("set-cookie"):
        assert cookie.startswith("__Host-offboard"), place
        assert {"secure", "httponly", "samesite=lax"} <= {part.strip().lower() for part in cookie.split(";")}, place


@pytest.mark.parametrize("person", [None, "E101", "E105"])
async def test_every_route_has_strict_headers(departure: Departure, person: str | None) -> None:
    public = PUBLIC_URL.replace("http://", "https://")
    app = departure.app(no_engine, public)
    cookies = {f"__Host-{name}": value for name, value in departure.sign_in(person).items()} if person else {}
    seen = set()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=public, cookies=cookies) as pages:
        for method, path in (*routes_of(app), ("GET", "/nowhere"), ("DELETE", "/inbox")):
            answer = await pages.request(method, path)
            check(answer, f"{method} {path}")
            assert answer.status_code < 500 or answer.status_code == 503, (method, path)
            seen.add(path)
    assert {"/", "/inbox", "/sign-out", f"/cases/{CASE}", f"/cases/{CASE}/evidence", "/sign-in"} <= seen


async def test_a_page_of_somebody_never_goes_to_somebody_else(departure: Departure) -> None:
    app = departure.app(no_engine)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=PUBLIC_URL) as pages:
        pages.cookies.update(departure.sign_in("E101"))
        own = await pages.get("/inbox?lang=en")
        pages.cookies.clear()
        pages.cookies.update(departure.sign_in("E105"))
        other = await pages.get("/inbox?lang=en")
    assert "陈思远 is leaving" in own.text
    assert "陈思远" not in other.text
