"""A company with somebody who leaves."""

import pytest
from sqlalchemy import insert, update

from store.database import Database
from store.tables import employees


@pytest.fixture
def company(database: Database) -> Database:
    """E7 (Li Na) sells and leaves; E2 is her manager, E3 is HR, E8 sells too, E9 left last year."""
    row = {"country": "CN", "time_zone": "Asia/Shanghai", "region": "East", "department": "Sales"}
    staff = [
        {"id": "E2", "name": "Zhao Min", "role": "sales_manager", "manager_id": None},
        {"id": "E3", "name": "Sun Li", "role": "hrbp", "manager_id": None},
        {"id": "E7", "name": "Li Na", "role": "salesperson", "manager_id": "E2"},
        {"id": "E8", "name": "Wu Di", "role": "salesperson", "manager_id": "E2"},
        {"id": "E9", "name": "Old Hand", "role": "salesperson", "manager_id": "E2"},
    ]
    with database.begin() as connection:
        connection.execute(insert(employees), [row | {"source_key": one["id"]} | one for one in staff])
        connection.execute(update(employees).where(employees.c.id == "E9").values(status="left"))
    return database
