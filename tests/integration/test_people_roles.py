"""Who acts in a role: by the main role or by a further one, active people only."""

from sqlalchemy import update

from models.people import Role
from store import people
from store.database import Database
from store.tables import employees
from tests.company import Company


def test_a_further_role_counts_like_the_main_one(database: Database) -> None:
    Company.build(database, clients=0)
    with database.begin() as connection:
        connection.execute(update(employees).where(employees.c.id == "P1").values(extra_roles=["sales_manager"]))
        connection.execute(update(employees).where(employees.c.id == "M1").values(status="left"))
        found = people.with_role(connection, Role.SALES_MANAGER)
    assert [person.id for person in found] == ["D1", "P1"]
