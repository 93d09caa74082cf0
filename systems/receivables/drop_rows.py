"""What stands in the rows of a delivery: its columns, and what a row must say to be believed."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from models.amounts import ZERO
from models.open_items import ItemKind, OpenItem, SettledItem
from systems.receivables.answers import Fields

OPEN_ITEMS, BALANCES, INVOICES = "open_items.csv", "balances.csv", "invoices.csv"
ITEM_COLUMNS = (
    "client", "document", "instalment", "kind", "issued_on", "due_on", "amount", "outstanding", "disputed", "currency",
)  # fmt: skip
BALANCE_COLUMNS = ("client", "currency", "balance")
INVOICE_COLUMNS = ("client", "document", "issued_on", "due_on", "settled_on", "amount", "currency")

NO_KIND = "is none of invoice, credit_note and unapplied_cash"
NOTHING_OPEN = "is zero: an item of which nothing is open is left out"
NOT_NEGATIVE = "is not negative: credit notes and unapplied cash are what we owe the client"
NOT_DISPUTED = "is less than zero or more than what is outstanding"
TOO_NEW = "is later than the day of the delivery"
TWICE = "is there twice"


class Dropped(NamedTuple):
    """One row of open items: the client as the ERP calls it, and the whole item, of which no part is taken yet."""

    client: str
    item: OpenItem


def item_reader(day: date) -> Callable[[Fields], Dropped]:
    """A reader of open items as of the end of a day; it refuses what no ledger can mean, and an item twice."""
    seen: set[tuple[str, str, int]] = set()

    def read_item(fields: Fields) -> Dropped:
        client, document = fields.text("client", longest=64), fields.text("document")
        instalment = fields.number("instalment") if fields.row["instalment"] else 0
        if (client, document, instalment) in seen:
            raise fields.misread("document", TWICE)
        seen.add((client, document, instalment))
        if fields.row["kind"] not in tuple(ItemKind):
            raise fields.misread("kind", NO_KIND)
        kind = ItemKind(fields.text("kind"))
        issued_on, outstanding = fields.day("issued_on"), fields.amount("outstanding")
        _check_sense(fields, kind, outstanding)
        if issued_on > day:
            raise fields.misread("issued_on", TOO_NEW)
        item = OpenItem(
            document=document,
            instalment=instalment,
            kind=kind,
            client_id=client,
            issued_on=issued_on,
            due_on=fields.day("due_on") if kind is ItemKind.INVOICE else issued_on,
            amount=fields.amount("amount"),
            outstanding=outstanding,
            whole=outstanding,
            currency=fields.currency("currency"),
            disputed=_disputed(fields, outstanding),
        )
        return Dropped(client, item)

    return read_item


def _check_sense(fields: Fields, kind: ItemKind, outstanding: Decimal) -> None:
    if outstanding == 0:
        raise fields.misread("outstanding", NOTHING_OPEN)
    if kind is not ItemKind.INVOICE and outstanding > 0:
        raise fields.misread("outstanding", NOT_NEGATIVE)


def _disputed(fields: Fields, outstanding: Decimal) -> Decimal:
    disputed = fields.amount("disputed") if fields.row["disputed"] else ZERO
    if not 0 <= disputed <= max(ZERO, outstanding):
        raise fields.misread("disputed", NOT_DISPUTED)
    return disputed


def balance_reader() -> Callable[[Fields], tuple[tuple[str, str], Decimal]]:
    """A reader of balances by client and currency."""
    seen: set[tuple[str, str]] = set()

    def read_balance(fields: Fields) -> tuple[tuple[str, str], Decimal]:
        key = fields.text("client", longest=64), fields.currency("currency")
        if key in seen:
            raise fields.misread("client", TWICE)
        seen.add(key)
        return key, fields.amount("balance")

    return read_balance


def invoice_reader(day: date) -> Callable[[Fields], SettledItem]:
    """A reader of invoices as they were known at the end of a day."""

    def read_invoice(fields: Fields) -> SettledItem:
        issued_on = fields.day("issued_on")
        settled_on = fields.day("settled_on") if fields.row["settled_on"] else None
        if issued_on > day or (settled_on or day) > day:
            raise fields.misread("issued_on" if issued_on > day else "settled_on", TOO_NEW)
        return SettledItem(
            client_id=fields.text("client", longest=64),
            document=fields.text("document"),
            issued_on=issued_on,
            due_on=fields.day("due_on"),
            settled_on=settled_on,
            amount=fields.amount("amount"),
            currency=fields.currency("currency"),
        )

    return read_invoice
