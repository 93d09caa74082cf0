"""What guards the hook: headers on every route, links that cannot be guessed, forms that cannot be made elsewhere."""

import base64
import hashlib
import logging
import re
from collections.abc import AsyncIterator

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from store.database import Database
from store.tables import decisions
from tests.browser.departure import PUBLIC_URL, SECRET, Departure, no_engine
from web.hook import Hook, Seen
from web.security import BODY_LIMIT, GuessBrake, redact

Pages = httpx.AsyncClient


@pytest.fixture
def departure(database: Database) -> Departure:
    return Departure(database).build()


@pytest.fixture
async def pages(departure: Departure) -> AsyncIterator[Pages]:
    async with Pages(transport=httpx.ASGITransport(departure.app(no_engine)), base_url=PUBLIC_URL) as client:
        yield client


def kept(departure: Departure) -> int:
    with departure.database.begin() as connection:
        return connection.execute(select(func.count()).select_from(decisions)).scalar_one()


async def seen_in(pages: Pages, token: str) -> str:
    found = re.search(r'name="seen" value="([^"]+)"', (await pages.get(f"/d/{token}")).text)
    assert found
    return found[1]


async def test_every_route_has_strict_headers(departure: Departure, pages: Pages) -> None:
    token = departure.link()
    answers = [
        await pages.get(f"/d/{token}"),
        await pages.head(f"/d/{token}"),
        await pages.get(f"/d/{token}/receipt"),
        await pages.get(f"/d/{token}/report"),
        await pages.post(f"/d/{token}", data={"seen": await seen_in(pages, token), "verdict": "approve"}),
        await pages.get("/d/forged"),
        await pages.get("/healthz"),
        await pages.get("/problems/late"),
        await pages.get("/docs"),
        await pages.get("/openapi.json"),
        await pages.put("/api/decisions"),
        await pages.post("/api/decisions", content="x" * (BODY_LIMIT + 1)),
        await pages.post("/api/decisions", json={}),
    ]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none';")
        assert "frame-ancestors 'none'" in policy
        assert "script-src" not in policy
        assert "unsafe" not in policy
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-frame-options"] == "DENY"
        assert "strict-transport-security" not in answer.headers
        assert "set-cookie" not in answer.headers
    assert [each.status_code for each in answers[-5:]] == [404, 404, 405, 413, 400]


async def test_the_policy_names_exactly_the_style_of_the_page(departure: Departure, pages: Pages) -> None:
    for path in ("", "/report"):
        page = await pages.get(f"/d/{departure.link()}{path}")
        styles = re.findall(r"<style>(.*?)</style>", page.text, re.DOTALL)
        assert len(styles) == 1
        named = base64.b64encode(hashlib.sha256(styles[0].encode()).digest()).decode()
        assert f"style-src 'sha256-{named}'" in page.headers["content-security-policy"]
        assert " style=" not in page.text


async def test_https_addresses_ask_browsers_to_stay_on_https(departure: Departure) -> None:
    transport = httpx.ASGITransport(departure.app(no_engine, "https://offboard.example"))
    async with Pages(transport=transport, base_url="https://offboard.example") as pages:
        assert (await pages.get("/healthz")).headers["strict-transport-security"] == "max-age=31536000"


async def test_unknown_and_forged_links_get_one_and_the_same_answer(departure: Departure, pages: Pages) -> None:
    token = departure.link()
    other = Hook(departure.database, no_engine, "another secret", PUBLIC_URL, departure.clock)
    forged = [
        token[:-1] + ("A" if token[-1] != "A" else "B"),
        token[5:],
        "x",
        "a.b",
        other.sign_form("x", Seen(1, "y")),
    ]
    answers = [await pages.get(f"/d/{each}") for each in forged]
    assert {each.status_code for each in answers} == {404}
    assert len({each.text for each in answers}) == 1


async def test_guessing_is_slowed_down_and_right_links_still_open(departure: Departure, pages: Pages) -> None:
    answers = [await pages.get(f"/d/guess{number}") for number in range(25)]
    assert [each.status_code for each in answers] == [404] * 20 + [429] * 5
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    token = departure.link()
    assert (await pages.get(f"/d/{token}")).status_code == 200
    pressed = await pages.post(f"/d/{token}", data={"seen": await seen_in(pages, token), "verdict": "approve"})
    assert pressed.status_code == 303


