"""A real ERP for tests: Tryton, with a company whose books a test fills, read over its REST interface."""

import signal
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from embedded.processes import free_port, tail
from tests.servers.environments import environment
from tests.servers.tryton_desk import DATABASE, Desk, copy_books, surroundings

WAIT = 120.0  # seconds; it starts in about three on a quiet machine


class Tryton:
    """The server, while the `with` block runs, with the books of `document` (`tryton_fill`) in it, or with empty ones.

    Its state is gone afterwards. `key` belongs to a user who may read what an audit of receivables needs and change
    nothing, `admin` to one who may do everything: keys of the REST interface at `{url}/{database}/rest/`. `invoices`
    has Tryton's id and number of each invoice by its reference.
    """

    def __init__(self, document: dict[str, Any] | None = None) -> None:
        self.url, self.database = "", DATABASE
        self.key = self.admin = ""
        self.invoices: dict[str, dict[str, Any]] = {}
        self._document = document
        self._folder = tempfile.TemporaryDirectory(prefix="tryton")
        self._server: subprocess.Popen[bytes] | None = None
        self._desk: Desk | None = None
        self._password = ""

    def __enter__(self) -> Self:
        """Start it. Raises Unreachable when its packages cannot be fetched, RuntimeError when it does not start."""
        opening = copy_books(self._document, Path(self._folder.name))
        self.key, self.admin, self._password = opening.key, opening.admin, opening.password
        self.invoices = dict(opening.invoices)
        self.url = f"http://127.0.0.1:{free_port()}"
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it."""
        self.kill()
        if self._desk is not None:
            self._desk.close()
        self._folder.cleanup()

    def fill(self, document: dict[str, Any]) -> None:
        """Enter one more document, while the server runs or while it does not."""
        self.invoices |= self._at_the_desk().do(do="fill", document=document)

    def balances(self, as_of: str) -> Any:
        """What Tryton itself says that clients owe at the end of a day, see `tryton_balances`. The server must run."""
        return self._at_the_desk().do(do="balances", as_of=as_of, url=self.url, password=self._password)

    def start(self) -> None:
        """Start the server on the port and the data that it had before, unless it runs. Returns when it answers."""
        if self._server is not None and self._server.poll() is None:
            return
        settings = surroundings(
            TRYTOND_DATABASE__URI="sqlite://",
            TRYTOND_DATABASE__PATH=self._folder.name,
            TRYTOND_WEB__LISTEN=self.url.removeprefix("http://"),
        )
        with self._log.open("a") as out:
            self._server = subprocess.Popen(
                # With -d it loads the database before it listens; else the first requests can fail.
                [str(environment("tryton")), "-m", "trytond.cli", "-d", DATABASE],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=self._folder.name, env=settings,
            )  # fmt: skip
        try:
            self._until_it_answers()
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """End the server as an administrator does."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the server as a failing machine does."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Let the server hang: connections are accepted, nothing is answered."""
        assert self._server is not None
        self._server.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        assert self._server is not None
        self._server.send_signal(signal.SIGCONT)

    def rest(self, key: str) -> httpx.Client:
        """A client of the REST interface. Close it after use."""
        bearer = {"Authorization": f"Bearer {key}"}
        return httpx.Client(base_url=f"{self.url}/{self.database}/rest", headers=bearer, timeout=WAIT)

    @property
    def log(self) -> str:
        """The last lines that the server has written."""
        return tail(self._log)

    @property
    def _log(self) -> Path:
        return Path(self._folder.name) / "server.log"

    def _at_the_desk(self) -> Desk:
        if self._desk is None:
            self._desk = Desk(environment("tryton"), Path(self._folder.name))
        return self._desk

    def _end(self, how: signal.Signals) -> None:
        if self._server is None:
            return
        self._server.send_signal(signal.SIGCONT)  # a paused process hears nothing else but a kill
        self._server.send_signal(how)
        self._server.wait(WAIT)

    def _until_it_answers(self) -> None:
        assert self._server is not None
        deadline = time.monotonic() + WAIT
        while True:
            try:
                httpx.get(self.url, timeout=WAIT)
                return
            except httpx.HTTPError as fault:
                if self._server.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"Tryton did not start ({fault}):\n{self.log}") from fault
            time.sleep(0.05)
