"""Chat services that refuse the way the real ones do."""

from collections.abc import Iterator

import pytest

from tests.integration.chat.bots import Bots, serving


@pytest.fixture
def bots() -> Iterator[Bots]:
    """All services, on this machine."""
    with serving() as services:
        yield services
