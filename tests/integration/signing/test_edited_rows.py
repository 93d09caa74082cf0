"""Whoever edits our database signs in as nobody else: rows of links, codes and sessions are bound to their person."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import insert, update

from store import sessions
from store.database import Database
from store.links import Purpose
from store.sessions import hashed
from store.tables import links, sign_in_codes, web_sessions
from tests.approval_case import Collecting, text_of
from tests.browser.departure import PUBLIC_URL, SECRET, Departure, no_engine
from web.app import create_app

Pages = httpx.AsyncClient
ME, VICTIM = "E105", "E101"


@pytest.fixture
def departure(database: Database) -> Departure:
    return Departure(database).build()


@pytest.fixture
def mail() -> Collecting:
    return Collecting()


@pytest.fixture
async def pages(departure: Departure, mail: Collecting) -> AsyncIterator[Pages]:
    app = create_app(departure.database, no_engine, SECRET, PUBLIC_URL, departure.clock, mailer=mail)
    async with Pages(transport=httpx.ASGITransport(app), base_url=PUBLIC_URL) as client:
        yield client


async def test_a_session_that_is_given_to_somebody_else_is_over(departure: Departure, pages: Pages) -> None:
    pages.cookies.update(departure.sign_in(ME))
    assert (await pages.get("/inbox")).status_code == 200
    with departure.database.begin() as connection:
        connection.execute(update(web_sessions).values(employee_id=VICTIM))
    assert (await pages.get("/inbox")).status_code == 303


@pytest.mark.parametrize("key", ["mine", "mine.mine", "mine." + "0" * 64])
async def test_a_session_that_somebody_wrote_down_by_hand_is_none(departure: Departure, pages: Pages, key: str) -> None:
    now = departure.clock.now
    row = {"id_hash": hashed(key), "employee_id": VICTIM, "method": "oidc", "created_at": now, "seen_at": now}
    with departure.database.begin() as connection:
        connection.execute(insert(web_sessions).values(**row, expires_at=now + timedelta(hours=8)))
    pages.cookies.set("offboard", key)
    assert (await pages.get("/inbox")).status_code == 303


async def test_a_session_opens_under_the_key_of_the_hook_alone(departure: Departure) -> None:
    now = departure.clock.now
    with departure.database.begin() as connection:
        key = sessions.start(connection, "a guess", ME, sessions.Method.CODE, at=now)
        assert sessions.find(connection, SECRET, key, at=now) is None


@pytest.mark.parametrize(
    "change", [{"employee_id": VICTIM}, {"expires_at": timedelta(days=3)}], ids=["person", "expiry"]
)
async def test_a_code_that_was_edited_opens_nothing(
    departure: Departure, mail: Collecting, pages: Pages, change: dict[str, object]
) -> None:
    await pages.post("/sign-in", data={"email": f"{ME.lower()}@example.com"})
    found = re.search(r"\b(\d{6})\b", text_of(mail.to(ME)[-1]))
    assert found
    values = {name: departure.clock.now + new if isinstance(new, timedelta) else new for name, new in change.items()}
    with departure.database.begin() as connection:
        connection.execute(update(sign_in_codes).values(values))
    entered = await pages.post("/sign-in/code", data={"code": found[1]})
    assert (entered.status_code, pages.cookies.get("offboard")) == (422, None)


@pytest.mark.parametrize(
    "change", [{"approver_id": "E102"}, {"gate": "hr"}, {"round": 2}, {"purpose": "decide"}], ids=str
)
async def test_a_link_that_was_edited_is_unknown(departure: Departure, pages: Pages, change: dict[str, object]) -> None:
    departure.ask_again("sales_manager", "E101")
    departure.open("hr", "E101")
    token = departure.link(purpose=Purpose.FOLLOW)
    assert (await pages.get(f"/d/{token}")).status_code == 200
    with departure.database.begin() as connection:
        connection.execute(update(links).where(links.c.token_hash == hashed(token)).values(change))
    assert (await pages.get(f"/d/{token}")).status_code == 404
