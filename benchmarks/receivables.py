"""How long an audit of 1,000,000 open items of 10,000 clients takes, against a bare sum and against row by row.

The bare sum knows nothing of due dates, credits, instalments, disputes or single documents: it adds up what was
invoiced and what was paid, by client and currency, over the same rows. Row by row is what business software does: it
asks for the payments of each invoice (measured on some clients and scaled up), or makes an object of each row.
"""

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from embedded.postgres import Postgres
from models.exposure import lines_of
from models.open_items import OpenItem, Portion, Portions
from models.receivable_audit import AuditFacts, audit
from models.receivables import ReceivableAudit
from store.database import Database
from store.policies import load_policy
from systems.receivables.postgres import WORK_MEMORY, PostgresReceivables

ITEMS = 1_000_000
CLIENTS = 10_000
SAMPLE = 100  # one client in so many is audited invoice by invoice
AS_OF = date(2026, 11, 24)
RUNS = 3

# Nothing is random: the same rows on every run. Every third invoice is paid in part, every hundredth credited, every
# hundredth due in two parts, every thirtieth disputed; every tenth client has money on account.
COMPANY = (
    "INSERT INTO clients (id, source_key, name) SELECT 'K' || n, 'K' || n, n FROM generate_series(0, {clients} - 1) n",
    """
    INSERT INTO invoices (id, client_id, issued_on, due_on, amount, currency, disputed)
    SELECT 'V' || n, 'K' || (hashint8(n) & 1073741823) % {clients}, day, day + 30 * (1 + n % 3),
        (100 + (hashint8(-n) & 1073741823) % 9000000) / 100.0, 'CNY', n % 30 = 0
    FROM (SELECT n, date '{as_of}' - (hashint8(n * 31) & 1073741823) % 500 AS day FROM generate_series(1, {items}) n) d
    """,
    """
    INSERT INTO payments (id, invoice_id, paid_on, amount, currency)
    SELECT 'P' || id, id, least(issued_on + 20, date '{as_of}'), round(amount * 0.4, 2), currency FROM invoices
    WHERE right(id, 1) IN ('1', '4', '7')
    """,
    """
    INSERT INTO invoices (id, client_id, issued_on, due_on, amount, currency, credits_id)
    SELECT 'N' || id, client_id, issued_on, issued_on, -round(amount * 0.1, 2), currency, id FROM invoices
    WHERE right(id, 2) = '03'
    """,
    """
    INSERT INTO instalments (id, invoice_id, due_on, amount)
    SELECT id || '-' || part, id, due_on + 30 * (part - 1),
        CASE part WHEN 1 THEN round(amount / 2, 2) ELSE amount - round(amount / 2, 2) END
    FROM invoices, generate_series(1, 2) part WHERE right(id, 2) = '09' AND amount > 0
    """,
    """
    INSERT INTO payments (id, client_id, paid_on, amount, currency)
    SELECT 'A' || id, id, date '{as_of}' - 30, 100, 'CNY' FROM clients WHERE right(id, 1) = '1'
    """,
    "ANALYZE",
)
BARE = text("""
    SELECT i.client_id, i.currency, sum(i.amount), sum(p.amount)
    FROM invoices i LEFT JOIN payments p ON p.invoice_id = i.id AND p.paid_on <= :as_of
    WHERE i.issued_on <= :as_of GROUP BY i.client_id, i.currency
""")
INVOICES = text("SELECT id, issued_on, due_on, amount, currency FROM invoices WHERE client_id = :client")
PAYMENTS = text("SELECT coalesce(sum(amount), 0) FROM payments WHERE invoice_id = :invoice AND paid_on <= :as_of")


