"""The inbox: what waits, in whose place, who answers for whom, and questions with their answers."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import select

from connections import relying
from models.errors import Refused
from services import questions
from settings import Settings
from store.database import Database
from store.tables import delegations
from store.tables import questions as question_rows
from tests.browser.departure import CASE, NOON, PUBLIC_URL, Departure, no_engine

Pages = httpx.AsyncClient


@pytest.fixture
def departure(database: Database) -> Departure:
    return Departure(database).build()


@pytest.fixture
async def pages(departure: Departure) -> AsyncIterator[Pages]:
    async with Pages(transport=httpx.ASGITransport(departure.app(no_engine)), base_url=PUBLIC_URL) as client:
        yield client


async def enter(departure: Departure, pages: Pages, person: str) -> str:
    """The inbox of a person, in English."""
    pages.cookies.clear()
    pages.cookies.update(departure.sign_in(person))
    return (await pages.get("/inbox?lang=en")).text


async def send(pages: Pages, path: str, **fields: str) -> httpx.Response:
    found = re.search(r'name="csrf" value="([^"]+)"', (await pages.get("/inbox")).text)
    assert found
    return await pages.post(f"{path}?lang=en", data={"csrf": found[1]} | fields)


def days(departure: Departure, first: int = 0, last: int = 6) -> dict[str, str]:
    today = departure.clock.now.date()
    return {"first": f"{today + timedelta(days=first)}", "last": f"{today + timedelta(days=last)}"}


async def test_each_question_has_its_deadline_and_its_page(departure: Departure, pages: Pages) -> None:
    text = await enter(departure, pages, "E101")
    assert f'href="/g/{CASE}/sales_manager?lang=en"' in text
    assert "2 d 6 h left" in text
    assert "finance" not in text.lower()
    assert "Nothing waits for you" in await enter(departure, pages, "E105")


async def test_a_question_for_somebody_else_names_them(departure: Departure, pages: Pages) -> None:
    departure.ask_again("finance", "E102", E102="E105")
    text = await enter(departure, pages, "E105")
    assert '<span class="place">for Daniel Okafor</span>' in text


async def test_somebody_answers_for_a_while_until_it_is_ended(departure: Departure, pages: Pages) -> None:
    await enter(departure, pages, "E101")
    saved = await send(pages, "/inbox/delegations", to="E105", reason="leave", **days(departure))
    assert (saved.status_code, saved.headers["location"]) == (303, "/inbox?lang=en")
    with departure.database.begin() as connection:
        row = connection.execute(select(delegations)).one()
    assert (row.from_id, row.to_id, row.kind) == ("E101", "E105", "delegation")
    assert row.starts_at == NOON  # the day has begun; before now nobody can answer
    assert row.ends_at.isoformat() == "2026-11-30T16:00:00+00:00"  # the end of the last day in Shanghai
    assert "赵敏 answers for you" in (await pages.get("/inbox?lang=en")).text
    assert "You answer for 李娜" in await enter(departure, pages, "E105")
    await enter(departure, pages, "E101")
    assert (await send(pages, f"/inbox/delegations/{row.id}/revoke")).status_code == 303
    assert "You answer for yourself alone." in (await pages.get("/inbox?lang=en")).text


async def test_nobody_may_answer_during_an_absence(departure: Departure, pages: Pages) -> None:
    await enter(departure, pages, "E101")
    assert (await send(pages, "/inbox/delegations", to="", **days(departure))).status_code == 303
    assert "You are away and nobody answers for you" in (await pages.get("/inbox?lang=en")).text


@pytest.mark.parametrize(
    "fields",
    [
        {"to": "E101"},
        {"to": "nobody"},
        {"first": ""},
        {"last": "soon"},
        {"last": "9999-12-31"},
        {"first": "0001-01-01", "last": "0001-01-02"},
        {"last": "2026-11-01"},
        {"last": "2027-11-24"},
        {"reason": "x" * 501},
    ],
)
async def test_what_cannot_be_is_refused_with_words_and_the_form_is_kept(
    departure: Departure, pages: Pages, fields: dict[str, str]
) -> None:
    await enter(departure, pages, "E101")
    form = {"to": "E105", "reason": "a long journey"} | days(departure) | fields
    refused = await send(pages, "/inbox/delegations", **form)
    assert refused.status_code == 422
    assert '<p class="error" role="alert">' in refused.text
    assert f'value="{form["reason"]}"' in refused.text
    with departure.database.begin() as connection:
        assert connection.execute(select(delegations)).all() == []


async def test_nobody_ends_what_is_none_of_theirs(departure: Departure, pages: Pages) -> None:
    await enter(departure, pages, "E101")
    await send(pages, "/inbox/delegations", to="E105", **days(departure))
    with departure.database.begin() as connection:
        key = connection.execute(select(delegations.c.id)).scalar_one()
    await enter(departure, pages, "E102")
    assert (await send(pages, f"/inbox/delegations/{key}/revoke")).status_code == 422
    with departure.database.begin() as connection:
        assert connection.execute(select(delegations.c.revoked_at)).scalar_one() is None


async def test_the_starter_answers_a_question_once(departure: Departure, pages: Pages) -> None:
    text = "<b>Who</b> takes the client?\nIn Suzhou."
    asked = questions.ask(departure.database, case_id=CASE, gate="finance", by="E102", text=text, now=NOON)
    assert "Questions for you to answer" not in await enter(departure, pages, "E105")
    shown = await enter(departure, pages, "E104")
    assert "&lt;b&gt;Who&lt;/b&gt; takes the client?" in shown
    assert (await send(pages, f"/questions/{asked.id}/answer", text=" ")).status_code == 422
    assert (await send(pages, f"/questions/{asked.id}/answer", text="Wang.")).status_code == 303
    again = await send(pages, f"/questions/{asked.id}/answer", text="Zhao.")
    assert again.status_code == 422
    assert "Questions for you to answer" not in again.text
    with departure.database.begin() as connection:
        assert connection.execute(select(question_rows.c.answer)).scalar_one() == "Wang."


def test_a_provider_is_named_whole_or_not_at_all() -> None:
    assert relying(Settings(oidc_issuer=None)) is None
    for fields in ({}, {"oidc_client_id": "offboard"}, {"oidc_client_secret": SecretStr("x")}):
        with pytest.raises(Refused, match="OFFBOARD_OIDC_ISSUER"):
            relying(Settings(oidc_issuer="https://login.example.com", **fields))  # type: ignore[arg-type]
