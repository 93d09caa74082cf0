"""The conformance suite of the port over a real Tryton."""

from collections.abc import Iterator

import pytest

from tests.integration.receivables_port.stories import LAST_DAY, every_kind
from tests.integration.receivables_port.suite import PortSuite
from tests.integration.tryton.filled import TrytonSystem
from tests.servers.environments import Unreachable


@pytest.fixture(scope="module")
def tryton() -> Iterator[TrytonSystem]:
    """Every Tryton of this module."""
    system = TrytonSystem()
    yield system
    system.close()


class TestTryton(PortSuite):
    @pytest.fixture
    def system(self, tryton: TrytonSystem) -> TrytonSystem:
        """A real ERP over its REST interface."""
        try:
            tryton.filled(every_kind(), LAST_DAY)
        except Unreachable as reason:
            pytest.skip(f"the packages of Tryton cannot be fetched from here: {reason}")
        return tryton
