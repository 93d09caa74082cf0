"""One open case, before and after its branches answered."""

import pytest

from models.case import Branch
from models.inventory import Asset, Inventory
from store.database import Database
from tests.integration.assessment.stored_case import Case, book, locked, money, proposal


@pytest.fixture
def case(database: Database) -> Case:
    return Case(database)


@pytest.fixture
def assessed(case: Case) -> Case:
    """A case whose branches have all answered."""
    return (
        case.has(Branch.RECEIVABLES, money("300"))
        .has(Branch.CLIENTS, book())
        .has(Branch.SUCCESSORS, proposal())
        .has(Branch.ACCESS, locked())
        .has(Branch.INVENTORY, Inventory(assets=(Asset(id="A1", employee_id="E1", kind="laptop"),)))
    )
