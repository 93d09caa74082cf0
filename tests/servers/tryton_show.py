"""`make tryton`: one departure whose receivables are read from a real ERP, and both ledgers side by side at its end.

Starts Tryton and a stack in a temporary folder, enters what the leaver's clients owe into Tryton's books alone, runs
the case by the command, lets the approvers answer through the hook, and compares the report with what Tryton's own
client library reads from its ledger. Everything is stopped and gone at the end; the exit code is 1 when a cent differs.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from connections import connect_temporal, open_database
from embedded.demo_approvers import decide_all
from models.amounts import ZERO
from models.open_items import Portions
from models.receivables import ReceivableAudit
from models.report import CaseReport
from settings import Settings
from store import reports
from store.database import Database
from store.receivable_book import portions_of
from tests.servers.environments import Unreachable
from tests.servers.tryton import Tryton
from tests.servers.tryton_fill import Ledger

OFFBOARD = Path(sys.executable).with_name("offboard")
CLIENTS = 12  # of the leaver, that owe something there
NOTICE, LEAVE = timedelta(days=30), timedelta(seconds=20)
RATES = {date(2000, 1, 1): "0.14"}  # dollars for one yuan
WAIT = 300.0  # seconds for one command
Figures = dict[tuple[str, str], Decimal]


def main() -> int:
    """Run the show. Returns 1 when a figure differs, 0 otherwise."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="offboard-tryton-") as folder:
        try:
            same = _show(Path(folder))
        except Unreachable as reason:
            sys.stderr.write(f"The packages of Tryton cannot be fetched from here; nothing was shown: {reason}\n")
            return 1
    _say(f"{time.monotonic() - began:.0f} seconds; everything that was started is stopped and removed")
    return 0 if same else 1


def _show(home: Path) -> bool:
    _say("starting Tryton, with empty books, and a stack that reads receivables there")
    with Tryton() as erp:
        address = f"{erp.url.replace('http', 'tryton+http', 1)}/{erp.database}"
        with _stack(home, {"OFFBOARD_RECEIVABLES_URL": address, "OFFBOARD_RECEIVABLES_KEY": erp.key}) as surroundings:
            made = json.loads(_run("sample", "--json", surroundings=surroundings))
            leaver = str(made["planted"][0]["employee"])
            portions = _portions(Settings(home=home), leaver)
            _say("entering what the leaver's clients owe: into Tryton's books, not into ours")
            erp.fill(_books(portions).document())
            _say(_run("doctor", "--system", "receivables", surroundings=surroundings))
            report = asyncio.run(_departure(Settings(home=home), leaver, surroundings))
        if report.receivables is None:
            raise RuntimeError(f"receivables are unknown in the report: {report.gaps}")
        return _compare(report.receivables, erp, portions)


def _portions(settings: Settings, leaver: str) -> Portions:
    database = open_database(settings)
    try:
        with database.begin() as connection:
            return portions_of(connection, leaver)
    finally:
        database.close()


async def _departure(settings: Settings, leaver: str, surroundings: dict[str, str]) -> CaseReport:
    """One case, by the command and by the links in the approvers' mails."""
    now = datetime.now(UTC)
    order = ["--kind", "resignation", "--last-working-day", (now + NOTICE).date().isoformat()]
    order += ["--access-cutoff", (now + LEAVE).isoformat(timespec="seconds"), "--json"]
    case_id = str(json.loads(_run("start", leaver, *order, surroundings=surroundings))["case_id"])
    _say(f"{leaver} leaves: {case_id}")
    client, database = await connect_temporal(settings), open_database(settings)
    try:
        await decide_all(settings.home / "mail", client, database, case_id, _say)
        return _report(database, case_id)
    finally:
        database.close()


def _report(database: Database, case_id: str) -> CaseReport:
    with database.begin() as connection:
        return reports.load(connection, case_id)


def _books(portions: Portions) -> Ledger:
    """Invoices of the leaver's own clients, of every kind that an accountant knows, and of somebody else's."""
    whole = sorted(portion.key for portion in portions.values() if (portion.low, portion.high) == (0, 1))
    ledger = Ledger("CNY").rates("USD", RATES)
    today = datetime.now(UTC).date()
    for number, code in enumerate(whole[:CLIENTS], 1):
        on = today - timedelta(days=40 * number)
        first, second = f"{code}/1", f"{code}/2"
        ledger.invoice(first, code, f"{7310 * number}.{number:02d}", on, due=((30, "0.4"), (60, "0.6")))
        ledger.paid(first, f"{1805 * number}.50", on + timedelta(days=20))
        ledger.invoice(second, code, f"{912 * number}.40", on, currency="USD" if number % 3 == 0 else None)
        if number % 4 == 1:
            ledger.paid(second, f"{912 * number + 50}.40", on + timedelta(days=9))
        elif number % 4 == 2:
            ledger.credited(second, f"{code}/3", on + timedelta(days=9), f"{100 * number}.15", how="applied")
        elif number % 4 == 3:
            ledger.disputed(second)
        else:
            ledger.received(code, f"{33 * number}.33", on + timedelta(days=9))
    return ledger.invoice("X/1", "NOT-OURS", "123456.78", today - timedelta(days=90))


def _compare(found: ReceivableAudit, erp: Tryton, portions: Portions) -> bool:
    """Print both ledgers. True when they are the same to the cent."""
    codes = {client: portion.key for client, portion in portions.items()}
    ours: Figures = {
        (codes[line.client], each.currency): line.total
        for each in found.currencies for line in each.clients if line.total
    }  # fmt: skip
    own: dict[str, dict[str, str]] = erp.balances(found.as_of.isoformat())["ledger"]
    theirs: Figures = {
        (code, currency): Decimal(amount)
        for code, sums in own.items() if code in codes.values() for currency, amount in sums.items()
    }  # fmt: skip
    _say(f"\n{'client':<16} {'':<4} {'Tryton: ledger':>18} {'Offboard: report':>18}")
    for code, currency in sorted(ours.keys() | theirs.keys()):
        left, right = theirs.get((code, currency), ZERO), ours.get((code, currency), ZERO)
        _say(f"{code:<16} {currency:<4} {left:>18,.2f} {right:>18,.2f} {'' if left == right else '  DIFFERS'}")
    for each in found.currencies:
        total = sum((amount for (_, currency), amount in theirs.items() if currency == each.currency), ZERO)
        _say(f"{'total':<16} {each.currency:<4} {total:>18,.2f} {each.total:>18,.2f}")
    same = ours == theirs
    _say("\nequal to the cent" if same else "\nTHEY DIFFER")
    return same


@contextmanager
def _stack(home: Path, more: dict[str, str]) -> Iterator[dict[str, str]]:
    """The stack with these settings, for the length of a block."""
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("OFFBOARD_")}
    surroundings |= {"OFFBOARD_HOME": str(home), **more}
    try:
        _run("up", surroundings=surroundings)
        yield surroundings
    finally:
        _run("down", surroundings=surroundings)


def _run(*words: str, surroundings: dict[str, str]) -> str:
    done = subprocess.run(
        [str(OFFBOARD), *words], env=surroundings, capture_output=True, text=True, timeout=WAIT, check=False
    )
    if done.returncode:
        raise RuntimeError(f"offboard {' '.join(words)}: {done.stdout}{done.stderr}")
    return done.stdout.rstrip()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
