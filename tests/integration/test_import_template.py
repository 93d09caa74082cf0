"""Folders in our template: everything or nothing, twice is once, and what a case did is left alone."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import text

from models.errors import ImportRefused
from models.people import EmployeeStatus, Role
from store import people
from store.database import Database
from store.tables import imports, metadata
from systems.intake.load import import_folder
from systems.intake.report import FilesRefused, TableCounts
from systems.intake.template import TEMPLATE

COMPANY = {
    "employees": """
        employee_id,name,email,manager_id,department,region,role,extra_roles,language,time_zone,hired_on,capacity
        M1,王芳,wang@example.com,,Sales,华东,sales_manager,hrbp;it_admin,zh-CN,Asia/Shanghai,2019-01-02,
        S1,Ada Byron,,M1,Sales,North,salesperson,,,,,40
        S2,=cmd(),,M1,Sales,North,salesperson,,,,,40
    """,
    "clients": """
        client_id,name,owner_id,segment,tier,annual_value,currency,renewal_on
        K1,"Acme, Inc.",S1,retail,1,1000.5,CNY,2027-01-01
        K2,Bolt,S1,,,,,
    """,
    "contacts": """
        contact_id,client_id,name,title,email,phone
        P1,K1,Li Lei,buyer,li@acme.example,+86 10 1234
    """,
    "opportunities": """
        opportunity_id,client_id,owner_id,name,stage,status,amount,currency,opened_on,closed_on
        O1,K1,S1,Renewal,Talks,open,10,CNY,2026-01-01,
        O2,,S2,New,Signed,won,20.5,USD,2026-01-01,2026-02-01
    """,
    "interactions": """
        interaction_id,client_id,employee_id,occurred_at,kind,subject
        T1,K1,S1,2026-05-01T09:00:00+08:00,call,
    """,
    "orders": """
        order_id,client_id,employee_id,ordered_on,amount,currency
        R1,K1,S1,2026-03-01,99.99,CNY
    """,
    "invoices": """
        invoice_id,client_id,salesperson_id,issued_on,due_on,amount,currency,disputed
        I1,K1,S1,2026-03-01,2026-03-31,99.99,CNY,no
        I2,K2,,2026-03-01,2026-03-01,-10,USD,yes
    """,
    "instalments": """
        instalment_id,invoice_id,due_on,amount
        Q1,I1,2026-03-15,50
        Q2,I1,2026-03-31,49.99
    """,
    "payments": """
        payment_id,invoice_id,paid_on,amount,currency
        Y1,I1,2026-03-15,50,CNY
    """,
    "client_shares": """
        share_id,client_id,employee_id,percent
        H1,K1,S2,33.5
    """,
    "exchange_rates": """
        rate_id,currency,quoted_in,on_day,rate
        U1,USD,CNY,2026-03-01,7.123456
    """,
    "debtor_assessments": """
        assessment_id,client_id,standing,loss_rate,assessed_on,ended_on,note
        B1,K2,bankrupt,0.8,2026-04-01,,court of Suzhou
    """,
    "commissions": """
        commission_id,employee_id,invoice_id,earned_on,paid_on,amount,currency
        M1,S1,I1,2026-03-01,,5,CNY
    """,
    "agreements": """
        agreement_id,employee_id,kind,signed_on,ended_on
        D1,S1,commission_clawback,2024-01-01,
    """,
    "entitlements": """
        entitlement_id,employee_id,system,right,grade
        G1,S1,crm,export all,export
    """,
    "assets": """
        asset_id,employee_id,kind,description,value,currency,returned_on
        A1,S1,laptop,,8000,CNY,
    """,
    "activity_events": """
        event_id,employee_id,occurred_at,kind,records,item,destination
        N1,S1,2026-05-01T09:00:00+08:00,export,12,clients.xlsx,
    """,
    "expense_claims": """
        claim_id,employee_id,spent_on,claimed_on,category,merchant,amount,currency
        X1,S1,2026-05-01,2026-05-04,meal,Old Mill,88.20,CNY
    """,
}

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write the company into a folder; keyword arguments replace a table's rows, None leaves it out."""

    def files(encoding: str = "utf-8", **tables: str | None) -> Path:
        for name, rows in {**COMPANY, **tables}.items():
            path = tmp_path / f"{name}.csv"
            path.unlink(missing_ok=True)
            if rows is not None:
                lines = [line.strip() for line in rows.strip().splitlines()]
                path.write_text("\n".join(lines) + "\n", encoding=encoding)
        return tmp_path

    return files


