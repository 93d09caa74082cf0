"""The folder of one embedded stack: where its parts lie, who holds it, and what a killed supervisor left running."""

import fcntl
import os
from pathlib import Path
from typing import IO

from connections import StackFile, read_stack, stack_file
from embedded.postgres import Postgres
from embedded.processes import is_alive, stop
from models.errors import Unavailable


class Home:
    """`folder` is the absolute `OFFBOARD_HOME`. It is made on first use; secrets in it have mode 0600."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.lock_file = self.folder / "supervisor.lock"

    def make(self) -> None:
        """Make the folder. Raises Unavailable when that is impossible."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.lock_file.touch(mode=0o600)
        except OSError as refused:
            raise Unavailable(
                "{folder} cannot be written: {answer}. Nothing was started. Set OFFBOARD_HOME to a folder of yours.",
                folder=self.folder,
                answer=refused.strerror,
            ) from refused

    def log(self, name: str) -> Path:
        """The log of one part of the stack."""
        return self.postgres_folder / "server.log" if name == "postgres" else self.folder / "log" / f"{name}.log"

    @property
    def postgres_folder(self) -> Path:
        """Where PostgreSQL keeps its cluster, password and port."""
        return self.folder / "postgres"

    @property
    def temporal_folder(self) -> Path:
        """Where Temporal keeps its state and ports."""
        return self.folder / "temporal"

    def claim(self) -> IO[str] | None:
        """Become the one supervisor of this folder: an open file to hold, or None when there is one already.

        The system gives the claim back when the holder ends, however it ends.
        """
        held = self.lock_file.open("r+")
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            held.close()
            return None
        held.truncate()
        held.write(str(os.getpid()))
        held.flush()
        return held

    def supervisor(self) -> int | None:
        """Process id of the living supervisor, None when there is none."""
        if not self.lock_file.exists():
            return None
        with self.lock_file.open() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(lock.read() or 0) or None
        return None

    def facts(self) -> StackFile | None:
        """What the stack published last, None when nothing or when it cannot be read."""
        try:
            return read_stack(self.folder)
        except Unavailable:
            return None

    def remove_leftovers(self) -> None:
        """Stop what outlived a killed supervisor (not PostgreSQL, which is found by its own pid file)."""
        facts = self.facts()
        for state in reversed(facts.services.values()) if facts else ():
            if facts and state.pid and is_our_child(state.pid, facts.supervisor):
                stop(state.pid)
        stack_file(self.folder).unlink(missing_ok=True)

    def stop_everything(self) -> None:
        """Stop all that runs without a supervisor, PostgreSQL too."""
        self.remove_leftovers()
        if (self.postgres_folder / "data").exists():
            Postgres(self.postgres_folder).stop()


def is_our_child(pid: int, supervisor: int) -> bool:
    """True for a living child of that supervisor: it still is in the supervisor's process group.

    A pid alone proves nothing after a restart of the machine; a group keeps its number while one member lives.
    """
    try:
        return is_alive(pid) and os.getpgid(pid) == supervisor
    except (ProcessLookupError, PermissionError):
        return False
