"""Telling other programs what a case does: signed, once for each endpoint, retried for more than a day.

An endpoint has an event when it answers 2xx. 410 ends the subscription until the approval page is started again. All
else is tried again, and given up after the last pause; `offboard doctor` says so. Redirects are not followed.
"""

import asyncio
import logging
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx

from services.exchange import Endpoint, Exchange
from store import events
from store.database import Database
from store.events import Delivery

log = logging.getLogger("offboard.events")

TIMEOUT_SECONDS = 10.0
AT_ONCE = 10  # deliveries to one endpoint
MOST_WAIT = timedelta(hours=10)  # that an endpoint can ask for
# The example of the specification, as far as a receiver that is down over a night and a day needs it.
PAUSES = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
)
JITTER = 0.2
SECONDS = re.compile(r"[0-9]{1,6}")


@dataclass(frozen=True)
class Answer:
    """What an endpoint said: its status, None when there was no answer; what went wrong; how long it asks to wait."""

    status: int | None
    error: str = ""
    wait: timedelta = timedelta(0)

    @property
    def delivered(self) -> bool:
        """True for 2xx."""
        return self.status is not None and httpx.codes.is_success(self.status)


class EventPost:
    """Delivers stored events to the endpoints of an exchange. Several may run at once, on any machine."""

    def __init__(self, database: Database, exchange: Exchange, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._exchange = exchange
        self._clock = clock
        self._subscribed = False

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """Who hears our events."""
        return self._exchange.endpoints

    def spread(self) -> int:
        """Make deliveries of new events; returns how many events there were. Raises Unavailable.

        The first time it subscribes the endpoints: they hear what happens from now on, not what was told before.
        """
        ids = [endpoint.id for endpoint in self._exchange.endpoints]
        with self._database.begin() as connection:
            if not self._subscribed:
                events.subscribe(connection, ids)
            done = events.spread(connection, ids, at=self._clock())
        self._subscribed = True
        return done

    async def deliver(self, endpoint: Endpoint) -> int:
        """Send what waits for one endpoint, a handful at most; returns how many it took. Raises Unavailable."""
        due = await asyncio.to_thread(self._claim, endpoint)
        if not due:
            return 0
        # A receiver on this machine is not reached through the proxy that leads out of it.
        async with httpx.AsyncClient(
            timeout=TIMEOUT_SECONDS, follow_redirects=False, trust_env=not endpoint.own_machine
        ) as client:
            done = await asyncio.gather(*(self._send(client, endpoint, delivery) for delivery in due))
        return sum(done)

    def _claim(self, endpoint: Endpoint) -> list[Delivery]:
        with self._database.begin() as connection:
            return events.claim(connection, endpoint.id, AT_ONCE, at=self._clock())

    async def _send(self, client: httpx.AsyncClient, endpoint: Endpoint, delivery: Delivery) -> bool:
        answer = await self._ask(client, endpoint, delivery)
        await asyncio.to_thread(self._settle, endpoint, delivery, answer)
        return answer.delivered

    async def _ask(self, client: httpx.AsyncClient, endpoint: Endpoint, delivery: Delivery) -> Answer:
        headers = self._exchange.outgoing.sign(delivery.event_id, self._clock(), delivery.body)
        headers |= {"content-type": "application/json", "user-agent": "offboard"}
        try:
            # `stream`: nobody reads the body of the answer, however long it is. The timeout is for the whole of it.
            async with (
                asyncio.timeout(TIMEOUT_SECONDS),
                client.stream("POST", endpoint.url, content=delivery.body, headers=headers) as response,
            ):
                return Answer(response.status_code, f"status {response.status_code}", _wait(response))
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError) as failure:
            return Answer(None, type(failure).__name__)

    def _settle(self, endpoint: Endpoint, delivery: Delivery, answer: Answer) -> None:
        at = self._clock()
        with self._database.begin() as connection:
            if answer.delivered:
                events.mark_delivered(connection, delivery, at=at)
            elif answer.status == httpx.codes.GONE:
                events.mark_gone(connection, delivery, at=at)
                log.warning("%s no longer wants our events", endpoint.origin)
            else:
                retry_at = next_try(delivery.attempts, answer.wait, at)
                events.mark_failed(connection, delivery, answer.error, retry_at, at)
                told = log.warning if retry_at else log.error
                told("%s did not take event %s: %s", endpoint.origin, delivery.event_id, answer.error)


def next_try(attempts: int, wait: timedelta, at: datetime) -> datetime | None:
    """When an event is sent again after so many attempts; None: never. `wait` is what the endpoint asked for."""
    if attempts > len(PAUSES):
        return None
    pause = PAUSES[attempts - 1]
    return at + max(pause + pause * JITTER * random.random(), wait)  # noqa: S311  (spreads load, keeps no secret)


def _wait(response: httpx.Response) -> timedelta:
    asked = response.headers.get("retry-after", "")
    # A date is allowed there, too; our own pauses do as well for it.
    return min(timedelta(seconds=int(asked)), MOST_WAIT) if SECONDS.fullmatch(asked) else timedelta(0)
