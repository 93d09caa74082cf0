"""Events go to every endpoint on its own: signed, once, again after a failure, and given up after more than a day."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import uvicorn
from sqlalchemy import select, update
from standardwebhooks.webhooks import Webhook

from embedded.event_checks import check_events
from embedded.processes import free_port
from models.case import Phase
from models.errors import Refused
from models.events import CaseEnded, EventType
from services.events import PAUSES, EventPost, next_try
from services.exchange import Exchange, endpoint_of, exchange_of, keys_of
from settings import Settings
from store import events
from store.database import Database
from store.tables import event_deliveries
from tests.browser.departure import PUBLIC_URL, SECRET, no_engine
from tests.integration.exchange.calling import NEW, OLD
from web.app import create_app
from web.programs import event_delivery

CASE = "offboarding-E1"


@dataclass
class Receiver:
    """A program that hears events on this machine, and answers as a test wants."""

    url: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Take one call."""
        if scope["type"] != "http":
            return
        body = (await receive())["body"]
        self.heard.append(({name.decode(): value.decode() for name, value in scope["headers"]}, body))
        headers = [(name.encode(), value.encode()) for name, value in self.headers.items()]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"x" * 10})

    def ids(self) -> list[str]:
        """The ids of what was heard."""
        return [headers["webhook-id"] for headers, _ in self.heard]


@asynccontextmanager
async def listening(receiver: Receiver) -> AsyncIterator[Receiver]:
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(receiver, host="127.0.0.1", port=port, log_level="error", lifespan="off"))
    serving = asyncio.create_task(server.serve())
    async with asyncio.timeout(10):
        while not server.started:
            await asyncio.sleep(0.02)
    receiver.url = f"http://127.0.0.1:{port}/events?key=of-the-receiver"
    try:
        yield receiver
    finally:
        server.should_exit = True
        await serving


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with listening(Receiver()) as one:
        yield one


