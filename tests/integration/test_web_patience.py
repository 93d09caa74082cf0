"""Slow visitors are cut and never keep a quick one out: a real server, hundreds of connections, short deadlines."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import pytest
import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from embedded.processes import free_port
from web import patience, security
from web.security import Guard

QUICK = b"GET / HTTP/1.1\r\nHost: hook\r\n\r\n"
HALF_A_HEAD = b"GET / HTTP/1.1\r\nHost: hook\r\nX-Slow: "
HEAD_WITHOUT_BODY = b"POST / HTTP/1.1\r\nHost: hook\r\nContent-Length: 4000\r\n\r\n"
ROOM = 40


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer everybody; a path is the number of bytes that are wanted."""
    wanted = scope["path"].strip("/")
    await PlainTextResponse("x" * int(wanted or 5))(scope, receive, send)


def guarded() -> Guard:
    slow, broken = PlainTextResponse("too slow", 400), PlainTextResponse("broken", 500)
    large = PlainTextResponse("too large", 413)
    return Guard(
        hello, "default-src 'none'", https=False, too_large=large, too_slow=slow, unknown=broken, broken=broken
    )


@pytest.fixture
async def port(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """A server with the protocol of the hook, which loses its patience within a second."""
    monkeypatch.setattr(patience, "ARRIVAL_SECONDS", 0.6)
    monkeypatch.setattr(patience, "ANSWER_SECONDS", 0.6)
    monkeypatch.setattr(patience, "CONNECTIONS", ROOM)
    number = free_port()
    config = uvicorn.Config(
        guarded(), port=number, http=patience.ImpatientProtocol, ws="none", lifespan="off", log_level="critical",
        limit_concurrency=ROOM + 10,
    )  # fmt: skip
    server = uvicorn.Server(config)
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign, assignment]
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield number
    server.should_exit = True
    await serving


async def connect(port: int, said: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
    writer.write(said)
    return reader, writer


async def until_cut(reader: asyncio.StreamReader, within: float = 8) -> None:
    async with asyncio.timeout(within):
        with contextlib.suppress(ConnectionResetError):
            while await reader.read(4096):
                pass


@pytest.mark.parametrize("said", [b"", HALF_A_HEAD, HEAD_WITHOUT_BODY, QUICK])
async def test_whoever_says_nothing_more_is_cut(port: int, said: bytes) -> None:
    reader, writer = await connect(port, said)
    await until_cut(reader)
    writer.close()


@pytest.mark.parametrize("said", [HALF_A_HEAD, HEAD_WITHOUT_BODY])
async def test_dripping_buys_no_time(port: int, said: bytes) -> None:
    reader, writer = await connect(port, said)

    async def drip() -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(b"a")
                await writer.drain()
                await asyncio.sleep(0.1)

    dripping = asyncio.create_task(drip())
    await until_cut(reader)
    dripping.cancel()


async def test_whoever_does_not_read_the_answer_is_cut(port: int) -> None:
    _, writer = await connect(port, b"GET /30000000 HTTP/1.1\r\nHost: hook\r\n\r\n")

    async def nudge() -> None:
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.1)

    with pytest.raises(ConnectionError):
        await asyncio.wait_for(nudge(), 8)


@pytest.mark.parametrize("said", [b"", HALF_A_HEAD, HEAD_WITHOUT_BODY])
async def test_a_quick_visitor_is_served_while_slow_ones_fill_the_house(port: int, said: bytes) -> None:
    slow = [await connect(port, said) for _ in range(5 * ROOM)]
    started = time.monotonic()
    for _ in range(3):
        reader, writer = await connect(port, QUICK)
        assert (await asyncio.wait_for(reader.readline(), 2)).startswith(b"HTTP/1.1 200")
        writer.close()
    assert time.monotonic() - started < 2
    for reader, writer in slow:
        await until_cut(reader)
        writer.close()


async def test_a_visitor_who_asks_again_and_again_keeps_the_connection(port: int) -> None:
    reader, writer = await connect(port, b"")
    end = time.monotonic() + 1.2
    while time.monotonic() < end:
        writer.write(QUICK)
        assert (await asyncio.wait_for(reader.readuntil(b"\r\n\r\nxxxxx"), 2)).startswith(b"HTTP/1.1 200")
        await asyncio.sleep(0.2)
    writer.write(QUICK * 3)
    for _ in range(3):
        await asyncio.wait_for(reader.readuntil(b"\r\n\r\nxxxxx"), 2)
    writer.close()


# ---- the guard alone ----


async def ask(*parts: Message, pause: float = 0) -> list[int]:
    """Send a body in parts, with a pause before each; returns the statuses of what was answered."""
    waiting, answered = list(parts), []

    async def receive() -> Message:
        await asyncio.sleep(pause)
        return waiting.pop(0) if waiting else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answered.append(message["status"])

    await guarded()({"type": "http", "method": "POST", "path": "/", "headers": []}, receive, send)
    return answered


async def test_a_form_that_breaks_off_decides_nothing() -> None:
    part: Message = {"type": "http.request", "body": b"verdict=approve&note=but on", "more_body": True}
    end: Message = {"type": "http.request", "body": b"ly then", "more_body": False}
    assert await ask(part) == []
    assert await ask(part, end) == [200]


async def test_a_body_as_a_whole_has_a_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(security, "BODY_SECONDS", 0.3)
    drop: Message = {"type": "http.request", "body": b"x", "more_body": True}
    assert await ask(*[drop] * 20, pause=0.05) == [400]
