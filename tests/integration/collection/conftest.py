"""The small company with a case that was handed over."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from store.database import Database
from tests.collection_desk import CollectionDesk
from tests.company import Company

NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)  # in Shanghai


@pytest.fixture
def company(database: Database) -> Company:
    return Company.build(database, clients=2, peers=2)


@pytest.fixture
def desk(company: Company, tmp_path: Path) -> CollectionDesk:
    return CollectionDesk(company.database, tmp_path)
