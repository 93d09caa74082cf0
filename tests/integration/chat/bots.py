"""Chat services on this machine that answer as the real ones do: mostly HTTP 200, with a code of their own inside."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "canary4f1ctoken"
SECRET = "SECcanary9d2esecret"
SKEW = 3600  # seconds; DingTalk and Feishu take signs of the last hour


class Mood(StrEnum):
    """How a service behaves."""

    WELL = "well"
    REFUSING = "refusing"
    LIMITING = "limiting"
    SILENT = "silent"
    DRIPPING = "dripping"
    GARBAGE = "garbage"
    LIST = "list"
    ENDLESS = "endless"
    BROKEN = "broken"
    BUSY = "busy"
    ELSEWHERE = "elsewhere"


# The same from every service.
CANNED = {
    Mood.GARBAGE: (200, b"<html>captive portal</html>"),
    Mood.LIST: (200, b"[0]"),
    Mood.ENDLESS: (200, b" " * 200_000 + b'{"errcode": 0, "code": 0}'),
    Mood.BROKEN: (500, b'{"errcode": 0, "code": 0}'),
    Mood.BUSY: (429, b"{}"),
    Mood.ELSEWHERE: (307, b""),
}


@dataclass
class Bots:
    """All four services behind one port. `taken` are the texts that reached the group; `hits` every request."""

    port: int = 0
    mood: Mood = Mood.WELL
    signed: bool = False
    taken: list[str] = field(default_factory=list)
    hits: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def url(self, kind: str, token: str = TOKEN) -> str:
        """The address of a bot of that kind."""
        here = f"127.0.0.1:{self.port}"
        return {
            "dingtalk": f"http://{here}/robot/send?access_token={token}",
            "feishu": f"http://{here}/open-apis/bot/v2/hook/{token}",
            "wecom": f"http://{here}/cgi-bin/webhook/send?key={token}",
            "apprise": f"json://{here}/json/{token}",
        }[kind]


def judge(bots: Bots, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Status and answer of the service that the path belongs to."""
    place = urlsplit(path)
    query = {name: values[0] for name, values in parse_qs(place.query).items()}
    kind = place.path.split("/")[1]
    if kind == "robot":
        return 200, _dingtalk(bots, query, body)
    if kind == "open-apis":
        return 200, _feishu(bots, place.path.rsplit("/", 1)[1], body)
    if kind == "cgi-bin":
        return 200, _wecom(bots, query, body)
    if bots.mood is Mood.REFUSING or not place.path.endswith(TOKEN):
        return 403, {"error": "forbidden"}
    bots.taken.append(body["message"])
    return 200, {}


def _dingtalk(bots: Bots, query: dict[str, str], body: dict[str, Any]) -> dict[str, Any]:
    if bots.mood is Mood.LIMITING:
        return {"errcode": 130101, "errmsg": "send too fast, exceed 20 times per minute"}
    stamp = query.get("timestamp", "0")
    made = hmac.new(SECRET.encode(), f"{stamp}\n{SECRET}".encode(), hashlib.sha256).digest()
    honest = base64.b64encode(made).decode() == query.get("sign") and abs(time.time() - int(stamp) / 1000) < SKEW
    if query.get("access_token") != TOKEN:
        return {"errcode": 300005, "errmsg": "token is not exist"}
    if bots.mood is Mood.REFUSING or (bots.signed and not honest):
        return {"errcode": 310000, "errmsg": f"sign not match, token {TOKEN}"}
    bots.taken.append(body["text"]["content"])
    return {"errcode": 0, "errmsg": "ok"}


def _feishu(bots: Bots, token: str, body: dict[str, Any]) -> dict[str, Any]:
    if bots.mood is Mood.LIMITING:
        return {"code": 11232, "msg": "frequency limited psm[lark.oapi.app_platform_runtime]"}
    stamp = body.get("timestamp", "0")
    made = hmac.new(f"{stamp}\n{SECRET}".encode(), b"", hashlib.sha256).digest()
    honest = base64.b64encode(made).decode() == body.get("sign") and abs(time.time() - int(stamp)) < SKEW
    if token != TOKEN:
        return {"code": 19001, "msg": "param invalid: incoming webhook access token invalid"}
    if bots.signed and not honest:
        return {"code": 19021, "msg": "sign match fail or timestamp is not within one hour from current time"}
    if bots.mood is Mood.REFUSING:
        return {"code": 19024, "msg": "Key Words Not Found"}
    bots.taken.append(body["content"]["text"])
    return {"code": 0, "msg": "success", "data": {}, "StatusCode": 0, "StatusMessage": "success"}


def _wecom(bots: Bots, query: dict[str, str], body: dict[str, Any]) -> dict[str, Any]:
    if bots.mood is Mood.LIMITING:
        return {"errcode": 45009, "errmsg": "api freq out of limit"}
    if bots.mood is Mood.REFUSING or query.get("key") != TOKEN:
        return {"errcode": 93000, "errmsg": "invalid webhook url, hint: [1700000000_1_0]"}
    bots.taken.append(body["text"]["content"])
    return {"errcode": 0, "errmsg": "ok"}


class Handler(BaseHTTPRequestHandler):
    """One request to the services in `bots`."""

    bots: Bots

    def do_POST(self) -> None:  # the name that the server calls
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.bots.hits.append(self.path)
        if self.bots.mood is Mood.SILENT:
            self.bots.over.wait(10)
        elif self.bots.mood is Mood.DRIPPING:
            self._drip()
        elif self.bots.mood in CANNED:
            self._answer(*CANNED[self.bots.mood])
        else:
            status, answer = judge(self.bots, self.path, json.loads(body))
            self._answer(status, json.dumps(answer).encode())

    def _drip(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        try:
            while not self.bots.over.wait(0.1):
                self.wfile.write(b" ")
                self.wfile.flush()
        except OSError:
            return

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if status == 307:
            self.send_header("Location", "/robot/elsewhere")
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:  # whoever asked has heard enough
            return

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the server's own word)
        """Say nothing: what reaches a log is what the tests look at."""


@contextmanager
def serving() -> Iterator[Bots]:
    """The services on a free port."""
    bots = Bots()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handling", (Handler,), {"bots": bots}))
    server.daemon_threads = True
    bots.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield bots
    finally:
        bots.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
