"""What Offboard asks of the system that keeps invoices and payments."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple, Protocol

from models.receivables import OpenItem


class Position(NamedTuple):
    """Open items and ledger balances of the same moment."""

    open_items: Sequence[OpenItem]
    ledger_balances: dict[str, Decimal]


class ReceivableSource(Protocol):
    """One system of record for receivables.

    The items of a salesperson are those of the clients that they own now, whoever holds these for the time being. As
    of a date means: invoices issued and payments made up to and including that day. Every method raises `Unavailable`
    when the system does not answer or answers what cannot be understood. Nothing is ever changed.
    """

    def open_items(self, owner_id: str, as_of: date) -> Sequence[OpenItem]:
        """Invoices with something left to pay, or paid too much. A payment made before its invoice was issued counts
        as an overpayment. In order of invoice id; empty for somebody without clients.
        """
        ...

    def ledger_balances(self, owner_id: str, as_of: date) -> dict[str, Decimal]:
        """Sum invoiced minus sum paid per currency, counted without looking at single invoices."""
        ...

    def position(self, owner_id: str, as_of: date) -> Position:
        """Both at the same moment, so that a payment in between cannot make them disagree."""
        ...