def changed(table: str, old: str, new: str) -> dict[str, str]:
    assert old in COMPANY[table]
    return {table: COMPANY[table].replace(old, new)}


def refusal(database: Database, folder: Path) -> list[str]:
    """What the import complains of, after making sure that it wrote nothing."""
    before = contents(database)
    with pytest.raises(FilesRefused) as refused:
        import_folder(database, folder)
    assert contents(database) == before
    assert refused.value.report.total_faults == len(refused.value.report.faults)
    return [str(fault) for fault in refused.value.report.faults]


def contents(database: Database) -> dict[str, list[tuple[object, ...]]]:
    with database.begin() as connection:
        tables = [metadata.tables[name] for name in (*TEMPLATE, "client_ownership", "imports")]
        return {
            table.name: [tuple(row) for row in connection.execute(table.select().order_by(table.c.id))]
            for table in tables
        }


def test_every_table_of_the_template_comes_in(database: Database, write: Write) -> None:
    report = import_folder(database, write())
    assert {name: counts.new for name, counts in report.tables.items()} == {
        "employees": 3, "clients": 2, "contacts": 1, "opportunities": 2, "interactions": 1,
        "orders": 1, "invoices": 2, "instalments": 2, "payments": 1, "client_shares": 1, "exchange_rates": 1,
        "debtor_assessments": 1, "commissions": 1, "agreements": 1, "entitlements": 1, "assets": 1,
        "activity_events": 1, "expense_claims": 1,
    }  # fmt: skip
    with database.begin() as connection:
        manager, seller = people.get(connection, "M1"), people.get(connection, "S1")
        odd = people.get(connection, "S2")
        invoice = connection.execute(text("SELECT * FROM invoices WHERE id = 'I2'")).one()
        touched = connection.execute(text("SELECT occurred_at FROM interactions")).scalar_one()
        owners = connection.execute(text("SELECT client_id, owner_id FROM client_ownership ORDER BY 1")).all()
    assert (manager.name, manager.region, manager.hired_on) == ("王芳", "华东", date(2019, 1, 2))
    assert manager.extra_roles == (Role.HRBP, Role.IT_ADMIN)
    assert (seller.language, seller.time_zone, seller.status) == ("en", "UTC", EmployeeStatus.ACTIVE)
    assert odd.name == "=cmd()"
    assert (invoice.amount, invoice.disputed, invoice.salesperson_id) == (Decimal("-10"), True, None)
    assert touched.isoformat() == "2026-05-01T01:00:00+00:00"
    assert owners == [("K1", "S1"), ("K2", "S1")]


def test_the_same_files_twice_change_nothing(database: Database, write: Write) -> None:
    folder = write()
    import_folder(database, folder)
    before = contents(database)
    again = import_folder(database, folder)
    assert all(counts.unchanged == counts.read > 0 for counts in again.tables.values())
    assert {**contents(database), "imports": []} == {**before, "imports": []}


def test_a_changed_row_is_changed_and_a_missing_one_stays(database: Database, write: Write) -> None:
    import_folder(database, write())
    without_second_client = changed("clients", "        K2,Bolt,S1,,,,,\n", "")
    clients = without_second_client["clients"].replace('"Acme, Inc.",S1', "Acme,S2")
    report = import_folder(database, write(clients=clients))
    assert report.tables["clients"] == TableCounts(read=1, changed=1)
    with database.begin() as connection:
        assert connection.execute(text("SELECT name FROM clients ORDER BY id")).scalars().all() == ["Acme", "Bolt"]
        history = connection.execute(
            text("SELECT owner_id, until IS NULL FROM client_ownership WHERE client_id = 'K1' ORDER BY id")
        ).all()
    assert history == [("S1", False), ("S2", True)]


def test_a_column_that_is_absent_keeps_what_we_hold_and_an_empty_cell_clears_it(
    database: Database, write: Write
) -> None:
    import_folder(database, write())
    import_folder(database, write(clients="client_id,name,segment\nK1,Acme,"))
    with database.begin() as connection:
        kept = connection.execute(
            text("SELECT owner_id, segment, tier, annual_value FROM clients WHERE id = 'K1'")
        ).one()
    assert kept == ("S1", "", 1, Decimal("1000.5"))


