"""Whether the programs that subscribed to our events take them."""

from datetime import UTC, datetime, timedelta

from connections import database_url
from embedded.finding import Finding, ill, well, what_happened
from models.errors import OffboardError
from models.reasons import because
from services.exchange import Endpoint, exchange_of
from settings import Settings
from store import events
from store.database import Database
from store.events import Backlog

NAME = "Subscribers of events"
# How far back events that were given up are worth a line.
GIVEN_UP_WITHIN = timedelta(days=7)
MEND_SETTING = because("Correct the setting or the file, then run `offboard down` and `offboard up`.")
MEND_ENDPOINT = because("See that the receiver runs and answers 2xx; what waits is sent again by itself.")
LOOK_UP = because("What was given up is lost to the receiver: look the cases up with `offboard list`.")
SUBSCRIBE = because("Take it out of OFFBOARD_EVENT_URLS, or start the approval page again to subscribe anew.")


def check_events(settings: Settings, now: datetime | None = None) -> list[Finding]:
    """One finding for each endpoint in trouble. Only for a database that is well."""
    try:
        exchange = exchange_of(settings)
    except OffboardError as wrong:
        return [ill(NAME, what_happened(wrong), MEND_SETTING)]
    if not exchange.endpoints:
        return []
    since = (now or datetime.now(UTC)) - GIVEN_UP_WITHIN
    database = Database(database_url(settings))
    try:
        with database.begin() as connection:
            backlog = events.backlog(connection, [endpoint.id for endpoint in exchange.endpoints], since)
    finally:
        database.close()
    by_id = {endpoint.id: endpoint for endpoint in exchange.endpoints}
    return [_trouble(by_id[each.endpoint_id], each) for each in backlog] or [well(NAME)]


def _trouble(endpoint: Endpoint, backlog: Backlog) -> Finding:
    if backlog.gone:
        problem = because("{endpoint} answered that it wants no more events.", endpoint=endpoint.origin)
        return ill(NAME, problem, SUBSCRIBE)
    if backlog.given_up:
        problem = because(
            "{endpoint} did not take {number} events for more than a day: they were given up.",
            endpoint=endpoint.origin,
            number=backlog.given_up,
        )
        return ill(NAME, problem, LOOK_UP)
    problem = because(
        "{endpoint} does not take {number} events; the oldest is of {time}.",
        endpoint=endpoint.origin,
        number=backlog.failing,
        time=backlog.oldest.isoformat(timespec="seconds") if backlog.oldest else "-",
    )
    return ill(NAME, problem, MEND_ENDPOINT)
