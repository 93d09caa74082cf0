"""The imaginary ERP of docs/receivables-adapter.md: its REST interface over a business, and the adapter there."""

import json
import re
import sys
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from systems.receivables.calls import Calls
from systems.receivables.http import PATIENCE, Patience
from tests.integration.receivables_port.business import Business
from tests.integration.receivables_port.downstream import Downstream, Said
from tests.integration.receivables_port.plain_ledger import every_balance, open_items, settled_on

GUIDE = Path(__file__).parents[3] / "docs" / "receivables-adapter.md"
KEY = "a-key-that-can-read"
Rows = list[dict[str, Any]]


class Number(str):
    """An amount that JSON is to hold as a number, digit by digit."""


def template() -> ModuleType:
    """The adapter that the guide prints, as a module."""
    name = "example_erp_of_the_guide"
    if name not in sys.modules:
        (source,) = re.findall(r"^```python\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
        module = ModuleType(name)
        sys.modules[name] = module
        exec(compile(source, str(GUIDE), "exec"), module.__dict__)  # noqa: S102  (our own page)
    return sys.modules[name]


class ExampleSystem:
    """The ERP with the adapter of the guide before it."""

    blind: frozenset[str] = frozenset()

    def __init__(self, patience: Patience = PATIENCE, calls: Calls | None = None) -> None:
        self.business = Business()
        self.revision = 1
        self.server = Downstream(self.answer)
        self.calls = calls or Calls(4)
        self.source = template().ExampleErp(self.server.url, KEY, self.calls, patience)

    def filled(self, business: Business, as_of: date) -> Any:
        """The adapter; the ERP answers as of any day by itself."""
        self.business = business
        return self.source

    def number(self, document: str) -> str:
        """Documents keep their numbers."""
        return document

    def close(self) -> None:
        """Hang up on both sides."""
        self.source.close()
        self.server.close()

    def answer(self, path: str, headers: dict[str, str]) -> Said:
        """One page of items, balances or invoices."""
        if headers.get("authorization") != f"Bearer {KEY}":
            return Said(b'{"error": "unknown key"}', status=401)
        place = urlsplit(path)
        asked = {name: values[0] for name, values in parse_qs(place.query, keep_blank_values=True).items()}
        rows = sorted(self._rows(place.path.strip("/"), asked), key=lambda row: str(row["id"]))
        page = [row for row in rows if row["id"] > asked.get("after", "")][: int(asked["limit"])]
        return Said(written({"revision": self.revision, "count": len(rows), "rows": page}))

    def _rows(self, what: str, asked: dict[str, str]) -> Rows:
        day = date.fromisoformat(asked["as_of"])
        made = {"items": self._items, "balances": self._balances, "invoices": self._invoices}[what](day)
        clients = asked["clients"].split(",") if "clients" in asked else None
        since = asked.get("since", "")
        return [
            row
            for row in made
            if (clients is None or row["client"] in clients) and row.get("issued_on", since) >= since
        ]

    def _items(self, day: date) -> Rows:
        return [
            {"id": f"{item.document}/{item.instalment}", "client": item.client, "document": item.document,
             "instalment": item.instalment, "kind": item.kind, "issued_on": item.issued.isoformat(),
             "due_on": item.due.isoformat(), "amount": Number(item.amount), "open": Number(item.left),
             "disputed": Number(item.disputed), "currency": item.currency}
            for item in open_items(self.business, day)
        ]  # fmt: skip

    def _balances(self, day: date) -> Rows:
        return [
            {"id": f"{client}/{currency}", "client": client, "currency": currency, "balance": Number(balance)}
            for (client, currency), balance in every_balance(self.business, day).items()
        ]

    def _invoices(self, day: date) -> Rows:
        found = []
        for one in self.business.invoices.values():
            settled = settled_on(self.business, one.number, day)
            if one.on <= day:
                found.append({
                    "id": one.number, "client": one.client, "document": one.number, "issued_on": one.on.isoformat(),
                    "due_on": one.due.isoformat(), "settled_on": settled.isoformat() if settled else None,
                    "amount": Number(one.amount), "currency": one.currency,
                })  # fmt: skip
        return found


def written(document: Any) -> bytes:
    """JSON whose amounts are numbers with exactly the digits that they have."""
    if isinstance(document, Number):
        return document.encode()
    if isinstance(document, dict):
        return (
            b"{" + b",".join(json.dumps(name).encode() + b":" + written(part) for name, part in document.items()) + b"}"
        )
    if isinstance(document, list):
        return b"[" + b",".join(written(part) for part in document) + b"]"
    return json.dumps(document, ensure_ascii=False).encode()
