"""The sample company: the same seed makes the same company, and whoever was planted is what they were planted for."""

import csv
from collections import defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from embedded.sample.fill import Sample, write_sample

TODAY = date(2026, 11, 24)


@pytest.fixture
def company(tmp_path: Path) -> tuple[Path, Sample]:
    return tmp_path, write_sample(tmp_path, employees=40, seed=7, today=TODAY)


def rows(folder: Path, table: str) -> list[dict[str, str]]:
    with (folder / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def overdue_share(folder: Path) -> dict[str, Decimal]:
    """Overdue part of what the clients of each owner owe."""
    owner = {row["client_id"]: row["owner_id"] for row in rows(folder, "clients")}
    paid: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows(folder, "payments"):
        paid[row["invoice_id"]] += Decimal(row["amount"])
    total: dict[str, Decimal] = defaultdict(Decimal)
    late: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows(folder, "invoices"):
        left = Decimal(row["amount"]) - paid[row["invoice_id"]]
        total[owner[row["client_id"]]] += left
        if date.fromisoformat(row["due_on"]) < TODAY:
            late[owner[row["client_id"]]] += left
    return {person: late[person] / total[person] for person in total if total[person]}


def test_the_same_seed_makes_the_same_company(
    company: tuple[Path, Sample], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder, made = company
    again = tmp_path_factory.mktemp("again")
    assert write_sample(again, employees=40, seed=7, today=TODAY) == made
    assert all((again / file.name).read_bytes() == file.read_bytes() for file in folder.iterdir())
    other = tmp_path_factory.mktemp("other")
    write_sample(other, employees=40, seed=8, today=TODAY)
    assert (other / "clients.csv").read_bytes() != (folder / "clients.csv").read_bytes()


def test_it_is_a_company_of_three_regions_with_a_year_of_business(company: tuple[Path, Sample]) -> None:
    folder, made = company
    people = rows(folder, "employees")
    assert len(people) == 40
    assert {row["region"] for row in people} == {"East China", "EMEA", "Americas"}
    assert {row["currency"] for row in rows(folder, "invoices")} == {"CNY", "EUR", "USD"}
    assert 350 <= made.counts["clients"] <= 450
    issued = [date.fromisoformat(row["issued_on"]) for row in rows(folder, "invoices")]
    assert (max(issued) - min(issued)).days > 330
    assert 0.8 < made.counts["payments"] / made.counts["invoices"] < 0.95
    roles = {row["role"] for row in people}
    assert {"salesperson", "sales_manager", "hrbp", "finance_reviewer", "it_admin", "legal_counsel"} <= roles


def test_the_problem_leaver_is_a_problem(company: tuple[Path, Sample]) -> None:
    folder, made = company
    leaver = made.planted[0].employee
    shares = overdue_share(folder)
    others = [share for person, share in shares.items() if person != leaver]
    assert shares[leaver] > sorted(others)[len(others) // 2]
    book = [row["client_id"] for row in rows(folder, "clients") if row["owner_id"] == leaver]
    known = [row["client_id"] for row in rows(folder, "contacts")]
    lonely = sum(known.count(client) == 1 for client in book)
    assert len(book) == 26
    assert lonely >= len(book) // 4


def test_the_planted_colleagues_cannot_inherit(company: tuple[Path, Sample]) -> None:
    folder, made = company
    people = {row["employee_id"]: row for row in rows(folder, "employees")}
    _, full, leaving = (person.employee for person in made.planted)
    owned = sum(row["owner_id"] == full for row in rows(folder, "clients"))
    assert int(people[full]["capacity"]) == owned
    assert people[leaving]["status"] == "leaving"
