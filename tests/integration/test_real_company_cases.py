"""Whole reports on a company that nobody here wrote, against figures counted straight from its files."""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from temporalio.testing import ActivityEnvironment

from activities.access import AccessActivities
from activities.assessment import AssessmentActivities
from activities.cases import CaseActivities
from activities.clients import ClientActivities
from activities.handover import HandoverActivities
from activities.inventory import InventoryActivities
from activities.receivables import ReceivableActivities
from models.access import Grade, LockRequest
from models.case import BranchRequest, CaseRequest, PlanRequest, SeparationKind
from models.report import CaseReport
from models.risk import MergeRequest
from store import people, reports
from store.database import Database
from systems.access.postgres import PostgresAccessDirectory
from systems.assets.postgres import PostgresAssetRegister
from systems.clients.postgres import PostgresClientBook
from systems.intake.load import import_folder
from systems.receivables.postgres import PostgresReceivables

MAPPING = Path(__file__).parent.parent.parent / "docs" / "examples" / "maven_crm.toml"
AS_OF = date(2017, 6, 30)
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


def rows(folder: Path, name: str) -> Iterator[dict[str, str]]:
    """The rows of one of its files, as they are."""
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def counted(folder: Path) -> dict[str, dict[str, Any]]:
    """By owner: clients, open items, total, overdue, disputed; and deals by who works on them. Plain counting."""
    owner = {row["account"]: row["sales_agent"] for row in rows(folder, "accounts")}
    paid: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows(folder, "payments"):
        paid[row["invoice_number"]] += Decimal(row["amount"])
    found: dict[str, dict[str, Any]] = {
        name: {"clients": number, "items": 0, "total": Decimal(), "overdue": Decimal(), "disputed": 0}
        for name, number in Counter(owner.values()).items()
    }
    for row in rows(folder, "invoices"):
        left = Decimal(row["amount"]) - paid[row["invoice_number"]]
        if left:
            mine = found[owner[row["account"]]]
            mine["items"] += 1
            mine["total"] += left
            mine["disputed"] += row["disputed"] == "Yes"
            if date.fromisoformat(row["due_date"]) < AS_OF:
                mine["overdue"] += left
    deals: dict[str, Counter[str]] = defaultdict(Counter)
    won: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows(folder, "sales_pipeline"):
        stage = "open" if row["deal_stage"] in ("Prospecting", "Engaging") else row["deal_stage"].lower()
        deals[row["sales_agent"]][stage] += 1
        if stage == "won":
            won[row["sales_agent"]] += Decimal(row["close_value"])
    for name, mine in found.items():
        mine["deals"], mine["won_value"] = deals[name], won[name]
    return found


def assess(database: Database, name: str) -> CaseReport:
    """One case up to its first report, by the real departments."""
    with database.begin() as connection:
        leaver = people.find(connection, name).id
    case = f"offboarding-{leaver}"
    request = CaseRequest(
        case_id=case, employee_id=leaver, kind=SeparationKind.RESIGNATION, last_working_day=date(2017, 7, 31),
        as_of=AS_OF, policy="ifrs",
    )  # fmt: skip
    CaseActivities(database).plan_case(PlanRequest(request=request, at=NOW))
    asked = BranchRequest(case_id=case, employee_id=leaver, as_of=AS_OF)
    book = PostgresClientBook(database)
    locked = AccessActivities(database, PostgresAccessDirectory(database)).lock_access(
        LockRequest(case_id=case, employee_id=leaver, grades=(Grade.EXPORT,))
    )
    run = ActivityEnvironment().run
    branches = {
        "access": locked.digest,
        "receivables": run(
            ReceivableActivities(database, PostgresReceivables(database)).audit_receivables, asked
        ).digest,
        "clients": run(ClientActivities(database, book).report_clients, asked).digest,
        "successors": run(HandoverActivities(database, book).propose_successors, asked).digest,
        "inventory": run(InventoryActivities(database, PostgresAssetRegister(database)).take_inventory, asked).digest,
    }
    AssessmentActivities(database).merge_report(
        MergeRequest(case_id=case, employee_id=leaver, merge_key="1", branches=branches, at=NOW)
    )
    with database.begin() as connection:
        return reports.load(connection, case)


@pytest.fixture
def real_company(database: Database, public_data: Path) -> tuple[Database, Path]:
    """The public company, imported with the mapping that ships as an example."""
    folder = public_data / "real_company"
    import_folder(database, folder, MAPPING)
    return database, folder


def test_every_owner_of_the_real_company_is_reported_right(real_company: tuple[Database, Path]) -> None:
    database, folder = real_company
    expected = counted(folder)
    assert len(expected) == 17
    for name, mine in expected.items():
        # One at a time: a person who is leaving inherits nothing, and with 17 leavers nobody would be left.
        report = assess(database, name)
        money, clients = report.receivables, report.clients
        assert clients is not None
        assert (clients.count, len(clients.transfers)) == (mine["clients"], mine["clients"]), name
        assert (clients.open_opportunities, clients.won, clients.lost) == tuple(
            mine["deals"][stage] for stage in ("open", "won", "lost")
        ), name
        assert clients.won_value == mine["won_value"], name
        assert len(clients.opportunity_transfers) == mine["deals"]["open"], name
        everything = (*clients.transfers, *clients.opportunity_transfers)
        assert all(transfer.successor for transfer in everything), name
        if mine["items"]:
            assert money is not None, name
            assert (money.open_items, money.total, money.overdue, money.disputed_items, money.reconciled) == (
                mine["items"], mine["total"], mine["overdue"], mine["disputed"], True,
            ), name  # fmt: skip
        with database.begin() as connection:
            connection.exec_driver_sql("UPDATE employees SET status = 'active'")


def test_darcel_schlecht_to_the_cent(real_company: tuple[Database, Path]) -> None:
    report = assess(real_company[0], "Darcel Schlecht").model_dump(mode="json")
    money, clients = report["receivables"], report["clients"]
    assert (clients["count"], money["open_items"], money["disputed_items"]) == (24, 28, 12)
    assert (money["currency"], money["total"], money["overdue"]) == ("USD", "1708.77", "185.52")
    assert {label: amount for label, amount in money["buckets"].items() if amount != "0"} == {
        "current": "1523.25",
        "1-30": "185.52",
    }
    assert (money["expected_credit_loss"], money["bad_debt_coefficient"]) == ("84.10786", "0.049221")
    assert (clients["open_opportunities"], clients["won"], clients["lost"], clients["won_value"]) == (
        196,
        140,
        73,
        "422330",
    )
