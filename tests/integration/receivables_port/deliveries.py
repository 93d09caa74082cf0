"""A business as an ERP would drop it into a folder: written with nothing but Python's csv, hashlib and json."""

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from systems.receivables.csv_folder import CsvFolder
from tests.integration.receivables_port.business import Business
from tests.integration.receivables_port.plain_ledger import every_balance, open_items, settled_on

ITEMS = [
    "client", "document", "instalment", "kind", "issued_on", "due_on", "amount", "outstanding", "disputed", "currency",
]  # fmt: skip
BALANCES = ["client", "currency", "balance"]
INVOICES = ["client", "document", "issued_on", "due_on", "settled_on", "amount", "currency"]
Rows = Iterable[Sequence[object]]


class Deliveries:
    """A folder that gets a delivery for every day that is asked about."""

    blind: frozenset[str] = frozenset()

    def __init__(self, folder: Path, encoding: str = "utf-8") -> None:
        self.folder, self._encoding = folder, encoding

    def filled(self, business: Business, as_of: date) -> CsvFolder:
        """The folder with the delivery of that day."""
        deliver(self.folder, as_of, contents(business, as_of), self._encoding)
        return CsvFolder(self.folder, days=7)

    def number(self, document: str) -> str:
        """Documents keep their numbers."""
        return document


def contents(business: Business, as_of: date) -> dict[str, bytes]:
    """The three files of a day, in UTF-8."""
    items = [
        (item.client, item.document, item.instalment or "", item.kind, item.issued, item.due, item.amount, item.left,
         item.disputed or "", item.currency)
        for item in reversed(open_items(business, as_of))
    ]  # fmt: skip
    past = [
        (one.client, one.number, one.on, one.due, settled_on(business, one.number, as_of) or "", one.amount,
         one.currency)
        for one in business.invoices.values() if one.on <= as_of
    ]  # fmt: skip
    owed = [(*key, balance) for key, balance in every_balance(business, as_of).items()]
    return {
        "open_items.csv": table(ITEMS, items),
        "balances.csv": table(BALANCES, owed),
        "invoices.csv": table(INVOICES, past),
    }


def table(header: Sequence[str], rows: Rows) -> bytes:
    """A CSV file."""
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    return text.getvalue().encode()


def deliver(folder: Path, day: date, files: dict[str, bytes], encoding: str = "utf-8", mark: bytes = b"") -> Path:
    """Write the files, then the manifest. `mark` stands before each file, as spreadsheet programs put it there."""
    inside = folder / day.isoformat()
    inside.mkdir(parents=True, exist_ok=True)
    said = {}
    for name, content in files.items():
        written = mark + content.decode().encode(encoding)
        (inside / name).write_bytes(written)
        rows = sum(1 for _ in csv.reader(io.StringIO(content.decode()))) - 1
        said[name] = {"rows": rows, "sha256": hashlib.sha256(written).hexdigest()}
    (inside / "manifest.json").write_text(json.dumps({"encoding": encoding, "files": said}))
    return inside
