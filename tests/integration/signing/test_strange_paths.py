"""Paths that nobody types: answered as unknown, never as a fault of ours, and never a way to another host."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest

from store.database import Database
from tests.browser.departure import CASE, PUBLIC_URL, Departure, no_engine

Pages = httpx.AsyncClient
READ = ("/g/{case}%00/finance", "/g/{case}/finance%00", "/cases/{case}%00", "/cases/{case}%00/evidence", "/d/%00")
WRITTEN = (
    "/g/{case}%00/finance",
    "/cases/{case}%00/withdraw",
    "/cases/{case}%00/reassign",
    "/questions/%00/answer",
    "/inbox/delegations/%00/revoke",
)


@pytest.fixture
def departure(database: Database) -> Departure:
    return Departure(database).build()


@pytest.fixture
async def pages(departure: Departure) -> AsyncIterator[Pages]:
    transport = httpx.ASGITransport(departure.app(no_engine))
    async with Pages(transport=transport, base_url=PUBLIC_URL, cookies=departure.sign_in("E101")) as client:
        yield client


@pytest.mark.parametrize("path", READ)
async def test_a_page_under_a_name_with_nul_is_unknown(pages: Pages, path: str) -> None:
    assert (await pages.get(path.format(case=CASE))).status_code == 404


@pytest.mark.parametrize("path", WRITTEN)
async def test_a_form_to_a_name_with_nul_is_unknown(pages: Pages, path: str) -> None:
    found = re.search(r'name="csrf" value="([^"]+)"', (await pages.get("/inbox")).text)
    assert found
    sent = await pages.post(path.format(case=CASE), data={"csrf": found[1], "text": "?", "seat": "finance E102"})
    assert sent.status_code == 404


async def test_a_slash_too_many_leads_to_no_host_that_the_request_names(pages: Pages) -> None:
    answer = await pages.get(f"/cases/{CASE}/", headers={"host": "evil.example"})
    assert answer.status_code == 404
    assert "evil.example" not in str(answer.headers) + answer.text
