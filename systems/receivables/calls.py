"""How hard a system is asked: so many calls at once, fewer while it fails, none while it wants to be left alone."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

FALLS = 5  # failed calls in a row after which a system counts as down


class NoTurn(Exception):
    """No call could be made before the time was over."""


class Calls:
    """The calls to one system, shared by every thread that asks it: at most `limit` are under way at once.

    After five failures in a row only one at a time goes out, until one is answered: a system that comes back must not
    be met by everybody who has waited. `most` is the largest number that was ever under way, `made` all there were.
    """

    def __init__(self, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        self._changed = threading.Condition()
        self._under_way = 0
        self._failed = 0
        self._silent_until = 0.0
        self.most = 0
        self.made = 0

    @contextmanager
    def one(self, until: float) -> Iterator[None]:
        """One call, as soon as it may be made. `until` is a time of the clock; raises NoTurn when that is too early."""
        with self._changed:
            self._wait_for_turn(until)
            self._under_way += 1
            self.made += 1
            self.most = max(self.most, self._under_way)
        try:
            yield
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify_all()

    def answered(self) -> None:
        """A call was answered, whatever the answer says."""
        with self._changed:
            self._failed = 0
            self._changed.notify_all()

    def failed(self) -> None:
        """A call was not answered."""
        with self._changed:
            self._failed += 1

    def leave_alone(self, seconds: float) -> None:
        """Nobody asks for so long: the system wants it so."""
        with self._changed:
            self._silent_until = max(self._silent_until, self._clock() + seconds)

    def silence(self) -> float:
        """Seconds for which the system still wants to be left alone."""
        with self._changed:
            return max(0.0, self._silent_until - self._clock())

    def _wait_for_turn(self, until: float) -> None:
        while True:
            now = self._clock()
            limit = 1 if self._failed >= FALLS else self._limit
            if now >= self._silent_until and self._under_way < limit:
                return
            if now >= until or self._silent_until >= until:
                raise NoTurn
            waits = [until - now]
            if self._silent_until > now:
                waits.append(self._silent_until - now)
            self._changed.wait(min(waits))
