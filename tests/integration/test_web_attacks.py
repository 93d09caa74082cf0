"""The threats to a link, in numbers: prefetching, guessing, replaying, and links that outlived their plan."""

import asyncio
import random
import re
import string
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from sqlalchemy import func, select, text

from models.approvals import Via
from models.errors import LinkInvalid
from store import decisions
from store.database import Database
from store.links import Purpose, open_link
from store.tables import decisions as decision_rows
from store.tables import metadata
from tests.browser.departure import CASE, NOON, PUBLIC_URL, SECRET, Departure, no_engine
from web.door import ledger
from web.door.answers import Answer
from web.hook import Hook, Seen

Pages = httpx.AsyncClient
ALPHABET = string.ascii_letters + string.digits + "-_."


@pytest.fixture
def departure(database: Database) -> Departure:
    return Departure(database).build()


@pytest.fixture
async def pages(departure: Departure) -> AsyncIterator[Pages]:
    transport = httpx.ASGITransport(departure.app(no_engine))
    async with Pages(transport=transport, base_url=PUBLIC_URL, headers={"accept": "text/html"}) as client:
        yield client


def kept(departure: Departure) -> int:
    with departure.database.begin() as connection:
        return connection.execute(select(func.count()).select_from(decision_rows)).scalar_one()


async def form_of(pages: Pages, token: str) -> dict[str, str]:
    found = re.search(r'name="seen" value="([^"]+)"', (await pages.get(f"/d/{token}")).text)
    assert found
    return {"seen": found[1], "verdict": "approve"}


async def test_a_thousand_prefetches_by_every_safe_method_decide_nothing(departure: Departure, pages: Pages) -> None:
    token = departure.link()
    form = await form_of(pages, token)
    for method, times, status in (
        ("GET", 1000, 200),
        ("HEAD", 1000, 200),
        ("OPTIONS", 1000, 405),
        ("TRACE", 1000, 405),
    ):
        answers = await asyncio.gather(*(pages.request(method, f"/d/{token}?lang=en") for _ in range(times)))
        assert {each.status_code for each in answers} == {status}
    assert kept(departure) == 0
    assert (await pages.post(f"/d/{token}", data=form)).status_code == 303
    assert kept(departure) == 1


def mutations(genuine: list[str], others: list[str], dice: random.Random) -> Iterator[str]:
    """Tokens that are nearly ours: flipped bits, swapped parts, cuts, additions, and what we signed for other uses."""
    yield from others
    while True:
        token = dice.choice(genuine)
        place = dice.randrange(len(token))
        body, _, mark = token.rpartition(".")
        stranger = dice.choice(genuine)
        yield dice.choice(
            [
                token[:place] + dice.choice(ALPHABET) + token[place + 1 :],
                token[:place] + chr(ord(token[place]) ^ (1 << dice.randrange(7))) + token[place + 1 :],
                token[:place],
                token[place:],
                token + dice.choice(ALPHABET),
                body + "." + stranger.rpartition(".")[2],
                stranger.rpartition(".")[0] + "." + mark,
                "".join(dice.sample(token, len(token))),
                body + "." + "".join(dice.choices(ALPHABET[:-1], k=len(mark))),
            ]
        )


def test_of_ten_thousand_changed_tokens_none_opens_anything(departure: Departure) -> None:
    departure.open("hr", "E105")
    genuine = [
        departure.link(),
        departure.link("finance", "E102"),
        departure.link("hr", "E105"),
        departure.link(approver="E104", purpose=Purpose.FOLLOW),
    ]
    hook = Hook(departure.database, no_engine, SECRET, PUBLIC_URL, departure.clock)
    others = [hook.sign_form(f"/d/{genuine[0]}", Seen(1, departure.report.digest)), "", ".", "null", "a.b", "e30.e30"]
    tried = 0
    with departure.database.begin() as connection:
        for token in mutations(genuine, others, random.Random(20261124)):
            if token in genuine:
                continue
            with pytest.raises(LinkInvalid):
                open_link(connection, SECRET, token, at=NOON)
            tried += 1
            if tried == 10_000:
                break
        assert [open_link(connection, SECRET, each, at=NOON).case_id for each in genuine] == [CASE] * 4


async def test_a_thousand_replays_of_one_answer_have_one_effect(departure: Departure, pages: Pages) -> None:
    token = departure.link()
    form = await form_of(pages, token)
    answers = await asyncio.gather(*(pages.post(f"/d/{token}", data=form) for _ in range(100)))
    assert {(each.status_code, each.headers["location"]) for each in answers} == {(303, f"/d/{token}/receipt")}
    with departure.database.begin() as connection:
        (only,) = decisions.of_gate(connection, CASE, "sales_manager")
    again = Answer(
        case_id=CASE, gate=only.gate, verdict=only.verdict, by=only.by, via=Via.LINK, note="",
        report_digest=only.report_digest, round=1, number=1, now=NOON,
    )  # fmt: skip
    for _ in range(900):  # what the page does with each, without its words
        assert ledger.take(departure.database, SECRET, again) == only
    receipts = [await pages.get(f"/d/{token}/receipt?lang=en") for _ in range(3)]
    assert all(only.id in each.text for each in receipts)
    other = departure.link("finance", "E102")
    assert (await pages.post(f"/d/{other}", data=form)).status_code == 400
    pages.cookies.update(departure.sign_in("E105"))
    assert (await pages.post(f"/d/{token}", data=form)).status_code == 403
    assert kept(departure) == 1


async def test_a_hundred_links_to_an_old_plan_say_that_it_changed(departure: Departure, pages: Pages) -> None:
    asked = [f"X{number:03d}" for number in range(100)]
    for person in asked:
        departure.hire(person, f"Person {person}", "hrbp", None, "en", "Asia/Shanghai")
    departure.open("hr", *asked)
    tokens = [departure.link("hr", person) for person in asked]
    form = await form_of(pages, tokens[0])
    departure.change_report()
    departure.ask_again("hr", *asked)
    answers = [await pages.get(f"/d/{token}?lang=en") for token in tokens]
    answers.append(await pages.post(f"/d/{tokens[0]}?lang=en", data=form))
    assert {each.status_code for each in answers} == {409}
    assert all("The report has changed since this link was sent" in each.text for each in answers)
    assert kept(departure) == 0


async def test_the_token_of_a_link_is_nowhere_in_our_database(departure: Departure, pages: Pages) -> None:
    token = departure.link()
    await pages.post(f"/d/{token}", data=await form_of(pages, token))
    await pages.get(f"/d/{token}/receipt")
    with departure.database.begin() as connection:
        for table in metadata.sorted_tables:
            name = f'"{table.name}"'
            query = text(f"SELECT count(*) FROM {name} WHERE {name}::text LIKE :token")  # noqa: S608  (our own names)
            assert connection.execute(query, {"token": f"%{token}%"}).scalar_one() == 0, name
