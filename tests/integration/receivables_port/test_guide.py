"""The template of the guide for adapter authors works: it passes the suite that every adapter must pass."""

from collections.abc import Iterator

import pytest

from tests.integration.receivables_port.example_erp import ExampleSystem
from tests.integration.receivables_port.suite import PortSuite


class TestTemplateOfTheGuide(PortSuite):
    @pytest.fixture
    def system(self) -> Iterator[ExampleSystem]:
        """The imaginary ERP, over HTTP."""
        system = ExampleSystem()
        yield system
        system.close()
