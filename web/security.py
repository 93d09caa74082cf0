"""What guards every route: headers, a limit on bodies, a brake on guessing links, and logs without links."""

import asyncio
import base64
import hashlib
import logging
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from urllib.parse import quote, urlsplit

from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reports.render import style_hash

BODY_SECONDS = 8.0  # for a whole body, however it trickles in; below the end of patience with the connection
BODY_LIMIT = 16 * 1024  # bytes; a note of 1,500 Chinese characters takes 13.5 KB in a form
ADDRESSES_KEPT = 10_000

_CLOSED = "frame-ancestors 'none'; base-uri 'none'"

log = logging.getLogger("offboard.web")
_TOKEN = re.compile(r"^/d/[^/]+")


def content_policy(css: str) -> str:
    """Content-Security-Policy of our pages: nothing loads, the one inline style sheet is named by its SHA-256."""
    hashed = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{hashed}'; {_CLOSED}; form-action 'self'"


def report_policy() -> str:
    """Content-Security-Policy of the report: its own style and pictures inside the file, nothing else."""
    return (
        f"default-src 'none'; style-src '{style_hash()}'; img-src data:; font-src data:; {_CLOSED}; form-action 'none'"
    )


def redact(path: str) -> str:
    """The path as one printable line without the token of a link: a log must not open a page or hold forged lines."""
    return quote(_TOKEN.sub("/d/***", path), safe="/*-._~")[:200]


def from_elsewhere(request: Request, public_url: str) -> bool:
    """True when a browser says that another site made it send this form.

    Our pages send no referrer, for which browsers write `Origin: null`; then `Sec-Fetch-Site` decides. A client that
    sends neither header is no browser with somebody's session, and the signed form must hold anyway.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        return True
    origin = request.headers.get("origin")
    if origin in (None, "null"):
        return False
    own = {_origin(public_url), _origin(str(request.url))}
    return origin not in own


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def address(request: Request) -> str:
    """Where a request comes from, as the proxy in front of us says."""
    return request.client.host if request.client else ""


class GuessBrake:
    """Counts what must stay rare, per key: links that open nothing, tries to sign in, forms of one person.

    For links it is asked only after one failed, so that a valid one always opens.
    """

    def __init__(self, limit: int = 20, window: float = 60.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit, self._window, self._clock = limit, window, clock
        self._misses: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def missed(self, key: str) -> int:
        """Count one more. Returns 0, or the seconds to wait when there were too many."""
        now = self._clock()
        since, count = self._misses.pop(key, (now, 0))
        if now - since >= self._window:
            since, count = now, 0
        self._misses[key] = (since, count + 1)
        if len(self._misses) > ADDRESSES_KEPT:
            self._misses.popitem(last=False)
        return 0 if count < self._limit else max(1, round(self._window - (now - since)))


class Guard:
    """ASGI middleware: strict headers on every answer, a limit on every body, one log line a request.

    `too_large` answers a body over the limit, `too_slow` one that does not come to its end, `unknown` a path with NUL,
    which no id of ours holds and no database takes, `broken` a fault of ours.
    HSTS only where the public address is https.
    """

    def __init__(  # one answer for each way to fail
        self,
        app: ASGIApp,
        policy: str,
        https: bool,
        too_large: ASGIApp,
        too_slow: ASGIApp,
        unknown: ASGIApp,
        broken: ASGIApp,
    ) -> None:
        self.app, self.too_large, self.too_slow, self.unknown, self.broken = app, too_large, too_slow, unknown, broken
        self.headers = {
            "Content-Security-Policy": policy,
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
            "Cache-Control": "no-store",
            "X-Robots-Tag": "noindex, nofollow",
        }
        if https:
            self.headers["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 0

        async def guarded_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            app, body = await self._read(scope, receive)
            await app(scope, _replay(body, receive), guarded_send)
        except ClientDisconnect:
            pass  # whoever left before the end of the body decided nothing, and nobody is there to be answered
        except Exception:
            log.exception("a fault of ours in %s %s", scope["method"], redact(scope["path"]))
            if status:
                raise  # the answer is on its way already; only the connection can be cut
            await self.broken(scope, _replay(b"", receive), guarded_send)
        finally:
            spent = round((time.perf_counter() - started) * 1000)
            # Health is asked every few seconds; its lines would bury the others.
            level = logging.DEBUG if scope["path"] == "/healthz" else logging.INFO
            log.log(level, "%s %s %d %d ms", scope["method"], redact(scope["path"]), status, spent)

    async def _read(self, scope: Scope, receive: Receive) -> tuple[ASGIApp, bytes]:
        """Who answers, and the body."""
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await _read_body(scope, receive)
                return (self.unknown, b"") if "\0" in scope["path"] else (self.app, body)
        except TimeoutError:
            return self.too_slow, b""
        except _TooLarge:
            return self.too_large, b""


class _TooLarge(Exception):
    """The body is over the limit."""


async def _read_body(scope: Scope, receive: Receive) -> bytes:
    """The whole body, whatever its declared length. Raises ClientDisconnect when it ends before its end."""
    declared = Headers(scope=scope).get("content-length", "0")
    if declared.isdecimal() and int(declared) > BODY_LIMIT:
        raise _TooLarge
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += bytes(message.get("body", b""))
        if len(body) > BODY_LIMIT:
            raise _TooLarge
        more = message.get("more_body", False)
    return body


def _replay(body: bytes, receive: Receive) -> Receive:
    sent = False

    async def again() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
