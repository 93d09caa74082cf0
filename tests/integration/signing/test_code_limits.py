"""How many codes are sent: few to one person, few to one client address, and strangers never keep somebody out."""

import re
from datetime import timedelta

import httpx
import pytest

from store.database import Database
from tests.approval_case import Collecting
from tests.browser.departure import PUBLIC_URL, SECRET, Departure, no_engine
from web.app import create_app


class Door:
    """The sign-in by code of a departure, as people at several client addresses knock at it."""

    def __init__(self, database: Database) -> None:
        self.departure, self.mail = Departure(database).build(), Collecting()
        departure = self.departure
        self.app = create_app(departure.database, no_engine, SECRET, PUBLIC_URL, departure.clock, mailer=self.mail)

    async def ask(
        self, wanted: str = "/inbox", *, person: str = "e101", times: int = 1, client: str = "10.0.0.1"
    ) -> list[int]:
        """The status of each answer."""
        transport = httpx.ASGITransport(self.app, client=(client, 4000))
        async with httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL) as pages:
            form = {"email": f"{person}@example.com", "next": wanted}
            return [(await pages.post("/sign-in", data=form)).status_code for _ in range(times)]

    @property
    def sent(self) -> int:
        """How many codes E101 was sent."""
        return len(self.mail.to("E101"))


@pytest.fixture
def door(database: Database) -> Door:
    return Door(database)


async def test_a_day_of_strangers_leaves_the_holder_of_the_link_their_codes(door: Door) -> None:
    for stranger in range(4):
        await door.ask(times=6, client=f"10.0.1.{stranger}")
        door.departure.clock.now += timedelta(minutes=11)
    await door.ask(client="10.0.1.9")
    assert door.sent == 20, "strangers have used up the day"
    own = f"/d/{door.departure.link()}"
    for more in range(1, 6):
        await door.ask(f"{own}?lang=en")
        assert door.sent == 20 + more
    await door.ask(own)
    assert door.sent == 25, "whoever holds the link floods nobody either"
    door.departure.clock.now += timedelta(minutes=11)
    await door.ask(f"{own}/receipt")
    assert door.sent == 26


async def test_only_a_link_that_opens_for_this_very_person_is_counted_apart(door: Door) -> None:
    departure = door.departure
    await door.ask(times=5, client="10.0.1.1")
    own, late = departure.link(), departure.clock.now - timedelta(seconds=1)
    other, old = departure.link("finance", "E102"), departure.link("finance", "E101", expires_at=late)
    for token in (other, old, f"{own[:-1]}x", f"{own}x", "", "%00", "x" * 2000):
        await door.ask(f"/d/{token}")
    for path in (f"/x/d/{own}", f"/inbox?next=/d/{own}", f"/d/../d/{own}", f"//elsewhere.test/d/{own}"):
        await door.ask(path)
    assert door.sent == 5
    await door.ask(f"/d/{own}")
    assert door.sent == 6


async def test_codes_for_the_holder_of_a_link_leave_the_others_alone(door: Door) -> None:
    await door.ask(f"/d/{door.departure.link()}", times=6)
    assert door.sent == 5
    await door.ask(client="10.0.0.2", times=6)
    assert door.sent == 10


async def test_a_new_code_is_asked_for_on_the_way_to_the_same_page(door: Door) -> None:
    own = f"/d/{door.departure.link()}"
    transport = httpx.ASGITransport(door.app)
    async with httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL) as pages:
        await pages.post("/sign-in", data={"email": "e101@example.com", "next": own})
        page = await pages.get("/sign-in/code")
        found = re.search(r'href="(/sign-in\?[^"]+)"', page.text)
        assert found, page.text
        assert f'name="next" value="{own}"' in (await pages.get(found[1])).text


async def test_one_client_address_asks_twenty_times_a_minute(door: Door) -> None:
    answers = [(await door.ask(person=f"e10{number % 6}"))[0] for number in range(25)]
    assert answers == [303] * 20 + [429] * 5
    assert await door.ask(client="10.0.0.2") == [303], "nobody else waits for that"