def test_a_dry_run_counts_and_writes_nothing(database: Database, write: Write) -> None:
    before = contents(database)
    report = import_folder(database, write(), dry_run=True)
    assert (report.dry_run, report.tables["invoices"]) == (True, TableCounts(read=2, new=2))
    assert contents(database) == before


def test_an_import_is_recorded_with_its_counts(database: Database, write: Write) -> None:
    folder = write()
    import_folder(database, folder)
    with database.begin() as connection:
        kept = connection.execute(imports.select()).one()
    assert (kept.source, kept.counts["payments"]["new"]) == (str(folder), 1)


@pytest.mark.parametrize(("said", "status"), [("", "leaving"), ("active", "leaving"), ("left", "left")])
def test_a_running_departure_survives_an_import(database: Database, write: Write, said: str, status: str) -> None:
    import_folder(database, write())
    with database.begin() as connection:
        connection.execute(text("UPDATE employees SET status = 'leaving' WHERE id = 'S1'"))
    report = import_folder(database, write(employees=f"employee_id,name,status\nS1,Ada Byron,{said}"))
    assert report.tables["employees"].changed == (status == "left")
    with database.begin() as connection:
        assert people.get(connection, "S1").status == status


def test_what_only_a_case_sets_is_left_alone(database: Database, write: Write) -> None:
    import_folder(database, write())
    with database.begin() as connection:
        connection.execute(text("UPDATE clients SET interim_owner_id = 'M1' WHERE id = 'K1'"))
        connection.execute(text("UPDATE invoices SET collector_id = 'S2' WHERE id = 'I1'"))
        connection.execute(text("UPDATE entitlements SET state = 'suspended'"))
    import_folder(database, write(clients=COMPANY["clients"].replace("retail", "trade")))
    with database.begin() as connection:
        kept = connection.execute(
            text(
                "SELECT c.interim_owner_id, i.collector_id, g.state "
                "FROM clients c, invoices i, entitlements g WHERE c.id = 'K1' AND i.id = 'I1'"
            )
        ).one()
    assert kept == ("M1", "S2", "suspended")


@pytest.mark.parametrize(
    ("encoding", "label"), [("utf-8", "UTF-8"), ("utf-8-sig", "UTF-8"), ("gbk", "GB18030"), ("gb18030", "GB18030")]
)
def test_chinese_names_survive_every_encoding(database: Database, write: Write, encoding: str, label: str) -> None:
    report = import_folder(database, write(encoding=encoding))
    assert report.encodings["employees.csv"] == label
    with database.begin() as connection:
        assert people.find(connection, "王芳").id == "M1"


def test_progress_tells_table_and_rows(database: Database, write: Write) -> None:
    heard: list[tuple[str, int]] = []
    import_folder(database, write(), progress=lambda table, rows: heard.append((table, rows)))
    assert ("employees", 3) in heard
    assert [table for table, _ in heard] == list(TEMPLATE)


@pytest.mark.parametrize(
    ("table", "old", "new", "complaint"),
    [
        ("opportunities", "O2,,", "O1,,", "opportunities.csv:3:opportunity_id: was given before in this import (found"),
        ("employees", "wang@example.com,,", "wang@example.com,M1,", "employees.csv:2:manager_id: makes a circle"),
        ("employees", "S1,Ada Byron,,M1", "S1,Ada Byron,,M9", "employees.csv:3:manager_id: is not in employees"),
        ("employees", "time_zone", "timezone", "employees.csv:1:timezone: is no column of the template; did you"),
        ("employees", "employee_id,name", "name,employee_id,name", "employees.csv:1:name: is the name of two columns"),
        ("clients", "client_id,", "client,", "clients.csv:1:client_id: is not in the first line of the file; client"),
        ("clients", "1000.5,CNY", "1000.5,", "clients.csv:2:currency: is empty although annual_value is given"),
        ("clients", "K2,Bolt,S1,,,,,", "K2,Bolt,S1", "clients.csv:3: has 3 fields where the header has 8"),
        ("clients", "K2,Bolt", "K2,", "clients.csv:3:name: is empty and must not be"),
        ("clients", '"Acme, Inc."', '"Acme" Inc.', "clients.csv:2: has quotes that do not match"),
        ("opportunities", "2026-01-01,2026-02-01", "2026-03-01,2026-02-01", "opportunities.csv:3:closed_on: is before"),
        ("opportunities", "open,10", "maybe,10", "opportunities.csv:2:status: is not one of open, won, lost"),
        ("invoices", "I1,K1", "I1,K7", "invoices.csv:2:client_id: is not in clients, neither in the files nor"),
        ("invoices", "2026-03-31", "2026-02-28", "invoices.csv:2:due_on: is before issued_on (found '2026-02-28')"),
        ("invoices", "99.99,CNY", "99.99001,CNY", "invoices.csv:2:amount: has more than 4 decimals"),
        ("invoices", "99.99,CNY", "99.99,RMB", "invoices.csv:2:currency: is not an ISO currency code"),
        ("payments", "50,CNY", "50,USD", "payments.csv:2:currency: is another currency than that of the invoice"),
        ("payments", "Y1,I1", "Y1,I9", "payments.csv:2:invoice_id: is not in invoices"),
        ("entitlements", "export all,export", "export all,9", "entitlements.csv:2:grade: is not one of export"),
        ("assets", "8000", "8000\0", "assets.csv:2:value: holds a NUL byte"),
    ],
)  # fmt: skip
def test_one_fault_is_named_and_stops_everything(
    database: Database, write: Write, table: str, old: str, new: str, complaint: str
) -> None:
    complaints = refusal(database, write(**changed(table, old, new)))
    assert any(said.startswith(complaint) for said in complaints)
    assert {tuple(said.split(":")[:2]) for said in complaints} == {tuple(complaint.split(":")[:2])}