def test_the_brake_forgets_after_its_window() -> None:
    now = [0.0]
    brake = GuessBrake(limit=2, window=60, clock=lambda: now[0])
    assert [brake.missed("a") for _ in range(3)] == [0, 0, 60]
    assert brake.missed("b") == 0
    now[0] = 60.0
    assert brake.missed("a") == 0


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "cross-site", "origin": "null"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"sec-fetch-site": "same-origin", "origin": "null"}, 303),  # what browsers send from a page without referrer
        ({"origin": PUBLIC_URL}, 303),
        ({}, 303),
    ],
)
async def test_a_form_sent_by_another_site_has_no_effect(
    departure: Departure, pages: Pages, headers: dict[str, str], status: int
) -> None:
    token = departure.link()
    fields = {"seen": await seen_in(pages, token), "verdict": "approve"}
    assert (await pages.post(f"/d/{token}", data=fields, headers=headers)).status_code == status
    assert kept(departure) == (status == 303)


async def test_a_form_of_another_link_or_of_nobody_is_refused(departure: Departure, pages: Pages) -> None:
    token, other = departure.link(), departure.link("finance", "E102")
    for seen in ("", "forged", await seen_in(pages, other)):
        answer = await pages.post(f"/d/{token}", data={"seen": seen, "verdict": "approve"})
        assert answer.status_code == 400
    bad = {"seen": await seen_in(pages, token)}
    for verdict in ("", "timed_out", "approved"):
        assert (await pages.post(f"/d/{token}", data=bad | {"verdict": verdict})).status_code == 400
    assert kept(departure) == 0


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changed=st.text(min_size=1, max_size=120))
def test_a_changed_form_is_never_ours(database: Database, changed: str) -> None:
    hook = Hook(database, no_engine, SECRET, PUBLIC_URL, lambda: None)  # type: ignore[arg-type,return-value]
    genuine = hook.sign_form("token", Seen(1, "digest"))
    assert hook.read_form("token", genuine) == Seen(1, "digest")
    assert hook.read_form("token", changed) is None
    assert hook.read_form("token", genuine + changed) is None
    assert hook.read_form("token" + changed, genuine) is None


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "null",
        '{"verdict": "approved"}',
        '{"token": "x", "link": "y", "verdict": "approved"}',
        '{"token": "x", "verdict": "timed_out"}',
        '{"token": "x", "verdict": "approved", "by": "E105"}',
        '{"token": 7, "verdict": "approved"}',
        "\x00\xff",
    ],
)
async def test_a_malformed_decision_is_refused_as_a_problem(departure: Departure, pages: Pages, body: str) -> None:
    answer = await pages.post("/api/decisions", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json().keys() == {"type", "title", "status", "detail", "instance", "reason"}
    assert kept(departure) == 0


async def test_a_body_that_lies_about_its_length_is_cut_off(departure: Departure, pages: Pages) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 1024

    answer = await pages.post(f"/d/{departure.link()}", content=chunks())
    assert answer.status_code == 413


async def test_the_longest_chinese_note_fits(departure: Departure, pages: Pages) -> None:
    token = departure.link()
    fields = {"seen": await seen_in(pages, token), "verdict": "decline"}
    assert (await pages.post(f"/d/{token}", data=fields | {"note": "款" * 1501})).status_code == 400
    assert (await pages.post(f"/d/{token}", data=fields | {"note": "款" * 1500})).status_code == 303


async def test_no_log_line_holds_a_token(departure: Departure, pages: Pages, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="offboard.web")
    token = departure.link()
    for path in ("", "/receipt", "/report"):
        await pages.get(f"/d/{token}{path}")
    await pages.post(f"/d/{token}", data={"seen": await seen_in(pages, token), "verdict": "approve"})
    lines = [record.getMessage() for record in caplog.records if record.name == "offboard.web"]
    assert "GET /d/***/report 200" in " ".join(lines)
    assert not any(token in line for line in lines)
    assert redact(f"/d/{token}") == "/d/***"


async def test_a_fault_of_ours_is_an_honest_page_with_all_headers(
    departure: Departure, pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> str:
        raise KeyError("a fault")

    monkeypatch.setattr("web.gate.pages.render_html", broken)
    answer = await pages.get(f"/d/{departure.link()}/report?lang=en")
    assert answer.status_code == 500
    assert "Something broke on our side" in answer.text
    assert "KeyError" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
