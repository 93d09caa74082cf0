"""Connections that never hang: a server that holds the line and says nothing is cut off on our side.

The server's own time limits end a slow statement, and TCP notices a dead machine. Neither helps against a process that
is frozen behind a living network: only our own clock does.
"""

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from psycopg2 import extensions

PATROL = 0.5  # seconds between two looks


class Watch:
    """One clock for all connections of the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._due: dict[int, tuple[float, int]] = {}
        self._patrols = False

    @contextmanager
    def over(self, connection: extensions.connection, seconds: float | None) -> Iterator[None]:
        """Shut the line of the connection when the block takes longer than `seconds`; None waits for ever."""
        if seconds is None or connection.closed:
            yield
            return
        ticket = threading.get_ident()
        with self._lock:
            self._due[ticket] = (time.monotonic() + seconds, connection.fileno())
            if not self._patrols:
                self._patrols = True
                threading.Thread(target=self._patrol, name="database watch", daemon=True).start()
        try:
            yield
        finally:
            with self._lock:
                self._due.pop(ticket, None)

    def _patrol(self) -> None:
        while True:
            time.sleep(PATROL)
            with self._lock:
                now = time.monotonic()
                for ticket, (due, line) in list(self._due.items()):
                    if due < now:
                        del self._due[ticket]
                        _shut(line)


def _shut(line: int) -> None:
    # A copy of the descriptor, so that closing our socket object does not close the connection's.
    with suppress(OSError), socket.socket(fileno=os.dup(line)) as copy:
        copy.shutdown(socket.SHUT_RDWR)


_watch = Watch()


class WatchedConnection(extensions.connection):
    """A connection whose statements, commits and rollbacks end within `limit` seconds; None is without limit."""

    limit: float | None = None

    def commit(self) -> None:
        """Commit, or lose the connection."""
        with _watch.over(self, self.limit):
            super().commit()

    def rollback(self) -> None:
        """Roll back, or lose the connection."""
        with _watch.over(self, self.limit):
            super().rollback()


class WatchedCursor(extensions.cursor):
    """The cursor of a watched connection."""

    def execute(self, *args: object, **kwargs: object) -> None:
        """Run a statement, or lose the connection."""
        with _watch.over(self.connection, _limit(self.connection)):
            super().execute(*args, **kwargs)  # type: ignore[arg-type]

    def executemany(self, *args: object, **kwargs: object) -> None:
        """Run a statement for each row, or lose the connection."""
        with _watch.over(self.connection, _limit(self.connection)):
            super().executemany(*args, **kwargs)  # type: ignore[arg-type]


def _limit(connection: object) -> float | None:
    limit: float | None = getattr(connection, "limit", None)
    return limit
