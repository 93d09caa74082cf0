"""A company whose clients pay by habit: some in time, some late, and one that has stopped paying."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from models.open_items import ItemKind, OpenItem, SettledItem

TODAY = date(2026, 11, 24)
HABITS = (-12, -6, -2, 3, 14, 28)  # days from the due date at which a client pays, more or less


def bill(client: str, number: int, issued: date, settled: date | None, **other: object) -> SettledItem:
    """One invoice of 30 days and 100 euros, unless told otherwise."""
    plain: dict[str, object] = {"due_on": issued + timedelta(days=30), "amount": Decimal(100), "currency": "EUR"}
    return SettledItem.model_validate(
        {"client_id": client, "document": f"{client}-{number}", "issued_on": issued, "settled_on": settled}
        | plain
        | other
    )


def payers(clients: int = 18, invoices: int = 24, seed: int = 5) -> list[SettledItem]:
    """Two years of invoices as known today; client n pays by the habit n mod 6, and larger amounts later."""
    random, found = Random(seed), []
    for client in range(clients):
        for number in range(invoices):
            issued = TODAY - timedelta(days=random.randrange(1, 730))
            amount = Decimal(random.randrange(50, 5000))
            habit = HABITS[client % len(HABITS)] + (6 if amount > 3000 else 0)
            settled = issued + timedelta(days=max(0, round(30 + habit + random.gauss(0, 6))))
            known = settled if settled <= TODAY else None
            found.append(bill(f"C{client:02}", number, issued, known, amount=amount))
    return found


def still_open(history: Sequence[SettledItem], as_of: date = TODAY) -> list[OpenItem]:
    """What of it was open at the end of a day."""
    return [
        item_of(each)
        for each in history
        if each.issued_on <= as_of and (each.settled_on is None or each.settled_on > as_of)
    ]


def item_of(each: SettledItem, **other: object) -> OpenItem:
    """The open item of an invoice that nothing was paid of."""
    plain: dict[str, object] = {"outstanding": each.amount, "whole": each.amount, "kind": ItemKind.INVOICE}
    shared = each.model_dump(exclude={"settled_on"})
    return OpenItem.model_validate(shared | plain | other)