def test_a_broken_byte_in_a_file_of_utf8_is_named(database: Database, write: Write) -> None:
    folder = write()
    path = folder / "employees.csv"
    path.write_bytes(path.read_bytes().replace(b"Ada Byron", b"Ada \xff Byron"))
    assert refusal(database, folder) == [
        "employees.csv:3:name: holds bytes that are neither UTF-8 nor GB18030 text (found 'Ada � Byron')"
    ]


def test_a_file_with_an_unknown_name_is_not_left_out_in_silence(database: Database, write: Write) -> None:
    folder = write(clients=None, contacts=None)
    (folder / "client.csv").write_text(COMPANY["clients"])
    assert refusal(database, folder)[0] == "client.csv: is no file of the template; did you mean clients.csv?"


@pytest.mark.parametrize("content", ["", "\n\n"])
def test_an_empty_file_is_named(database: Database, write: Write, content: str) -> None:
    folder = write()
    (folder / "assets.csv").write_text(content)
    assert refusal(database, folder) == ["assets.csv:1: the file is empty; its first line must name the columns"]


def test_a_folder_without_files_is_refused(database: Database, tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match="holds no file of the template"):
        import_folder(database, tmp_path)
    with pytest.raises(ImportRefused, match="holds no file of the template"):
        import_folder(database, tmp_path / "absent")


def test_references_may_point_to_what_an_earlier_import_brought(database: Database, write: Write) -> None:
    folder = write()
    import_folder(database, folder)
    for name in TEMPLATE:
        if name != "payments":
            (folder / f"{name}.csv").unlink()
    (folder / "payments.csv").write_text("payment_id,invoice_id,paid_on,amount,currency\nY2,I1,2026-04-01,49.99,CNY\n")
    assert import_folder(database, folder).tables == {"payments": TableCounts(read=1, new=1)}
    (folder / "payments.csv").write_text("payment_id,invoice_id,paid_on,amount,currency\nY3,I1,2026-04-01,1,EUR\n")
    assert "another currency than that of the invoice" in refusal(database, folder)[0]


def test_an_invoice_may_not_change_its_currency_under_its_payments(database: Database, write: Write) -> None:
    import_folder(database, write())
    folder = write(payments=None, **changed("invoices", "99.99,CNY", "99.99,USD"))
    assert refusal(database, folder) == [
        "invoices.csv:2:currency: is another currency than that of payments we hold for this invoice (found 'USD')"
    ]


def test_more_faults_than_a_report_lists_are_all_counted(database: Database, write: Write) -> None:
    rows = "".join(f"I{number},K9,2026-01-01,2026-01-02,1,CNY\n" for number in range(1_000))
    folder = write(
        payments=None, instalments=None, invoices="invoice_id,client_id,issued_on,due_on,amount,currency\n" + rows
    )
    with pytest.raises(FilesRefused) as refused:
        import_folder(database, folder)
    report = refused.value.report
    assert (report.total_faults, len(report.faults)) == (1_000, 200)
    assert [fault.line for fault in report.faults] == list(range(2, 202))
    assert report.tables["invoices"].read == 1_000
