"""The conformance suite over the adapters that need no server but PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from store.database import Database
from systems.receivables.postgres import foreign_ledger
from tests.integration.receivables_port.deliveries import Deliveries
from tests.integration.receivables_port.suite import PortSuite
from tests.integration.receivables_port.tables import Tables


class TestOurTables(PortSuite):
    @pytest.fixture
    def system(self, database: Database) -> Tables:
        """Our own database: a client there has the id that the book has."""
        return Tables(database, ids="our-")


class TestForeignTables(PortSuite):
    @pytest.fixture
    def system(self, database: Database) -> Iterator[Tables]:
        """A database of another company, with ids of its own."""
        foreign = foreign_ledger(database.url)
        yield Tables(foreign, ids="their-", system="receivables")
        foreign.close()


class TestDropFolder(PortSuite):
    @pytest.fixture
    def system(self, tmp_path: Path) -> Deliveries:
        """A folder of CSV files."""
        return Deliveries(tmp_path)


class TestDropFolderInGb18030(PortSuite):
    @pytest.fixture
    def system(self, tmp_path: Path) -> Deliveries:
        """The same as a Chinese Windows writes it."""
        return Deliveries(tmp_path, "gb18030")