def run(items: int = ITEMS, clients: int = CLIENTS) -> dict[str, str]:
    """Fill a server of our own and measure; ready to print."""
    with tempfile.TemporaryDirectory() as place:
        server = Postgres(Path(place) / "pg")
        server.start()
        try:
            database = Database(server.url(), statement_timeout=600)
            database.migrate()
            with database.begin(patient=True) as connection:
                for statement in COMPANY:
                    connection.execute(text(statement.format(items=items, clients=clients, as_of=AS_OF)))
            bare = timed(lambda: bare_sums(database))
            apart = subprocess.run(
                [sys.executable, "-m", "benchmarks.receivables", server.url(), str(clients)],
                check=True, capture_output=True, text=True,
            )  # fmt: skip
            ours = json.loads(apart.stdout)
            slow = asked_one_by_one(database, clients) * SAMPLE
            objects = timed(lambda: made_of_objects(database, portions_of(clients)), runs=1)
            database.close()
        finally:
            server.stop()
    assert ours["reconciled"]
    return {
        "open items": f"{ours['items']:,} of {clients:,} clients",
        "audit": f"{ours['seconds']:.2f} s (the lines {ours['lines']:.2f} s), peak memory {ours['mb']:.0f} MB",
        "lines / bare SELECT of sums": f"{ours['lines'] / bare:.1f} (goal 3; {bare:.2f} s)",
        "a query an invoice / audit": f"{slow / ours['seconds']:.0f} times slower (goal 30; {slow:.0f} s, scaled up "
        f"from one client in {SAMPLE})",
        "an object an item / audit": f"{objects / ours['seconds']:.1f} times slower ({objects:.1f} s)",
    }


def portions_of(clients: int) -> Portions:
    """All of every client."""
    return {f"K{number}": Portion(key=f"K{number}") for number in range(clients)}


def timed(work: Callable[[], object], runs: int = RUNS) -> float:
    """The median of some runs, in seconds."""
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def bare_sums(database: Database) -> int:
    """What a client was asked for and what it paid; under the same settings as ours."""
    with database.begin() as connection:
        connection.execute(text(f"SET LOCAL work_mem = '{WORK_MEMORY}'"))
        return len(connection.execute(BARE, {"as_of": AS_OF}).all())


def audit_apart(url: str, clients: int) -> dict[str, Any]:
    """One whole audit, and what it took of this process."""
    source, portions, ageing = PostgresReceivables(Database(url)), portions_of(clients), load_policy("ifrs").ageing

    def lines() -> None:
        with source.snapshot(portions, AS_OF) as snapshot:
            snapshot.lines(ageing)

    def whole() -> ReceivableAudit:
        with source.snapshot(portions, AS_OF) as snapshot:
            return audit(snapshot.lines(ageing), snapshot.ledger(), AuditFacts(), ageing, AS_OF)

    found = whole().main
    assert found is not None
    return {
        "items": found.open_items,
        "reconciled": found.reconciled,
        "lines": timed(lines),
        "seconds": timed(whole),
        "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def asked_one_by_one(database: Database, clients: int) -> float:
    """Seconds for one client in SAMPLE, a query an invoice. Instalments, notes and disputes are left out: less work."""
    ageing = load_policy("ifrs").ageing
    start = time.perf_counter()
    with database.begin() as connection:
        for number in range(0, clients, SAMPLE):
            lines_of(one_by_one(connection, f"K{number}"), ageing, AS_OF)
    return time.perf_counter() - start


def one_by_one(connection: Connection, client: str) -> list[OpenItem]:
    """The open items of a client, as a program finds them that asks for each invoice."""
    items = []
    for row in connection.execute(INVOICES, {"client": client}).all():
        paid: Decimal = connection.execute(PAYMENTS, {"invoice": row.id, "as_of": AS_OF}).scalar_one()
        if left := row.amount - paid:
            items.append(
                OpenItem(
                    document=row.id, client_id=client, issued_on=row.issued_on, due_on=row.due_on, amount=row.amount,
                    outstanding=left, whole=left, currency=row.currency,
                )
            )  # fmt: skip
    return items


def made_of_objects(database: Database, portions: Portions) -> None:
    """The same lines, from an object of every open item."""
    with PostgresReceivables(database).snapshot(portions, AS_OF) as snapshot:
        lines_of(snapshot.items(), load_policy("ifrs").ageing, AS_OF)


if __name__ == "__main__":
    print(json.dumps(audit_apart(sys.argv[1], int(sys.argv[2]))))
