"""A system downstream with faults on demand: a real HTTP server that counts the calls that are under way."""

import socket
import struct
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

DRIP = 0.05  # seconds between two bytes of a slow answer


@dataclass(frozen=True)
class Said:
    """What comes back. `cut` ends the connection after so many bytes of the body, `length` lies about its length.

    `hang` sends nothing until the server is closed, `reset` breaks the connection, `drip` sends byte by byte.
    """

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    cut: int | None = None
    length: str | None = None
    hang: bool = False
    reset: bool = False
    drip: bool = False


Answer = Callable[[str, dict[str, str]], Said]
Fault = Callable[[int, str, Said], Said]


class _Server(ThreadingHTTPServer):
    broken: BaseException | None = None

    def handle_error(self, request: object, client_address: object) -> None:
        """A caller that hangs up is no error; a mistake in this test server is."""
        failure = sys.exc_info()[1]
        if not isinstance(failure, OSError):
            self.broken = failure


class Downstream:
    """`answer` gets path with query, and the headers with small letters. `fault` may replace the n-th answer.

    `most` is the largest number of calls that were under way at once, `asked` every path in order.
    """

    def __init__(self, answer: Answer, fault: Fault | None = None) -> None:
        self.fault = fault
        self.most = 0
        self.asked: list[str] = []
        self._answer = answer
        self._under_way = 0
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Nobody listens any more; calls that hang are let go."""
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        if self._server.broken:
            raise self._server.broken

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        downstream = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                downstream._serve(self)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the name is the library's)
                """Silence."""

        return Handler

    def _serve(self, request: BaseHTTPRequestHandler) -> None:
        with self._lock:
            self._under_way += 1
            self.most = max(self.most, self._under_way)
            self.asked.append(request.path)
            number = len(self.asked)
        gone = threading.Event()

        def leave() -> None:
            # Before the first byte goes out, or never will: from then on the caller may give up and make the next call.
            if not gone.is_set():
                gone.set()
                with self._lock:
                    self._under_way -= 1

        try:
            said = self._answer(request.path, {name.lower(): value for name, value in request.headers.items()})
            if self.fault:
                said = self.fault(number, request.path, said)
            self._send(request, said, leave)
        except OSError:
            request.close_connection = True  # the caller has hung up
        finally:
            leave()

    def _send(self, request: BaseHTTPRequestHandler, said: Said, leave: Callable[[], None]) -> None:
        leave()
        if said.hang:
            self._closing.wait()
        if said.hang or said.reset:
            request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            request.connection.close()
            request.close_connection = True
            return
        request.send_response(said.status)
        for name, value in said.headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", said.length or str(len(said.body)))
        body = said.body if said.cut is None else said.body[: said.cut]
        request.close_connection = request.close_connection or said.length is not None or said.cut is not None
        request.end_headers()
        if not said.drip:
            request.wfile.write(body)
            return
        for place in range(len(body)):
            if self._closing.wait(DRIP):
                return
            request.wfile.write(body[place : place + 1])
            request.wfile.flush()
