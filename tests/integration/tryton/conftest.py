"""A real ERP whose books have one of each thing that happens to an invoice."""

from collections.abc import Iterator

import pytest

from tests.integration.tryton.every_kind import everything
from tests.servers.environments import Unreachable
from tests.servers.tryton import Tryton


@pytest.fixture(scope="module")
def erp() -> Iterator[Tryton]:
    """Tryton with the books of `everything`, for the tests of one module."""
    try:
        with Tryton(everything().document()) as server:
            yield server
    except Unreachable as reason:
        pytest.skip(f"the packages of Tryton cannot be fetched from here: {reason}")
