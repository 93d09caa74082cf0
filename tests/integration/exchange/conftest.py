"""A departure, and a program that may decide about it."""

from collections.abc import AsyncIterator

import httpx
import pytest

from store.database import Database
from tests.browser.departure import PUBLIC_URL, Departure
from tests.integration.exchange.calling import Program, hook_of


@pytest.fixture
def departure(database: Database) -> Departure:
    """Two gates that wait."""
    return Departure(database).build()


@pytest.fixture
async def program(departure: Departure) -> AsyncIterator[Program]:
    """A program that calls a hook whose engine is down."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(hook_of(departure)), base_url=PUBLIC_URL) as http:
        yield Program(http, departure)
