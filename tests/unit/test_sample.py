"""The sample company: the same seed makes the same company, and whoever was planted is what they were planted for."""

import csv
from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
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


def planted(made: Sample, role: str) -> str:
    """The id of the person who was planted as that."""
    return next(person.employee for person in made.planted if person.what.startswith(f"{role}:"))


def exported(folder: Path, person: str) -> dict[date, int]:
    """Records that a person exported, by day (UTC, which for these hours is the local one)."""
    found: dict[date, int] = defaultdict(int)
    for row in rows(folder, "activity_events"):
        if row["employee_id"] == person and row["kind"] == "export":
            found[datetime.fromisoformat(row["occurred_at"]).date()] += int(row["records"])
    return found


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
    assert sum(row["status"] != "left" for row in people) == 40
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


def test_the_leaver_has_one_of_everything_that_can_happen_to_a_debt(company: tuple[Path, Sample]) -> None:
    folder, made = company
    leaver = made.planted[0].employee
    book = {row["client_id"] for row in rows(folder, "clients") if row["owner_id"] == leaver}
    invoices = {row["invoice_id"]: row for row in rows(folder, "invoices") if row["client_id"] in book}
    notes = [row for row in invoices.values() if row["credits_id"]]
    assert notes
    assert all(Decimal(row["amount"]) < 0 and invoices[row["credits_id"]]["client_id"] in book for row in notes)
    assert any(row["disputed_amount"] for row in invoices.values())
    assert {row["currency"] for row in invoices.values()} == {"CNY", "USD"}
    parts: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows(folder, "instalments"):
        parts[row["invoice_id"]] += Decimal(row["amount"])
    assert any(invoice in invoices for invoice in parts)
    assert all(parts[key] == Decimal(row["amount"]) for key, row in invoices.items() if key in parts)
    assert {row["client_id"] for row in rows(folder, "payments") if not row["invoice_id"]} & book
    assert {row["client_id"] for row in rows(folder, "client_shares")} & book
    assert [row["client_id"] in book for row in rows(folder, "debtor_assessments")] == [True]
    earned = [row for row in rows(folder, "commissions") if row["employee_id"] == leaver]
    assert any(row["paid_on"] for row in earned)
    assert [row["employee_id"] for row in rows(folder, "agreements")] == [leaver]
    newest = {(row["currency"], row["quoted_in"]): row["on_day"] for row in rows(folder, "exchange_rates")}
    assert all((TODAY - date.fromisoformat(day)).days <= 31 for day in newest.values())
    assert set(newest) >= {("USD", "CNY"), ("EUR", "CNY")}


