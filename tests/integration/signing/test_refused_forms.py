"""Every refused form of the page of a case comes back as the page, with the reason on it and nothing changed."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from unittest.mock import AsyncMock, create_autospec

import httpx
import pytest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from models.approvals import Verdict
from store.database import Database
from tests.browser.departure import CASE, DUE, PUBLIC_URL, Departure, no_engine

Pages = httpx.AsyncClient
SEAT = "finance E102"


@pytest.fixture
def departure(database: Database) -> Departure:
    departure = Departure(database).build()
    departure.hire("E114", "王强", "it_admin", "E105", "en", "Asia/Shanghai")
    departure.open("a gate of their own", "E105")
    return departure


@pytest.fixture
async def pages(departure: Departure) -> AsyncIterator[Pages]:
    transport = httpx.ASGITransport(departure.app(no_engine), raise_app_exceptions=True)
    async with Pages(transport=transport, base_url=PUBLIC_URL, cookies=departure.sign_in("E114")) as client:
        yield client


async def send(pages: Pages, act: str, **form: str) -> httpx.Response:
    found = re.search(r'name="csrf" value="([^"]+)"', (await pages.get("/inbox")).text)
    assert found
    return await pages.post(f"/cases/{CASE}/{act}?lang=en", data={"csrf": found[1]} | form)


FORMS: tuple[dict[str, str], ...] = (
    {},
    {"seat": "finance", "to": "E105"},
    {"seat": " E102", "to": "E105"},
    {"seat": "nowhere E102", "to": "E105"},
    {"seat": "finance E103", "to": "E105"},
    {"seat": "finance nobody", "to": "E105"},
    {"seat": SEAT, "to": ""},
    {"seat": SEAT, "to": "nobody"},
    {"seat": SEAT, "to": "E100"},
    {"seat": SEAT, "to": "E102"},
    {"seat": SEAT, "to": "E114"},
    {"seat": SEAT, "to": "E105", "reason": "x" * 501},
    {"seat": SEAT, "to": "\0"},
    {"seat": "finance \0", "to": "E105"},
    {"seat": "\0 E102", "to": "E105"},
)


async def test_a_refused_reassignment(departure: Departure, pages: Pages) -> None:
    for form in FORMS:
        answer = await send(pages, "reassign", **form)
        assert (answer.status_code, 'role="alert"' in answer.text) == (422, True), form


@pytest.mark.parametrize("state", ["decided", "late", "timed out", "ended", "report", "again", "voted"])
async def test_reassigning_in_every_state_of_a_gate(departure: Departure, pages: Pages, state: str) -> None:
    if state == "decided":
        departure.close("finance", Verdict.APPROVED, "E102")
    elif state == "late":
        departure.clock.now = DUE + timedelta(seconds=1)
        pages.cookies.update(departure.sign_in("E114"))
    elif state == "timed out":
        departure.close("finance", Verdict.TIMED_OUT, None)
    elif state == "ended":
        departure.end()
    elif state == "report":
        departure.change_report()
    elif state == "again":
        departure.ask_again("finance", "E105", E105="E101")
    elif state == "voted":
        departure.say(Verdict.APPROVED, "E102", "finance")
    answer = await send(pages, "reassign", seat=SEAT, to="E105" if state != "report" else "nobody")
    assert answer.status_code == 422, answer.text
    assert 'role="alert"' in answer.text


async def test_the_other_forms_say_on_the_page_why_the_case_refuses(departure: Departure) -> None:
    async def ended() -> Client:
        """The engine answers, and knows no running case of that id."""
        refused = create_autospec(Client, instance=True)
        gone = RPCError("workflow not found", RPCStatusCode.NOT_FOUND, b"")
        refused.get_workflow_handle.return_value.execute_update = AsyncMock(side_effect=gone)
        return refused

    transport = httpx.ASGITransport(departure.app(ended))
    cookies = departure.sign_in("E104")
    async with Pages(transport=transport, base_url=PUBLIC_URL, cookies=cookies) as pages:
        for act in ("withdraw", "replan"):
            answer = await send(pages, act, exclude="E105")
            assert (answer.status_code, "has ended or never was" in answer.text) == (422, True), act
