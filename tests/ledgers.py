"""Random ledgers of one client, and what is open of them: worked out one document at a time, the slow and plain way."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from sqlalchemy import Connection

from store import tables

FIRST = date(2026, 1, 1)
Row = dict[str, Any]


@dataclass
class Ledger:
    """Rows of one client as they stand in our tables."""

    client: str
    invoices: list[Row] = field(default_factory=list)
    instalments: list[Row] = field(default_factory=list)
    payments: list[Row] = field(default_factory=list)

    def insert(self, connection: Connection, owner: str | None = None) -> None:
        """Write the client with everything that belongs to it."""
        key = f"key-{self.client}"
        connection.execute(
            tables.clients.insert().values(id=self.client, source_key=key, name=self.client, owner_id=owner)
        )
        for name in ("invoices", "instalments", "payments"):
            if rows := getattr(self, name):
                connection.execute(tables.metadata.tables[name].insert(), rows)


@dataclass(frozen=True, order=True)
class Open:
    """One open item as the reference sees it."""

    due_on: date
    document: str
    instalment: int
    kind: str
    currency: str
    amount: Decimal
    whole: Decimal
    disputed: Decimal


def _days(upto: int = 120) -> st.SearchStrategy[date]:
    return st.integers(0, upto).map(lambda days: FIRST + timedelta(days=days))


_CENTS = st.integers(1, 400).map(lambda cents: Decimal(cents) / 100)
_CURRENCY = st.sampled_from(("CNY", "CNY", "CNY", "USD"))


@st.composite
def ledgers(draw: st.DrawFn, client: str) -> Ledger:
    """A client with up to five invoices and whatever can happen to these."""
    ledger = Ledger(client)
    for number in range(draw(st.integers(0, 5))):
        _add_invoice(draw, ledger, f"{client}-V{number}")
    for number in range(draw(st.integers(0, 3))):
        on_account: Row = {"invoice_id": None, "client_id": client, "kind": "payment"}
        amount = draw(_CENTS) * draw(st.sampled_from((1, 1, -1)))
        money = {"paid_on": draw(_days()), "amount": amount, "currency": draw(_CURRENCY)}
        ledger.payments.append({"id": f"{client}-A{number}", **on_account, **money})
    return ledger


def _add_invoice(draw: st.DrawFn, ledger: Ledger, key: str) -> None:
    issued, note_for = draw(_days()), None
    earlier = [row["id"] for row in ledger.invoices]
    if earlier and draw(st.integers(0, 3)) == 0:
        note_for = draw(st.sampled_from(earlier))  # now and then of another currency, or a note for a note
    amount = -draw(_CENTS) if note_for else draw(_CENTS) * draw(st.sampled_from((1, 1, 1, -1)))
    disputed = draw(st.booleans())
    ledger.invoices.append({
        "id": key, "client_id": ledger.client, "issued_on": issued,
        "due_on": issued + timedelta(draw(st.integers(0, 40))),
        "amount": amount, "currency": draw(_CURRENCY), "credits_id": note_for, "disputed": disputed,
        "disputed_on": draw(st.none() | _days()) if disputed else None,
        "disputed_amount": draw(st.none() | _CENTS) if disputed else None,
    })  # fmt: skip
    if amount > 0 and draw(st.integers(0, 2)) == 0:
        _split(draw, ledger, key, amount)
    for number in range(draw(st.sampled_from((0, 0, 1, 1, 2)))):
        paid = draw(_CENTS) * draw(st.sampled_from((1, 1, -1)))
        currency = draw(st.sampled_from((ledger.invoices[-1]["currency"],) * 9 + ("EUR",)))
        kind = draw(st.sampled_from(("payment", "write_off")))
        of_it = {"invoice_id": key, "client_id": None, "kind": kind, "currency": currency}
        ledger.payments.append({"id": f"{key}-P{number}", **of_it, "paid_on": draw(_days()), "amount": paid})


def _split(draw: st.DrawFn, ledger: Ledger, key: str, amount: Decimal) -> None:
    parts = draw(st.integers(1, 3))
    each = (amount / parts).quantize(Decimal("0.01"))
    amounts = [each] * (parts - 1) + [amount - each * (parts - 1)]
    days = sorted(draw(_days(200)) for _ in range(parts))
    for number, (day, part) in enumerate(zip(days, amounts, strict=True)):
        ledger.instalments.append({"id": f"{key}-{number}", "invoice_id": key, "due_on": day, "amount": part})


def open_of(ledger: Ledger, as_of: date) -> list[Open]:
    """Everything open as of a day, in the order of the port."""
    by_id = {row["id"]: row for row in ledger.invoices}
    applied = defaultdict(list)
    alone = []
    for row in ledger.invoices:
        target = by_id.get(row["credits_id"])
        if target and target["credits_id"] is None and target["currency"] == row["currency"]:
            applied[target["id"]].append(row)
        else:
            alone.append(row)
    items = [item for row in alone for item in _of_invoice(ledger, row, applied[row["id"]], as_of)]
    return sorted([*items, *_on_account(ledger, as_of)])


def balances_of(ledger: Ledger, as_of: date) -> dict[str, Decimal]:
    """What the client owes by currency, without looking at items."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in ledger.invoices:
        sums[row["currency"]] += row["amount"] if row["issued_on"] <= as_of else 0
    for row in ledger.payments:
        sums[row["currency"]] -= row["amount"] if row["paid_on"] <= as_of else 0
    return {currency: total for currency, total in sums.items() if total}


