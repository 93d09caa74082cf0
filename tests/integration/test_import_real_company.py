"""The public company comes in through its mapping, and its figures equal those of a second, independent computation."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import text

from store import people
from store.database import Database
from systems.intake.load import import_folder
from systems.intake.report import TableCounts

MAPPING = Path(__file__).parents[2] / "docs" / "examples" / "maven_crm.toml"
AS_OF = date(2017, 6, 30)

FIGURES = text("""
    WITH item AS (
        SELECT c.owner_id, i.due_on, i.disputed,
               i.amount - coalesce((SELECT sum(p.amount) FROM payments p
                                    WHERE p.invoice_id = i.id AND p.paid_on <= :as_of), 0) AS outstanding
        FROM invoices i JOIN clients c ON c.id = i.client_id WHERE i.issued_on <= :as_of
    )
    SELECT e.name,
           (SELECT count(*) FROM clients c WHERE c.owner_id = e.id) AS clients,
           count(i.*) AS open_invoices,
           coalesce(sum(i.outstanding), 0) AS total,
           coalesce(sum(i.outstanding) FILTER (WHERE i.due_on < :as_of), 0) AS overdue,
           coalesce(sum(i.outstanding) FILTER (WHERE i.due_on < :as_of AND i.due_on >= :as_of - 30), 0) AS to_30_days,
           count(i.*) FILTER (WHERE i.disputed) AS disputed,
           (SELECT count(*) FROM opportunities o WHERE o.owner_id = e.id AND o.status = 'open') AS open,
           (SELECT count(*) FROM opportunities o WHERE o.owner_id = e.id AND o.status = 'won') AS won,
           (SELECT count(*) FROM opportunities o WHERE o.owner_id = e.id AND o.status = 'lost') AS lost,
           (SELECT coalesce(sum(amount), 0) FROM opportunities o WHERE o.owner_id = e.id AND o.status = 'won')
               AS won_value
    FROM employees e LEFT JOIN item i ON i.owner_id = e.id AND i.outstanding <> 0
    WHERE e.role = 'salesperson' GROUP BY e.id, e.name
""")


@pytest.fixture
def company(public_data: Path) -> Path:
    folder = public_data / "real_company"
    if not folder.is_dir():
        pytest.skip(f"the public company is not at {folder}")
    return folder


def imported_figures(database: Database) -> dict[str, dict[str, Any]]:
    with database.begin() as connection:
        rows = connection.execute(FIGURES, {"as_of": AS_OF}).mappings()
        return {row["name"]: {key: value for key, value in row.items() if key != "name"} for row in rows}


def figures_of_the_files(company: Path) -> dict[str, dict[str, Any]]:
    """The same from the raw files with pandas: no code of ours."""
    read = {path.stem: pd.read_csv(path, dtype=str) for path in company.glob("*.csv")}
    ledger = read["invoices"].merge(read["accounts"][["account", "sales_agent"]], on="account", how="left")
    ledger = ledger[~ledger.invoice_number.isin(read["payments"].invoice_number)].copy()
    ledger["amount"] = ledger.amount.map(Decimal)
    late = ledger[ledger.due_date < AS_OF.isoformat()]
    a_month = late[(pd.Timestamp(AS_OF) - pd.to_datetime(late.due_date)).dt.days <= 30]
    deals = read["sales_pipeline"]
    stages = {
        name: deals[deals.deal_stage.isin(stage)]
        for name, stage in {"open": ["Prospecting", "Engaging"], "won": ["Won"], "lost": ["Lost"]}.items()
    }
    figures = {}
    for agent in read["sales_teams"].sales_agent:
        mine = ledger[ledger.sales_agent == agent]
        won = stages["won"][stages["won"].sales_agent == agent]
        figures[agent] = {
            "clients": int((read["accounts"].sales_agent == agent).sum()),
            "open_invoices": len(mine),
            "total": sum(mine.amount, Decimal(0)),
            "overdue": sum(late[late.sales_agent == agent].amount, Decimal(0)),
            "to_30_days": sum(a_month[a_month.sales_agent == agent].amount, Decimal(0)),
            "disputed": int((mine.disputed == "Yes").sum()),
            "won_value": sum(won.close_value.map(Decimal), Decimal(0)),
            **{name: int((some.sales_agent == agent).sum()) for name, some in stages.items()},
        }
    return figures


def test_every_owner_has_the_figures_of_the_files(database: Database, company: Path) -> None:
    report = import_folder(database, company, MAPPING)
    assert {name: counts.read for name, counts in report.tables.items()} == {
        "employees": 41,
        "clients": 85,
        "opportunities": 4865,
        "invoices": 1644,
        "payments": 1568,
    }
    imported, expected = imported_figures(database), figures_of_the_files(company)
    assert imported == expected
    assert sum(1 for figures in imported.values() if figures["clients"]) == 17


def test_the_largest_owner_has_the_published_figures(database: Database, company: Path) -> None:
    import_folder(database, company, MAPPING)
    assert imported_figures(database)["Darcel Schlecht"] == {
        "clients": 24,
        "open_invoices": 28,
        "total": Decimal("1708.77"),
        "overdue": Decimal("185.52"),
        "to_30_days": Decimal("185.52"),
        "disputed": 12,
        "open": 196,
        "won": 140,
        "lost": 73,
        "won_value": Decimal("422330"),
    }


def test_roles_managers_and_regions_are_as_the_mapping_says(database: Database, company: Path) -> None:
    import_folder(database, company, MAPPING)
    with database.begin() as connection:
        agent = people.find(connection, "Darcel Schlecht")
        manager = people.get(connection, str(agent.manager_id))
        approver = people.find(connection, "Dustin Brinkmann")
        regions = connection.execute(
            text("SELECT count(*) FROM clients c JOIN employees e ON e.id = c.owner_id WHERE c.region <> e.region")
        ).scalar_one()
        segments = set(connection.scalars(text("SELECT DISTINCT segment FROM clients")))
        unowned = connection.execute(text("SELECT count(*) FROM opportunities WHERE client_id IS NULL")).scalar_one()
    assert (agent.role, agent.region, manager.name, manager.role) == (
        "salesperson",
        "Central",
        "Melvin Marxen",
        "sales_manager",
    )
    assert set(approver.extra_roles) == {"finance_reviewer", "it_admin"}
    assert regions == 0
    assert "technology" in segments
    assert "technolgy" not in segments
    assert unowned == 821


def test_the_second_import_changes_nothing_and_keeps_every_id(database: Database, company: Path) -> None:
    import_folder(database, company, MAPPING)
    with database.begin() as connection:
        before = connection.execute(text("SELECT id, source_key FROM employees ORDER BY id")).all()
    again = import_folder(database, company, MAPPING)
    assert again.tables["invoices"] == TableCounts(read=1644, unchanged=1644)
    assert all(counts.new == counts.changed == 0 for counts in again.tables.values())
    with database.begin() as connection:
        assert connection.execute(text("SELECT id, source_key FROM employees ORDER BY id")).all() == before
        assert connection.execute(text("SELECT count(*) FROM client_ownership")).scalar_one() == 85
