"""Signing in with a code by mail: one use, ten minutes, five tries, one browser; the same answer for everybody."""

import logging
import re
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select, update

from store.database import Database
from store.tables import employees, outbox, sign_in_codes, web_sessions
from tests.approval_case import Collecting, text_of
from tests.browser.departure import PUBLIC_URL, SECRET, Departure, no_engine
from web.app import create_app

Pages = httpx.AsyncClient


@pytest.fixture
def departure(database: Database) -> Departure:
    return Departure(database).build()


@pytest.fixture
def mail() -> Collecting:
    return Collecting()


@pytest.fixture
def transport(departure: Departure, mail: Collecting) -> httpx.ASGITransport:
    app = create_app(departure.database, no_engine, SECRET, PUBLIC_URL, departure.clock, mailer=mail)
    return httpx.ASGITransport(app)


@pytest.fixture
async def pages(transport: httpx.ASGITransport) -> AsyncIterator[Pages]:
    async with Pages(transport=transport, base_url=PUBLIC_URL) as client:
        yield client


async def ask(pages: Pages, email: str = "e101@example.com", wanted: str = "/inbox") -> httpx.Response:
    return await pages.post("/sign-in", data={"email": email, "next": wanted})


def code_in(mail: Collecting, person: str = "E101") -> str:
    found = re.search(r"\b(\d{6})\b", text_of(mail.to(person)[-1]))
    assert found
    return found[1]


async def enter(pages: Pages, code: str) -> httpx.Response:
    return await pages.post("/sign-in/code", data={"code": code})


async def test_a_code_opens_one_session(departure: Departure, mail: Collecting, pages: Pages) -> None:
    asked = await ask(pages, " E101@Example.com ", "/g/offboarding-E100/finance")
    assert (asked.status_code, asked.headers["location"]) == (303, "/sign-in/code")
    code = code_in(mail)
    entered = await enter(pages, f" {code[:3]} {code[3:]} ")
    assert (entered.status_code, entered.headers["location"]) == (303, "/g/offboarding-E100/finance")
    inbox = await pages.get("/inbox?lang=en")
    assert "What waits for you" in inbox.text
    assert "李娜" in inbox.text
    assert (await enter(pages, code)).status_code == 422  # used up


async def test_nothing_that_opens_a_session_is_kept_in_clear(
    departure: Departure, mail: Collecting, pages: Pages
) -> None:
    await ask(pages)
    code = code_in(mail)
    await enter(pages, code)
    cookie = pages.cookies["offboard"]
    with departure.database.begin() as connection:
        for table in (sign_in_codes, web_sessions, outbox):
            kept = str(connection.execute(select(table)).mappings().all())
            assert code not in kept
            assert cookie not in kept


async def test_a_code_works_in_the_browser_that_asked_and_in_no_other(
    mail: Collecting, pages: Pages, transport: httpx.ASGITransport
) -> None:
    await ask(pages)
    code = code_in(mail)
    async with Pages(transport=transport, base_url=PUBLIC_URL) as other:
        assert (await enter(other, code)).status_code == 422
        await ask(other)
        assert (await enter(other, code)).status_code == 422
    assert (await enter(pages, code)).status_code == 303


async def test_a_code_bears_five_tries(mail: Collecting, pages: Pages) -> None:
    await ask(pages)
    code = code_in(mail)
    wrong = f"{(int(code) + 1) % 10**6:06}"
    assert [(await enter(pages, wrong)).status_code for _ in range(5)] == [422] * 5
    assert (await enter(pages, code)).status_code == 422


async def test_four_wrong_tries_still_leave_one(mail: Collecting, pages: Pages) -> None:
    await ask(pages)
    for wrong in ("", "12345", "x" * 500, "١٢٣٤٥٦"):
        assert (await enter(pages, wrong)).status_code == 422
    assert (await enter(pages, code_in(mail))).status_code == 303


async def test_a_code_is_over_after_ten_minutes(departure: Departure, mail: Collecting, pages: Pages) -> None:
    await ask(pages)
    departure.clock.now += timedelta(minutes=10)
    assert (await enter(pages, code_in(mail))).status_code == 422


async def test_a_known_and_an_unknown_address_get_one_answer(
    departure: Departure, mail: Collecting, pages: Pages, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="offboard.web")
    with departure.database.begin() as connection:
        connection.execute(update(employees).where(employees.c.id == "E102").values(status="left"))
        connection.execute(update(employees).where(employees.c.id == "E104").values(email="e105@example.com"))
    answers = [
        await ask(pages, email)
        for email in ("e101@example.com", "e102@example.com", "e105@example.com", "nobody@example.com", "", "x" * 9000)
    ]
    assert {(each.status_code, each.text, each.headers["location"]) for each in answers} == {(303, "", "/sign-in/code")}
    assert [message["To"].addresses[0].username for message in mail.taken] == ["e101"]
    wrong = await enter(pages, "123456")
    pages.cookies.clear()
    nobody = await enter(pages, "123456")
    assert (wrong.status_code, wrong.text) == (nobody.status_code, nobody.text)
    assert "@" not in " ".join(record.getMessage() for record in caplog.records if record.name == "offboard.web")


async def test_nobody_is_flooded_with_codes(departure: Departure, mail: Collecting, pages: Pages) -> None:
    for _ in range(8):
        assert (await ask(pages)).status_code == 303
    assert len(mail.to("E101")) == 5
    departure.clock.now += timedelta(minutes=11)
    await ask(pages)
    assert len(mail.to("E101")) == 6


async def test_an_address_that_knocks_too_often_waits(pages: Pages) -> None:
    answers = [await enter(pages, "000000") for _ in range(25)]
    assert [each.status_code for each in answers] == [422] * 20 + [429] * 5
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60


async def test_another_site_cannot_sign_somebody_in(mail: Collecting, pages: Pages) -> None:
    elsewhere = {"sec-fetch-site": "cross-site", "origin": "https://evil.example"}
    assert (await pages.post("/sign-in", data={"email": "e101@example.com"}, headers=elsewhere)).status_code == 403
    await ask(pages)
    entered = await pages.post("/sign-in/code", data={"code": code_in(mail)}, headers=elsewhere)
    assert entered.status_code == 403
    assert len(mail.taken) == 1


async def test_mail_that_does_not_leave_is_no_fault_of_the_page(mail: Collecting, pages: Pages) -> None:
    mail.out_of_order = True
    assert (await ask(pages)).status_code == 303


async def test_the_choice_of_a_language_keeps_the_wanted_page(pages: Pages) -> None:
    page = await pages.get("/sign-in", params={"next": "/g/a/b?x=1&y=2", "lang": "en"})
    assert 'href="?lang=zh-CN&amp;next=%2Fg%2Fa%2Fb%3Fx%3D1%26y%3D2"' in page.text
    assert 'value="/g/a/b?x=1&amp;y=2"' in page.text


async def test_without_mail_and_provider_the_page_says_so(departure: Departure) -> None:
    app = departure.app(no_engine)
    async with Pages(transport=httpx.ASGITransport(app), base_url=PUBLIC_URL) as pages:
        told = await pages.get("/sign-in?lang=en")
        assert told.status_code == 503
        assert "Nobody can sign in here yet" in told.text