def test_few_debts_are_unusual(company: tuple[Path, Sample]) -> None:
    _, made = company
    unusual = ("instalments", "client_shares", "exchange_rates", "debtor_assessments", "agreements")
    assert all(0 < made.counts[table] < made.counts["invoices"] // 20 for table in unusual)
    assert made.counts["commissions"] < made.counts["invoices"] // 5


def test_the_planted_colleagues_cannot_inherit(company: tuple[Path, Sample]) -> None:
    folder, made = company
    people = {row["employee_id"]: row for row in rows(folder, "employees")}
    full, leaving = planted(made, "full_peer"), planted(made, "leaving_peer")
    owned = sum(row["owner_id"] == full for row in rows(folder, "clients"))
    assert int(people[full]["capacity"]) == owned
    assert people[leaving]["status"] == "leaving"


def test_everybody_sells_in_a_weekly_rhythm_and_nothing_is_dated_today(company: tuple[Path, Sample]) -> None:
    folder, _ = company
    events = rows(folder, "activity_events")
    moments = [datetime.fromisoformat(row["occurred_at"]) for row in events]
    sellers = {
        row["employee_id"]
        for row in rows(folder, "employees")
        if row["role"] == "salesperson" and row["status"] != "left"
    }
    assert {row["employee_id"] for row in events} == sellers
    assert max(moments) < datetime.combine(TODAY, time(5), UTC)  # midnight of yesterday in New York
    assert (TODAY - min(moments).date()).days > 110
    # China works on some Saturdays; all others rest.
    assert sum(moment.weekday() >= 5 for moment in moments) < len(moments) // 50
    busy: dict[date, int] = defaultdict(int)
    for row, moment in zip(events, moments, strict=True):
        busy[moment.date()] += row["kind"] in {"export", "bulk_view", "mail_out"} and moment.weekday() < 5
    usual = sum(busy.values()) / sum(day.weekday() < 5 for day in busy)
    assert all(busy[date(2026, 9, day)] > 1.15 * usual for day in (28, 29, 30))


def test_the_exporter_goes_from_a_little_to_the_whole_list_and_mails_it_home(company: tuple[Path, Sample]) -> None:
    folder, made = company
    exporter = planted(made, "exporter")
    days = exported(folder, exporter)
    three_weeks = TODAY - timedelta(days=21)
    assert max(records for day, records in days.items() if day < three_weeks) <= 64
    recent = [records for day, records in sorted(days.items()) if day >= three_weeks]
    assert all(35 <= records <= 60 for records in recent[:-4])
    assert recent[-4:] == [650, 900, 1600, 2600]
    taken = [row for row in rows(folder, "activity_events") if row["item"] == "all-clients.xlsx"]
    steps = [
        row
        for row in taken
        if row["occurred_at"][:10] == max(d["occurred_at"] for d in taken if d["kind"] == "delete")[:10]
    ]
    assert [row["kind"] for row in steps] == ["export", "archive", "mail_out", "delete"]
    assert [row["occurred_at"] for row in steps] == sorted(row["occurred_at"] for row in steps)
    assert {row["destination"] for row in steps if row["kind"] == "mail_out"} == {"gmail.com"}


def test_the_heavy_user_exports_much_every_day_and_never_more_than_always(company: tuple[Path, Sample]) -> None:
    folder, made = company
    days = exported(folder, planted(made, "heavy_user"))
    assert len(days) > 75
    assert set(days.values()) == {380, 390, 400, 410, 420}
    assert {
        row["department"] for row in rows(folder, "employees") if row["employee_id"] == planted(made, "heavy_user")
    } == {"Sales Operations"}


def test_the_leaver_to_be_exports_nothing_and_two_colleagues_left(company: tuple[Path, Sample]) -> None:
    folder, made = company
    leaver = planted(made, "leaver_to_be")
    assert exported(folder, leaver) == {}
    people = {row["employee_id"]: row for row in rows(folder, "employees")}
    gone = [row for row in people.values() if row["status"] == "left"]
    assert {row["manager_id"] for row in gone} == {people[leaver]["manager_id"]}
    assert all(0 < (TODAY - date.fromisoformat(row["left_on"])).days < 180 for row in gone)
    assert len(gone) == 2


def test_the_new_joiner_did_nothing_before_the_first_day(company: tuple[Path, Sample]) -> None:
    folder, made = company
    joiner = planted(made, "new_joiner")
    first = next(row["hired_on"] for row in rows(folder, "employees") if row["employee_id"] == joiner)
    assert first == (TODAY - timedelta(days=11)).isoformat()
    for table, person, day in (
        ("activity_events", "employee_id", "occurred_at"), ("interactions", "employee_id", "occurred_at"),
        ("orders", "employee_id", "ordered_on"), ("invoices", "salesperson_id", "issued_on"),
        ("expense_claims", "employee_id", "spent_on"),
    ):  # fmt: skip
        assert all(row[day] >= first for row in rows(folder, table) if row[person] == joiner)
    assert len([row for row in rows(folder, "activity_events") if row["employee_id"] == joiner]) > 15


def test_one_person_has_odd_claims_and_the_others_have_none(company: tuple[Path, Sample]) -> None:
    folder, made = company
    odd = planted(made, "odd_claims")
    limits = {"CNY": 1000, "USD": 150, "EUR": 150}
    same: dict[tuple[str, ...], int] = defaultdict(int)
    parts: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    close: dict[str, int] = defaultdict(int)
    for row in rows(folder, "expense_claims"):
        amount, limit = Decimal(row["amount"]), limits[row["currency"]]
        same[row["employee_id"], row["spent_on"], row["merchant"], row["amount"]] += 1
        parts[row["employee_id"], row["spent_on"], row["merchant"]] += amount
        close[row["employee_id"]] += Decimal("0.85") <= amount / limit <= 1
        assert date.fromisoformat(row["spent_on"]).weekday() < 5
    assert {key[0] for key, times in same.items() if times > 1} == {odd}
    assert {key[0] for key, total in parts.items() if total > limits["EUR"] and close[key[0]]} == {odd}
    assert {person for person, times in close.items() if times} == {odd}
    assert close[odd] == 4


def test_a_huge_company_has_a_thin_log(tmp_path: Path) -> None:
    made = write_sample(tmp_path, employees=3000, seed=7, today=TODAY)
    assert made.counts["activity_events"] < 3000 * 5
    assert made.counts["expense_claims"] < 1500
    assert "instalments" not in made.counts
    assert exported(tmp_path, planted(made, "exporter"))[TODAY - timedelta(days=1)] == 2600
