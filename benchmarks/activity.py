"""How fast events come in with their roll-up, and how that compares with a bare COPY of the same file.

`python -m benchmarks.activity 10000000` loads ten million; without a number, one million.
"""

import random
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg2

from benchmarks.import_apart import import_apart
from embedded.postgres import Postgres
from store.database import Database
from store.policies import load_warning_policy
from store.roll_up import people_adrift, rebuild

ROWS = 1_000_000
EVENTS_EACH = 1_000
FIRST, DAYS = date(2026, 6, 1), 120
PLACES = (("CN", "Asia/Shanghai", 1), ("DE", "Europe/Berlin", 8), ("US", "America/New_York", 14))  # hour of 9:00, UTC
KINDS = ("mail_out",) * 9 + ("login", "download", "bulk_view") * 3 + ("export", "print")
BUDGET_MB = 400


def run(rows: int = ROWS) -> dict[str, str]:
    """Import `rows` events twice in processes of their own and return what was measured, ready to print."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "company"
        write_company(folder, rows)
        server = Postgres(Path(place) / "pg")
        server.start()
        try:
            Database(server.url()).migrate()
            bare = copy_seconds(server.url(), folder / "activity_events.csv")
            first, again = (import_apart(server.url(), folder, "activity_events") for _ in range(2))
            counted, cells = count_again(server.url())
        finally:
            server.stop()
    assert first["new"] == again["unchanged"] == rows
    plain = f"COPY without checks, indexes or roll-up {bare:.1f} s"
    return {
        "events": f"{rows:,} of {_people(rows):,} people on {DAYS} days, {cells:,} rows of the roll-up",
        "first import": f"{first['seconds']:.1f} s, {rows / first['seconds']:,.0f} events/s",
        "same file again": f"{again['seconds']:.1f} s, {rows / again['seconds']:,.0f} events/s, nothing changed",
        "peak memory": f"{max(first['mb'], again['mb']):.0f} MB (budget {BUDGET_MB} MB)",
        "first import / bare COPY": f"{first['seconds'] / bare:.1f} ({plain})",
        "roll-up counted from scratch": f"{counted:.1f} s, {counted / first['seconds']:.2f} of the first import",
    }


def write_company(folder: Path, rows: int) -> None:
    """A company with `rows` events in the order of their time, the same on every run."""
    draw = random.Random(7)
    folder.mkdir()
    with (folder / "employees.csv").open("w") as file:
        file.write("employee_id,name,role,country,time_zone\n")
        for number in range(_people(rows)):
            country, zone, _ = PLACES[number % 3]
            file.write(f"P{number:05},Person {number},salesperson,{country},{zone}\n")
    with (folder / "activity_events.csv").open("w") as file:
        file.write("event_id,employee_id,occurred_at,kind,records,item,destination\n")
        for number in range(rows):
            day = FIRST + timedelta(days=number * DAYS // rows)
            person, kind = draw.randrange(_people(rows)), draw.choice(KINDS)
            minute = PLACES[person % 3][2] * 60 + draw.randrange(600)
            at = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=minute)
            target = "client.example" if kind == "mail_out" else ""
            file.write(f"EV-{number:09},P{person:05},{at:%Y-%m-%dT%H:%M:00Z},{kind},{number % 40 + 1},,{target}\n")


def _people(rows: int) -> int:
    return max(3, rows // EVENTS_EACH)


def copy_seconds(url: str, file: Path) -> float:
    """Seconds of a plain COPY of the file into a table of the same columns, in one transaction that is rolled back."""
    connection = psycopg2.connect(url.replace("+psycopg2", ""))
    with connection.cursor() as cursor, file.open("rb") as stream:
        cursor.execute("CREATE TABLE plain (LIKE activity_events INCLUDING DEFAULTS)")
        start = time.perf_counter()
        cursor.copy_expert(
            "COPY plain (id, employee_id, occurred_at, kind, records, item, destination) "
            "FROM STDIN WITH (FORMAT csv, HEADER, FORCE_NOT_NULL (item, destination))",
            stream,
            1 << 18,
        )
        seconds = time.perf_counter() - start
    connection.rollback()
    connection.close()
    return seconds


def count_again(url: str) -> tuple[float, int]:
    """Seconds of a roll-up from all events, as a repair makes it, and its rows; it must be what was there."""
    database, hours = Database(url), load_warning_policy().after_hours
    last = FIRST + timedelta(days=DAYS)
    with database.begin(patient=True) as connection:
        cells = connection.exec_driver_sql("SELECT count(*) FROM activity_days").scalar_one()
        assert people_adrift(connection, FIRST, last, hours) == []
        start = time.perf_counter()
        rebuild(connection, FIRST, last, hours)
        seconds = time.perf_counter() - start
        assert connection.exec_driver_sql("SELECT count(*) FROM activity_days").scalar_one() == cells
    database.close()
    return seconds, cells


if __name__ == "__main__":
    for name, value in run(int(sys.argv[1]) if len(sys.argv) == 2 else ROWS).items():
        print(f"{name:45} {value}")
