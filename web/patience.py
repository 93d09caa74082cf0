"""How long the hook waits for a connection: slow ones are cut, and they never keep a visitor out.

Uvicorn lets a connection take for ever over its request, and each one that waits counts towards the limit: a few
hundred of them would shut everybody out. Use it behind a proxy as well; the proxy's own limits come first then.
"""

import asyncio
import time

from uvicorn.protocols.http.h11_impl import H11Protocol

ARRIVAL_SECONDS = 10.0  # from the opening of a connection, or the end of its last answer, to a complete request
ANSWER_SECONDS = 60.0  # from there until the whole answer is taken; ours are made in well under ten
CONNECTIONS = 400  # at once; when there are more, the one that has been arriving longest gives way


class ImpatientProtocol(H11Protocol):
    """HTTP/1.1 with a deadline for every request and every answer, whatever trickles in meanwhile."""

    _deadline: asyncio.TimerHandle | None = None
    _answering = False
    since = 0.0

    @property
    def arriving(self) -> bool:
        """True while there is no complete request to answer."""
        return not self._answering

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock of this connection, and make room for it."""
        super().connection_made(transport)
        self._wait_at_most(ARRIVAL_SECONDS)
        if len(self.connections) > CONNECTIONS:
            self._make_room()

    def data_received(self, data: bytes) -> None:
        """Take what came. Only a complete request changes the deadline."""
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        """Wait for the next request, unless it is here already."""
        self._answering = False
        self._wait_at_most(ARRIVAL_SECONDS)
        super().on_response_complete()
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        if self._deadline is not None:
            self._deadline.cancel()
        super().connection_lost(exc)

    def cut(self) -> None:
        """End the connection at once: closing it in good order would wait for the one who does not read."""
        # Uvicorn counts what is in this set, and learns of the end of a connection a moment later.
        self.connections.discard(self)
        self.transport.abort()

    def _look(self) -> None:
        complete = self.cycle is not None and not self.cycle.more_body and not self.cycle.response_complete
        if complete and not self._answering:
            self._answering = True
            self._wait_at_most(ANSWER_SECONDS)

    def _wait_at_most(self, seconds: float) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self.since = time.monotonic()
        self._deadline = self.loop.call_later(seconds, self.cut)

    def _make_room(self) -> None:
        others = [each for each in self.connections if isinstance(each, ImpatientProtocol) and each is not self]
        arriving = [each for each in others if each.arriving]
        if arriving:
            min(arriving, key=lambda each: each.since).cut()
