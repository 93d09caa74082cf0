"""Receivables from a folder into which an ERP drops its open items as CSV files, once a day."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

from models.base import ClientId
from models.exposure import part_of
from models.open_items import LedgerKey, OpenItem, Portion, Portions, SettledItem, SourceNote
from models.reasons import Reason, because
from systems.receivables.answers import Fields
from systems.receivables.drop import Drop, newest, read
from systems.receivables.drop_rows import (
    BALANCE_COLUMNS,
    BALANCES,
    INVOICE_COLUMNS,
    INVOICES,
    ITEM_COLUMNS,
    OPEN_ITEMS,
    balance_reader,
    invoice_reader,
    item_reader,
)
from systems.receivables.failures import no_answer, nothing_new
from systems.receivables.port import SourceCheck
from systems.receivables.whole_snapshot import WholeSnapshot

SYSTEM = "drop folder"


class CsvFolder:
    """The newest complete delivery on or before the day asked, unless it is more than `days` days older."""

    system = SYSTEM

    def __init__(self, folder: Path, days: int) -> None:
        self._folder = folder
        self._days = days

    @contextmanager
    def snapshot(self, clients: Portions, as_of: date) -> Iterator[WholeSnapshot]:
        """Read what these clients owe as of a day. All files are checked as a whole, also the rows of other clients."""
        read_at = datetime.now(UTC)
        drop = self._drop(as_of)
        ours = {portion.key: (client, portion) for client, portion in clients.items()}
        item, balance = item_reader(drop.day), balance_reader()
        rows = read(
            SYSTEM, drop, OPEN_ITEMS, ITEM_COLUMNS, lambda said: row if (row := item(said)).client in ours else None
        )
        balances = read(
            SYSTEM, drop, BALANCES, BALANCE_COLUMNS, lambda said: row if (row := balance(said))[0][0] in ours else None
        )
        note = SourceNote(
            system=SYSTEM,
            read_at=read_at,
            cannot=_cannot(drop, as_of),
            asked=len(ours),
            known=len({row.client for row in rows} | {key for (key, _), _ in balances}),
        )
        yield WholeSnapshot(
            note,
            as_of,
            [_portion_of(row.item, *ours[row.client]) for row in rows],
            {LedgerKey(ours[key][0], currency): owed for (key, currency), owed in balances},
        )

    def history(self, as_of: date, since: date, clients: Portions | None = None) -> Iterator[SettledItem]:
        """Invoices of the past, where the ERP delivers them; none where it does not."""
        drop = self._drop(as_of)
        if INVOICES not in drop.manifest.files:
            return
        ours = None if clients is None else {portion.key: client for client, portion in clients.items()}
        for row in read(SYSTEM, drop, INVOICES, INVOICE_COLUMNS, invoice_reader(drop.day)):
            client = row.client_id if ours is None else ours.get(row.client_id)
            if client is not None and since <= row.issued_on <= as_of:
                yield row.model_copy(update={"client_id": client})

    def check(self) -> SourceCheck:
        """Read the newest delivery as a whole."""
        today = datetime.now(UTC).date()
        drop = self._drop(today)
        can = [
            because(
                "the delivery of {day}: {items} open items, {balances} balances",
                day=drop.day,
                items=_count(drop, OPEN_ITEMS, ITEM_COLUMNS, item_reader(drop.day)),
                balances=_count(drop, BALANCES, BALANCE_COLUMNS, balance_reader()),
            )
        ]
        if INVOICES in drop.manifest.files:
            invoices = _count(drop, INVOICES, INVOICE_COLUMNS, invoice_reader(drop.day))
            can.append(because("{invoices} invoices of the past", invoices=invoices))
        return SourceCheck(tuple(can), _cannot(drop, today))

    def close(self) -> None:
        """Nothing is kept open."""

    def _drop(self, as_of: date) -> Drop:
        drop = newest(SYSTEM, self._folder, as_of)
        if drop is None:
            raise no_answer(SYSTEM, "it holds no complete delivery")
        if (as_of - drop.day).days > self._days:
            raise nothing_new(SYSTEM, drop.day, self._days)
        return drop


def _count(drop: Drop, name: str, columns: tuple[str, ...], make: Callable[[Fields], object]) -> int:
    """How many rows a file has, of which each can be understood; none is kept."""

    def look(said: Fields) -> None:
        make(said)

    read(SYSTEM, drop, name, columns, look)
    return drop.manifest.files[name].rows


def _cannot(drop: Drop, as_of: date) -> tuple[Reason, ...]:
    found = []
    if drop.day < as_of:
        found.append(because("what happened after the delivery of {day}", day=drop.day))
    if INVOICES not in drop.manifest.files:
        found.append(because("how invoices of the past were paid"))
    return tuple(found)


def _portion_of(item: OpenItem, client: ClientId, portion: Portion) -> OpenItem:
    parts = {"outstanding": part_of(item.whole, portion), "disputed": part_of(item.disputed, portion)}
    return item.model_copy(update={"client_id": client, **parts})
