"""Sessions end in time, with the person's employment, and at the way out; forms of elsewhere have no effect."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import func, select, update

from store.database import Database
from store.tables import delegations, employees
from tests.browser.departure import PUBLIC_URL, Departure, no_engine

Pages = httpx.AsyncClient


@pytest.fixture
def departure(database: Database) -> Departure:
    return Departure(database).build()


@pytest.fixture
async def pages(departure: Departure) -> AsyncIterator[Pages]:
    transport = httpx.ASGITransport(departure.app(no_engine))
    async with Pages(transport=transport, base_url=PUBLIC_URL, cookies=departure.sign_in("E101")) as client:
        yield client


async def is_in(pages: Pages) -> bool:
    answer = await pages.get("/inbox")
    assert answer.status_code in {200, 303}
    return answer.status_code == 200


async def csrf(pages: Pages) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', (await pages.get("/inbox")).text)
    assert found
    return found[1]


def made(departure: Departure) -> int:
    with departure.database.begin() as connection:
        return connection.execute(select(func.count()).select_from(delegations)).scalar_one()


async def test_an_hour_without_a_request_ends_a_session(departure: Departure, pages: Pages) -> None:
    for _ in range(3):
        departure.clock.now += timedelta(minutes=59)
        assert await is_in(pages)
    departure.clock.now += timedelta(minutes=60)
    assert not await is_in(pages)
    departure.clock.now -= timedelta(minutes=30)
    assert not await is_in(pages)  # it ended; a clock that is set back does not bring it to life


async def test_eight_hours_end_every_session(departure: Departure, pages: Pages) -> None:
    for _ in range(9):
        departure.clock.now += timedelta(minutes=50)
        assert await is_in(pages)
    departure.clock.now += timedelta(minutes=30)
    assert not await is_in(pages)


@pytest.mark.parametrize("status", ["leaving", "left"])
async def test_whoever_leaves_is_signed_out_at_once(departure: Departure, pages: Pages, status: str) -> None:
    assert await is_in(pages)
    with departure.database.begin() as connection:
        connection.execute(update(employees).where(employees.c.id == "E101").values(status=status))
    assert not await is_in(pages)
    with departure.database.begin() as connection:
        connection.execute(update(employees).where(employees.c.id == "E101").values(status="active"))
    assert not await is_in(pages)


async def test_signing_out_ends_the_session_for_every_copy_of_the_cookie(departure: Departure, pages: Pages) -> None:
    key = pages.cookies["offboard"]
    left = await pages.post("/sign-out", data={"csrf": await csrf(pages)})
    assert (left.status_code, left.headers["location"]) == (303, "/signed-out")
    assert left.headers["set-cookie"].startswith('offboard=""; HttpOnly; Max-Age=0')
    pages.cookies.clear()
    pages.cookies.set("offboard", key)
    assert not await is_in(pages)


@pytest.mark.parametrize("key", ["", "x", "x" * 5000, "ü", "../../etc", "a;b"])
async def test_a_cookie_that_we_did_not_make_signs_nobody_in(pages: Pages, key: str) -> None:
    pages.cookies.clear()
    raw = [(b"cookie", b"offboard=" + key.encode())]
    assert (await pages.get("/inbox", headers=raw)).status_code == 303  # type: ignore[arg-type]


FORMS = (
    "/inbox/delegations",
    "/inbox/delegations/x/revoke",
    "/questions/x/answer",
    "/cases/offboarding-E100/withdraw",
    "/cases/offboarding-E100/replan",
    "/cases/offboarding-E100/reassign",
    "/sign-out",
)


@pytest.mark.parametrize("path", FORMS)
async def test_a_form_without_the_token_of_the_session_has_no_effect(
    departure: Departure, pages: Pages, path: str
) -> None:
    genuine = {"csrf": await csrf(pages), "first": "2026-11-25", "last": "2026-11-26"}
    tries = (
        ({"csrf": ""}, {}),
        ({"csrf": "0" * 64}, {}),
        ({}, {"sec-fetch-site": "cross-site"}),
        ({}, {"sec-fetch-site": "same-site"}),
        ({}, {"origin": "https://evil.example"}),
    )
    for fields, headers in tries:
        answer = await pages.post(path, data=genuine | fields, headers=headers)
        assert answer.status_code == 403, (fields, headers)
    assert made(departure) == 0
    assert await is_in(pages)


async def test_the_token_of_another_session_is_refused(departure: Departure, pages: Pages) -> None:
    token = await csrf(pages)
    pages.cookies.clear()
    pages.cookies.update(departure.sign_in("E102"))
    form = {"csrf": token, "first": "2026-11-25", "last": "2026-11-26"}
    assert (await pages.post("/inbox/delegations", data=form)).status_code == 403
    assert made(departure) == 0


async def test_one_person_sends_sixty_forms_a_minute_at_most(departure: Departure, pages: Pages) -> None:
    form = {"csrf": await csrf(pages)}
    answers = [await pages.post("/questions/x/answer", data=form | {"text": "?"}) for _ in range(62)]
    assert [each.status_code for each in answers] == [422] * 60 + [429] * 2
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60


async def test_the_start_page_leads_to_the_inbox_or_to_the_sign_in(pages: Pages) -> None:
    assert (await pages.get("/")).headers["location"] == "/inbox"
    pages.cookies.clear()
    assert (await pages.get("/")).headers["location"] == "/sign-in?next=%2Finbox"
    assert (await pages.get("/cases/offboarding-E100")).headers["location"] == (
        "/sign-in?next=%2Fcases%2Foffboarding-E100"
    )
