"""One approver whom many cases ask."""

import pytest

from store.database import Database
from tests.integration.mails.crowd import Crowd


@pytest.fixture
def crowd(database: Database) -> Crowd:
    """Li Na's case, a post with a clock of its own, and a chat."""
    return Crowd(database)
