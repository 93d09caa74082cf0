"""How fast a million invoices come in, and how that compares with a bare COPY of the same file."""

import random
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

import psycopg2

from benchmarks.import_apart import import_apart
from embedded.postgres import Postgres
from store.database import Database

ROWS = 1_000_000
CLIENTS = 5_000
PEOPLE = 200
BUDGET_SECONDS = 60
BUDGET_MB = 400


def run(rows: int = ROWS) -> dict[str, str]:
    """Import `rows` invoices twice in processes of their own and return what was measured, ready to print."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "company"
        write_company(folder, rows)
        server = Postgres(Path(place) / "pg")
        server.start()
        try:
            Database(server.url()).migrate()
            bare = copy_seconds(server.url(), folder / "invoices.csv", indexed=False)
            indexed = copy_seconds(server.url(), folder / "invoices.csv", indexed=True)
            first, again = (import_apart(server.url(), folder, "invoices") for _ in range(2))
        finally:
            server.stop()
    assert first["new"] == again["unchanged"] == rows
    return {
        "rows": f"{rows:,}",
        "first import": f"{first['seconds']:.1f} s, {rows / first['seconds']:,.0f} rows/s (budget {BUDGET_SECONDS} s)",
        "same files again": f"{again['seconds']:.1f} s, {rows / again['seconds']:,.0f} rows/s, nothing changed",
        "peak memory": f"{max(first['mb'], again['mb']):.0f} MB (budget {BUDGET_MB} MB)",
        "first import / bare COPY": f"{first['seconds'] / bare:.1f} (COPY without checks or indexes {bare:.1f} s)",
        "first import / COPY with indexes and keys": f"{first['seconds'] / indexed:.1f} ({indexed:.1f} s)",
    }


def write_company(folder: Path, rows: int) -> None:
    """A company with `rows` invoices, the same on every run."""
    draw = random.Random(7)
    folder.mkdir()
    with (folder / "employees.csv").open("w") as file:
        file.write("employee_id,name,role\n")
        file.writelines(f"P{number:04},Person {number},salesperson\n" for number in range(PEOPLE))
    with (folder / "clients.csv").open("w") as file:
        file.write("client_id,name,owner_id\n")
        file.writelines(f"K{number:05},Client {number},P{number % PEOPLE:04}\n" for number in range(CLIENTS))
    start = date(2024, 1, 1)
    with (folder / "invoices.csv").open("w") as file:
        file.write("invoice_id,client_id,salesperson_id,issued_on,due_on,amount,currency,disputed\n")
        for number in range(rows):
            client, issued = draw.randrange(CLIENTS), start + timedelta(days=draw.randrange(900))
            due, amount = issued + timedelta(days=draw.choice((30, 60, 90))), draw.randrange(1, 10_000_000)
            seller, disputed = client % PEOPLE, "yes" if draw.random() < 0.03 else "no"
            money = f"{amount // 100}.{amount % 100:02},CNY"
            file.write(f"INV-{number:08},K{client:05},P{seller:04},{issued},{due},{money},{disputed}\n")


def copy_seconds(url: str, file: Path, *, indexed: bool) -> float:
    """Seconds of a plain COPY of the file into a table of the same columns, in one transaction that is rolled back.

    `indexed` gives the table the indexes and foreign keys of ours, and rows for these to point to.
    """
    connection = psycopg2.connect(url.replace("+psycopg2", ""))
    with connection.cursor() as cursor, file.open("rb") as stream:
        cursor.execute("CREATE TABLE plain (LIKE invoices INCLUDING DEFAULTS)")
        if indexed:
            _dress(cursor)
        start = time.perf_counter()
        cursor.copy_expert(
            "COPY plain (id, client_id, salesperson_id, issued_on, due_on, amount, currency, disputed) "
            "FROM STDIN WITH (FORMAT csv, HEADER)",
            stream,
            1 << 18,
        )
        seconds = time.perf_counter() - start
    connection.rollback()
    connection.close()
    return seconds


def _dress(cursor: "psycopg2.extensions.cursor") -> None:
    cursor.execute(
        "INSERT INTO employees (id, source_key, name) "
        "SELECT 'P' || lpad(n::text, 4, '0'), n, n FROM generate_series(0, %s) n",
        (PEOPLE - 1,),
    )
    cursor.execute(
        "INSERT INTO clients (id, source_key, name) "
        "SELECT 'K' || lpad(n::text, 5, '0'), n, n FROM generate_series(0, %s) n",
        (CLIENTS - 1,),
    )
    cursor.execute(
        "ALTER TABLE plain ADD PRIMARY KEY (id), ADD FOREIGN KEY (client_id) REFERENCES clients, "
        "ADD FOREIGN KEY (salesperson_id) REFERENCES employees, ADD FOREIGN KEY (collector_id) REFERENCES employees"
    )
    cursor.execute("CREATE INDEX ON plain (client_id)")
    cursor.execute("CREATE INDEX ON plain (salesperson_id)")


if __name__ == "__main__":
    for name, value in run().items():
        print(f"{name:45} {value}")
