"""The keeper of the embedded stack: starts PostgreSQL, Temporal, the worker and the approval page, restarts the dead.

Runs detached as `python -m embedded.supervisor` with the folder in OFFBOARD_HOME; `embedded.stack` starts and stops it.
"""

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from connections import ServiceState, StackFile, stack_file
from embedded.home import Home
from embedded.postgres import Postgres
from embedded.processes import Program, kept_ports, write_private
from embedded.temporal import Temporal, without_profiles
from models.base import Value
from store.database import Database

logger = logging.getLogger("offboard.supervisor")

LOOK_EVERY = 0.2  # seconds
STEADY_AFTER = 10.0  # seconds of life after which earlier failures are forgotten
LONGEST_PAUSE = 30.0  # seconds between two attempts


class Programs(Value):
    """The commands of the two programs of ours. They get OFFBOARD_HOME and, the page, OFFBOARD_WEB_PORT."""

    worker: tuple[str, ...] = (sys.executable, "-P", "-m", "worker")
    web: tuple[str, ...] = (sys.executable, "-P", "-m", "web.server")


class Service(Protocol):
    """What can be kept alive."""

    name: str

    def start(self) -> object:
        """Start, and return when it can be used. What it returns does not matter here."""

    def stop(self) -> None:
        """Stop in an orderly way; nothing happens when it is down."""

    def is_running(self) -> bool:
        """True while its process lives."""

    def pid(self) -> int | None:
        """Process id of the last start."""


class MigratedPostgres(Postgres):
    """PostgreSQL that is up only with the newest schema."""

    name = "postgres"

    def start(self) -> str:
        """Start, migrate, and return the URL."""
        url = super().start()
        database = Database(url)
        try:
            database.migrate()
        finally:
            database.close()
        return url


class Watch:
    """One service and its record. The first restart is immediate; the pauses double up to LONGEST_PAUSE."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.failures = 0
        self.started_at: datetime | None = None
        self._started = 0.0
        self._retry = 0.0
        self._was_running = False

    def look(self) -> None:
        """Start the service when it is down and its pause is over. Never raises: the next look tries again.

        One that ran before we came (PostgreSQL outlives its supervisor) is started too: that makes it ready.
        """
        now = time.monotonic()
        if self._was_running and self.service.is_running():
            if self.failures and now - self._started > STEADY_AFTER:
                self.failures = 0
            return
        if self._was_running:
            self._was_running = False
            self._failed("ended", now)
        if now >= self._retry:
            self._start()

    def end(self) -> None:
        """Stop the service. Never raises: the others must be stopped as well."""
        try:
            self.service.stop()
            logger.info("%s is stopped", self.service.name)
        except Exception:
            logger.exception("%s did not stop", self.service.name)

    def state(self) -> ServiceState:
        """What is published about the service."""
        return ServiceState(pid=self.service.pid(), failures=self.failures, started_at=self.started_at)

    def _start(self) -> None:
        self.started_at = datetime.now(UTC)
        try:
            self.service.start()
        except Exception as failure:  # whatever it is, the others must be kept alive and this one tried again
            self._failed(f"did not start: {failure}", time.monotonic())
            return
        self._started = time.monotonic()
        self._was_running = True
        logger.info("%s runs, pid %s", self.service.name, self.service.pid())

    def _failed(self, what: str, now: float) -> None:
        self.failures += 1
        pause = 0.0 if self.failures == 1 else min(LONGEST_PAUSE, 0.5 * 2 ** (self.failures - 2))
        self._retry = now + pause
        logger.warning("%s %s; next attempt in %.1f s", self.service.name, what, pause)


class Supervisor:
    """Keeps the services of one home alive until `stop` is set."""

    def __init__(self, home: Home, programs: Programs) -> None:
        self.home = home
        self.stopping = threading.Event()
        web_port = kept_ports(home.folder / "ports.json", ("web",))["web"]
        environment = _environment(home.folder, web_port)
        self.web = f"http://127.0.0.1:{web_port}"
        self.postgres = MigratedPostgres(home.postgres_folder)
        self.temporal = Temporal(home.temporal_folder, home.log("temporal"))
        servers: list[Service] = [self.postgres, self.temporal]
        self.servers = [Watch(service) for service in servers]
        self.programs = [
            Watch(Program(name, command, home.log(name), folder=home.folder, environment=environment))
            for name, command in (("worker", programs.worker), ("web", programs.web))
        ]
        self._published: StackFile | None = None

    def run(self) -> None:
        """Keep everything alive; on `stopping`, stop all in reverse order."""
        try:
            while not self.stopping.is_set():
                self._look()
                self.stopping.wait(LOOK_EVERY)
        finally:
            for watch in reversed([*self.servers, *self.programs]):
                watch.end()
            stack_file(self.home.folder).unlink(missing_ok=True)

    def _look(self) -> None:
        for watch in self.servers:
            watch.look()
            self._publish()
        # Without the servers our programs could only fail; those that run already wait for them by themselves.
        if all(watch.service.is_running() for watch in self.servers):
            for watch in self.programs:
                watch.look()
        self._publish()

    def _publish(self) -> None:
        watches = [*self.servers, *self.programs]
        facts = StackFile(
            supervisor=os.getpid(),
            services={watch.service.name: watch.state() for watch in watches},
            web=self.web,
            **self._addresses(),
        )
        if facts != self._published:
            write_private(stack_file(self.home.folder), facts.model_dump_json(indent=1))
            self._published = facts

    def _addresses(self) -> dict[str, str | int]:
        addresses: dict[str, str | int] = {}
        if self.servers[0].started_at and self.postgres.facts.exists():
            addresses |= {"postgres_port": self.postgres.port(), "database_url": self.postgres.url()}
        if ports := self.temporal.ports:
            local = "http://127.0.0.1"
            addresses |= {"temporal": self.temporal.address(), "ui": f"{local}:{ports['ui']}"}
            addresses |= {"metrics": f"{local}:{ports['metrics']}/metrics"}
        return addresses


def _environment(folder: Path, web_port: int) -> dict[str, str]:
    """The programs speak to the servers of this stack, whatever the caller's own settings say."""
    environment = without_profiles(os.environ)
    environment.pop("OFFBOARD_DATABASE_URL", None)
    return {**environment, "OFFBOARD_HOME": str(folder), "OFFBOARD_WEB_PORT": str(web_port), "PYTHONUNBUFFERED": "1"}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run until SIGTERM or SIGINT. The one optional argument is a `Programs` as JSON."""
    words = sys.argv[1:] if arguments is None else arguments
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    home = Home(Path(os.environ.get("OFFBOARD_HOME", "var")))
    home.make()
    claim = home.claim()
    if claim is None:
        logger.info("another supervisor keeps %s already", home.folder)
        return
    with claim:
        home.remove_leftovers()
        supervisor = Supervisor(home, Programs.model_validate_json(words[0]) if words else Programs())
        for sign in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sign, lambda *_: supervisor.stopping.set())
        supervisor.run()


if __name__ == "__main__":
    main()