class Clock:
    now: datetime

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clocks begin with the test, not with the import of this module: a signature of minutes ago is refused."""
    monkeypatch.setattr(Clock, "now", datetime.now(UTC), raising=False)


def post_of(database: Database, *urls: str, clock: Clock | None = None, secrets: str = f"{NEW} {OLD}") -> EventPost:
    exchange = Exchange(outgoing=keys_of(secrets, "here"), endpoints=tuple(endpoint_of(url) for url in urls))
    return EventPost(database, exchange, clock or Clock())


def happen(database: Database, number: int = 1) -> None:
    """A case ended."""
    told = CaseEnded(case=f"{CASE}-{number}", employee=f"E{number}", phase=Phase.CLOSED)
    with database.begin() as connection:
        events.put(connection, told.case, EventType.CASE_ENDED, told, at=Clock.now)


def rows(database: Database) -> list[Any]:
    with database.begin() as connection:
        return list(connection.execute(select(event_deliveries)).mappings())


async def rounds(post: EventPost) -> int:
    post.spread()
    return sum([await post.deliver(endpoint) for endpoint in post.endpoints])


async def test_an_event_arrives_once_signed_with_every_secret(database: Database, receiver: Receiver) -> None:
    post = post_of(database, receiver.url)
    for _ in range(2):
        happen(database)
    assert [await rounds(post), await rounds(post)] == [1, 0]
    ((headers, body),) = receiver.heard
    for secret in (NEW, OLD):
        assert Webhook(secret).verify(body, headers) == {
            "type": "case.ended",
            "timestamp": Clock.now.isoformat(),
            "data": {"case": f"{CASE}-1", "employee": "E1", "phase": "closed"},
        }
    assert headers["content-type"] == "application/json"
    assert len(body) < 20_000


async def test_every_endpoint_has_its_own_state(database: Database, receiver: Receiver) -> None:
    async with listening(Receiver(status=503)) as other:
        post = post_of(database, receiver.url, other.url)
        happen(database)
        await rounds(post)
        assert await rounds(post) == 0
        assert (len(receiver.heard), len(other.heard)) == (1, 1)
        assert receiver.ids() == other.ids()
    waiting = [row for row in rows(database) if row["delivered_at"] is None]
    assert [(row["attempts"], row["error"], row["given_up_at"]) for row in waiting] == [(1, "status 503", None)]


@pytest.mark.parametrize(("status", "headers"), [(500, {}), (302, {"location": "/elsewhere"}), (404, {}), (429, {})])
async def test_what_is_not_taken_is_sent_again_under_the_same_id(
    database: Database, receiver: Receiver, status: int, headers: dict[str, str]
) -> None:
    clock = Clock()
    receiver.status, receiver.headers = status, headers
    post = post_of(database, receiver.url, clock=clock)
    happen(database)
    assert await rounds(post) == 0
    receiver.status = 204
    assert await rounds(post) == 0
    clock.now += PAUSES[0] * 1.2
    assert await rounds(post) == 1
    assert len(set(receiver.ids())) == 1
    stamps = [int(heard["webhook-timestamp"]) for heard, _ in receiver.heard]
    assert len(stamps) == 2
    assert stamps[1] > stamps[0]


async def test_a_receiver_may_ask_for_more_time(database: Database, receiver: Receiver) -> None:
    receiver.status, receiver.headers = 503, {"retry-after": "120"}
    happen(database)
    await rounds(post_of(database, receiver.url))
    assert [row["retry_at"] for row in rows(database)] == [Clock.now + timedelta(seconds=120)]


async def test_after_more_than_a_day_an_event_is_given_up_and_the_doctor_says_so(
    database: Database, receiver: Receiver
) -> None:
    clock = Clock()
    receiver.status = 500
    post = post_of(database, receiver.url, clock=clock)
    happen(database)
    doctor = Settings(database_url=database.url, event_urls=receiver.url, event_secret=NEW)
    await rounds(post)
    assert [finding.ok for finding in check_events(doctor, clock.now)] == [False]
    for pause in PAUSES:
        clock.now += pause * 1.2
        await rounds(post)
    assert len(receiver.heard) == 1 + len(PAUSES)
    clock.now += timedelta(days=1)
    await rounds(post)
    assert len(receiver.heard) == 1 + len(PAUSES)
    (row,) = rows(database)
    assert row["given_up_at"] - Clock.now > timedelta(days=1)
    (finding,) = check_events(doctor, clock.now)
    assert finding.problem is not None
    assert "given up" in finding.problem.code
    assert "of-the-receiver" not in str(finding)


def test_the_pauses_take_more_than_a_day_and_spread() -> None:
    assert sum(PAUSES, timedelta(0)) > timedelta(days=1)
    again = {next_try(2, timedelta(0), Clock.now) for _ in range(50)}
    assert len(again) > 10
    assert all(moment and PAUSES[1] <= moment - Clock.now <= PAUSES[1] * 1.2 for moment in again)
    assert next_try(len(PAUSES) + 1, timedelta(0), Clock.now) is None


async def test_who_answers_410_hears_nothing_more_until_the_hook_starts_again(
    database: Database, receiver: Receiver
) -> None:
    receiver.status = 410
    post = post_of(database, receiver.url)
    happen(database, 1)
    await rounds(post)
    receiver.status = 200
    happen(database, 2)
    assert (await rounds(post), len(receiver.heard)) == (0, 1)
    doctor = Settings(database_url=database.url, event_urls=receiver.url, event_secret=NEW)
    assert [finding.ok for finding in check_events(doctor)] == [False]
    happen(database, 3)
    assert await rounds(post_of(database, receiver.url)) == 1
    assert json.loads(receiver.heard[-1][1])["data"]["employee"] == "E3"


async def test_who_subscribes_later_hears_nothing_of_the_past(database: Database, receiver: Receiver) -> None:
    happen(database, 1)
    await rounds(post_of(database))
    post = post_of(database, receiver.url)
    happen(database, 2)
    assert await rounds(post) == 1
    assert [json.loads(body)["data"]["employee"] for _, body in receiver.heard] == ["E2"]


async def test_several_hooks_share_the_work_and_send_nothing_twice(database: Database, receiver: Receiver) -> None:
    for number in range(60):
        happen(database, number)
    posts = [post_of(database, receiver.url) for _ in range(4)]
    posts[0].spread()
    for _ in range(10):
        await asyncio.gather(*(post.deliver(post.endpoints[0]) for post in posts))
    assert (len(receiver.heard), len(set(receiver.ids()))) == (60, 60)


async def test_what_a_dead_process_had_claimed_is_sent_by_another(database: Database, receiver: Receiver) -> None:
    clock = Clock()
    post = post_of(database, receiver.url, clock=clock)
    happen(database)
    post.spread()
    with database.begin() as connection:
        connection.execute(update(event_deliveries).values(claimed_at=Clock.now, attempts=1))
    assert await rounds(post) == 0
    clock.now += events.CLAIM_LIFE + timedelta(seconds=1)
    assert await rounds(post) == 1


async def test_nobody_there_is_a_failure_like_any_other(database: Database) -> None:
    happen(database)
    assert await rounds(post_of(database, f"http://127.0.0.1:{free_port()}/")) == 0
    assert [(row["attempts"], row["error"]) for row in rows(database)] == [(1, "ConnectError")]


async def test_the_hook_delivers_as_long_as_it_serves(
    database: Database, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_delivery, "EVERY", timedelta(seconds=0.05))
    exchange = Exchange(outgoing=keys_of(NEW, "here"), endpoints=(endpoint_of(receiver.url),))
    app = create_app(database, no_engine, SECRET, PUBLIC_URL, exchange=exchange)
    async with app.router.lifespan_context(app), asyncio.timeout(10):
        for number in (1, 2):
            happen(database, number)
            while len(receiver.heard) < number:
                await asyncio.sleep(0.02)
    assert not [task for task in asyncio.all_tasks() if task.get_coro().__qualname__ == "deliver_events"]


async def test_what_did_not_happen_is_not_told(database: Database, receiver: Receiver) -> None:
    told = CaseEnded(case=CASE, employee="E1", phase=Phase.CLOSED)
    with database.engine.connect() as connection:
        events.put(connection, CASE, EventType.CASE_ENDED, told, at=Clock.now)
        connection.rollback()
    assert (await rounds(post_of(database, receiver.url)), receiver.heard) == (0, [])


def test_an_event_carries_what_its_type_says(database: Database) -> None:
    told = CaseEnded(case=CASE, employee="E1", phase=Phase.CLOSED)
    with database.begin() as connection, pytest.raises(TypeError):
        events.put(connection, CASE, EventType.GATE_DECIDED, told, at=Clock.now)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "ftp://example.com",
        "file:///etc/passwd",
        "https://",
        "http://169.254.169.254/",
        "x",
        "https://a:b",
    ],
)
def test_an_address_that_is_not_safe_is_refused(url: str) -> None:
    with pytest.raises(Refused, match="OFFBOARD_EVENT_URLS"):
        endpoint_of(url)


@pytest.mark.parametrize(
    "url", ["https://example.com/x?y", "http://localhost:8000", "http://127.0.0.2/", "http://[::1]:1/"]
)
def test_an_address_that_is_safe_is_taken(url: str) -> None:
    assert endpoint_of(url).url == url


def test_the_secrets_come_from_files_that_nobody_else_reads(tmp_path: Any) -> None:
    file = tmp_path / "webhook-secrets"
    settings = Settings(home=tmp_path)
    assert not exchange_of(settings).incoming
    file.write_text(f"{NEW}\n{OLD}\n")
    file.chmod(0o644)
    with pytest.raises(Refused, match="chmod 600"):
        exchange_of(settings)
    file.chmod(0o600)
    assert len(exchange_of(settings).incoming.hooks) == 2
    with pytest.raises(Refused, match="OFFBOARD_EVENT_SECRET"):
        exchange_of(Settings(home=tmp_path, event_urls="https://example.com"))
