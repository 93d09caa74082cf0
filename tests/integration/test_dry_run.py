"""A dry run says who would be asked, who could succeed and which rights would go, and writes nothing."""

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select
from typer.testing import CliRunner

from models.case import SeparationKind
from services.branches import CasePreview, preview
from services.cases import StartOrder
from settings import Settings
from starter_cli import app
from store.database import Database
from store.tables import employees, metadata
from tests.company import Company

FAR = date.today() + timedelta(days=60)  # noqa: DTZ011  (a preview looks at today's clock)


@pytest.fixture
def company(database: Database) -> Database:
    Company.build(database, clients=6, peers=3)
    return database


def looked_at(company: Database, **changes: object) -> CasePreview:
    fields = {"employee": "E1", "kind": SeparationKind.RESIGNATION, "last_working_day": FAR, **changes}
    return preview(company, Settings(), StartOrder.model_validate(fields))


def rows(database: Database) -> dict[str, int]:
    with database.begin() as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
        }


def principals(preview: CasePreview) -> dict[str, tuple[str, ...]]:
    return {gate: tuple(seat.principal for seat in seats) for gate, seats in preview.approvers.items()}


def test_it_names_who_would_be_asked_at_every_gate(company: Database) -> None:
    asked = principals(looked_at(company))
    assert asked == {"sales_manager": ("M1",), "finance": ("F1",), "hr": ("H1",), "it": ("I1",), "legal": ("L1",)}


def test_who_starts_the_case_is_not_asked(company: Database) -> None:
    assert principals(looked_at(company, requested_by="H1"))["hr"] == ("H2",)


def test_one_person_is_asked_twice_only_where_nobody_else_can_be(company: Database) -> None:
    with company.begin() as connection:
        connection.execute(employees.update().where(employees.c.id == "H1").values(extra_roles=["finance_reviewer"]))
        connection.execute(employees.update().where(employees.c.id == "F1").values(status="left"))
    asked = principals(looked_at(company))
    assert (asked["finance"], asked["hr"]) == (("H1",), ("H2",))


def test_a_gate_that_nobody_can_be_asked_for_is_said_in_red(company: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with company.begin() as connection:
        offices = employees.c.role.in_(["it_admin", "hrbp", "legal_counsel"])
        connection.execute(employees.update().where(offices).values(status="left"))
    asked = principals(looked_at(company))
    assert [gate for gate, people in asked.items() if not people] == ["hr", "it", "legal"]
    monkeypatch.setenv("OFFBOARD_DATABASE_URL", company.url)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("OFFBOARD_LANGUAGE", "en")
    words = ("start", "E1", "--kind", "resignation", "--last-working-day", FAR.isoformat(), "--dry-run")
    said = CliRunner().invoke(app, words, color=True)
    assert said.exit_code == 0, said.output
    assert "\x1b[1;31mNobody can be asked for hr, it, legal" in said.output
    assert "\x1b[1;31mnobody" in said.output
    assert "Wang Wei (M1)" in said.output


def test_it_counts_successors_and_rights(company: Database) -> None:
    found = looked_at(company)
    assert sum(share.clients for share in found.successors) == found.clients - found.unassigned == 6
    assert sum(share.opportunities for share in found.successors) == found.opportunities == 6
    assert [share.clients for share in found.successors] == sorted(
        (share.clients for share in found.successors), reverse=True
    )
    assert found.rights_by_grade == dict.fromkeys(range(1, 6), 2)
    assert (found.rights_at_once, found.rights_at_cutoff) == (2, 8)


def test_it_writes_nothing(company: Database) -> None:
    before = rows(company)
    looked_at(company)
    assert rows(company) == before
    assert before["employees"] > 0
