"""The receivable audit of everybody at once: one snapshot of one system, one audit a salesperson."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

from activities.known_clients import believed
from activities.receivable_facts import Books, books_of_all
from models.amounts import ONE, ZERO
from models.base import ClientId, EmployeeId, Value
from models.exposure import lines_of, part_of
from models.open_items import ExposureLine, Ledger, LedgerKey, OpenItem, Portion
from models.policy import Policy
from models.receivable_audit import audit
from models.receivables import ReceivableAudit
from settings import Settings
from store.database import Database
from store.policies import load_policy
from systems.receivables.choose import source_for
from systems.receivables.port import ReceivableSource


class OwnerAudit(Value):
    """The audit of one salesperson."""

    employee: EmployeeId
    audit: ReceivableAudit


def audits_of_all(database: Database, settings: Settings, as_of: date | None, policy: str) -> Iterator[OwnerAudit]:
    """Audit what the clients of everybody owe who has clients, in order of employee id, all at the same moment.

    What costs a look at the past (forecast, DSO and CEI, commission) is left out.
    """
    rules, day = load_policy(policy, settings.policy_dir), as_of or datetime.now(UTC).date()
    with database.begin() as connection:
        books = books_of_all(connection, rules, day)
    with source_for(settings, database) as source:
        yield from audit_everybody(source, books, rules, day)


def audit_everybody(
    source: ReceivableSource, books: Mapping[EmployeeId, Books], policy: Policy, as_of: date
) -> Iterator[OwnerAudit]:
    """The same from a source that is open. Clients are read whole, so that every holder sees the same moment.

    Raises Unavailable as the port does, and when the system knows none of the clients.
    """
    clients = {client: Portion(key=portion.key) for each in books.values() for client, portion in each.portions.items()}
    shared = {
        client
        for each in books.values()
        for client, portion in each.portions.items()
        if (portion.low, portion.high) != (ZERO, ONE)
    }
    with source.snapshot(clients, as_of) as snapshot:
        note = believed(snapshot.source)
        lines, balances = _by_client(snapshot.lines(policy.ageing)), _balances(snapshot.ledger())
        # Parts are rounded item by item, so that the sums of shared clients cannot be split: only these need items.
        items = _items_of(shared, snapshot.items()) if shared else {}
    for employee in sorted(books):
        book = books[employee]
        theirs = [
            line
            for client, portion in book.portions.items()
            for line in (
                lines_of(_parts(items[client], portion), policy.ageing, as_of)
                if client in items
                else lines.get(client, ())
            )
        ]
        ledger = {key: balance for client in book.portions for key, balance in balances.get(client, ())}
        found = audit(theirs, ledger, book.facts(), policy.ageing, as_of, source=note)
        # Rates of the past are the company's, not the person's: they are not said again for everybody.
        yield OwnerAudit(employee=employee, audit=found.model_copy(update={"observed_rates": ()}))


def _by_client(lines: Sequence[ExposureLine]) -> dict[ClientId, list[ExposureLine]]:
    found: dict[ClientId, list[ExposureLine]] = defaultdict(list)
    for line in lines:
        found[line.client].append(line)
    return dict(found)


def _balances(ledger: Ledger) -> dict[ClientId, list[tuple[LedgerKey, Decimal]]]:
    found: dict[ClientId, list[tuple[LedgerKey, Decimal]]] = defaultdict(list)
    for key, balance in ledger.items():
        found[key.client].append((key, balance))
    return dict(found)


def _items_of(shared: set[ClientId], items: Iterator[OpenItem]) -> dict[ClientId, list[OpenItem]]:
    found: dict[ClientId, list[OpenItem]] = {client: [] for client in shared}
    for item in items:
        if item.client_id in found:
            found[item.client_id].append(item)
    return found


def _parts(items: Sequence[OpenItem], portion: Portion) -> Iterator[OpenItem]:
    for item in items:
        outstanding, disputed = part_of(item.whole, portion), part_of(item.disputed, portion)
        yield item.model_copy(update={"outstanding": outstanding, "disputed": disputed})