def _left(ledger: Ledger, row: Row, as_of: date) -> Decimal:
    left: Decimal = row["amount"] if row["issued_on"] <= as_of else Decimal(0)
    for paid in ledger.payments:
        if paid["invoice_id"] == row["id"] and paid["currency"] == row["currency"] and paid["paid_on"] <= as_of:
            left -= paid["amount"]
    return left


def _of_invoice(ledger: Ledger, row: Row, notes: list[Row], as_of: date) -> Iterator[Open]:
    left = _left(ledger, row, as_of) + sum((_left(ledger, note, as_of) for note in notes), Decimal(0))
    issued = row["issued_on"] <= as_of
    kind = "credit_note" if row["amount"] < 0 else "invoice"
    contested = _contested(row, left, as_of)
    amount = row["amount"] if issued else Decimal(0)
    parts = sorted((part["due_on"], part["id"], part["amount"]) for part in ledger.instalments
                   if part["invoice_id"] == row["id"] and issued)  # fmt: skip
    if not parts:
        due = row["issued_on"] if kind == "credit_note" else row["due_on"]
        if left:
            yield Open(due, row["id"], 0, kind, row["currency"], amount, left, contested)
        return
    paid, open_so_far = amount - left, Decimal(0)
    for number, (due, _, asked) in enumerate(parts, 1):
        taken = min(max(paid, Decimal(0)), asked)
        paid -= taken
        rest = left - open_so_far if number == len(parts) else asked - taken
        open_so_far += rest
        doubt = min(contested, max(rest, Decimal(0)))
        contested -= doubt
        if rest:
            yield Open(due, row["id"], number, kind, row["currency"], asked, rest, doubt)


def _contested(row: Row, left: Decimal, as_of: date) -> Decimal:
    if not row["disputed"] or left <= 0 or (row["disputed_on"] or as_of) > as_of or row["credits_id"]:
        return Decimal(0)
    return min(left if row["disputed_amount"] is None else row["disputed_amount"], left)


def _on_account(ledger: Ledger, as_of: date) -> Iterator[Open]:
    moves: dict[tuple[str, bool], list[Row]] = defaultdict(list)
    net: dict[str, Decimal] = defaultdict(Decimal)
    for row in sorted(ledger.payments, key=lambda row: (row["paid_on"], row["id"])):
        if row["invoice_id"] is None and row["paid_on"] <= as_of:
            moves[row["currency"], row["amount"] > 0].append(row)
            net[row["currency"]] += row["amount"]
    for currency, total in net.items():
        used = abs(sum((row["amount"] for row in moves[currency, total < 0]), Decimal(0)))
        for row in moves[currency, total > 0] if total else []:
            taken = min(used, abs(row["amount"]))
            used -= taken
            rest = abs(row["amount"]) - taken
            if rest:
                whole = -rest if row["amount"] > 0 else rest
                yield Open(row["paid_on"], row["id"], 0, "unapplied_cash", currency, -row["amount"], whole, Decimal(0))
