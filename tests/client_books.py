"""Books of clients in plain Python: documents and payments, and what is open of them, counted the slow and simple way.

An oracle for everything that works with open items. It shares no code with the product but the rule of shares.
"""

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal

from models.exposure import part_of
from models.open_items import ItemKind, LedgerKey, OpenItem, Portion

TODAY = date(2026, 11, 24)
NOTHING = Decimal(0)
ALL = Portion(key="all")


@dataclass(frozen=True)
class Document:
    """An invoice, or a credit note when `amount` is negative. `parts` are instalments: (due day, amount)."""

    id: str
    client: str
    amount: Decimal
    issued_on: date
    due_on: date
    currency: str = "USD"
    parts: tuple[tuple[date, Decimal], ...] = ()
    disputed: Decimal = NOTHING
    credits: str | None = None


@dataclass(frozen=True)
class Payment:
    """Money in on a document, or on account of a client when `document` is None."""

    id: str
    client: str
    amount: Decimal
    paid_on: date
    currency: str = "USD"
    document: str | None = None


@dataclass(frozen=True)
class Books:
    """Everything that was ever written down."""

    documents: tuple[Document, ...] = ()
    payments: tuple[Payment, ...] = ()
    portions: dict[str, Portion] = field(default_factory=dict)

    def paid(self, *payments: Payment) -> "Books":
        """The same books with more payments."""
        return replace(self, payments=(*self.payments, *payments))

    def items(self, as_of: date = TODAY) -> list[OpenItem]:
        """Every open item as of a day, in no order that anybody should rely on."""
        documents = [doc for doc in self.documents if doc.credits is None and doc.issued_on <= as_of]
        cash = [pay for pay in self.payments if pay.document is None and pay.paid_on <= as_of]
        return [
            *(item for doc in documents for item in self._of_document(doc, as_of)),
            *(self._item(pay.client, pay.id, 0, -pay.amount, pay) for pay in cash),
        ]

    def ledger(self, as_of: date = TODAY) -> dict[LedgerKey, Decimal]:
        """What every client owes: all that was invoiced less all that came in, without a look at open items."""
        balances: dict[LedgerKey, Decimal] = {}
        for doc in self.documents:
            if doc.issued_on <= as_of:
                key = LedgerKey(doc.client, doc.currency)
                balances[key] = balances.get(key, NOTHING) + doc.amount
        for pay in self.payments:
            if pay.paid_on <= as_of:
                key = LedgerKey(pay.client, pay.currency)
                balances[key] = balances.get(key, NOTHING) - pay.amount
        return balances

    def _of_document(self, doc: Document, as_of: date) -> list[OpenItem]:
        notes = [note for note in self.documents if note.credits == doc.id and note.issued_on <= as_of]
        came_in = [pay for pay in self.payments if pay.document == doc.id and pay.paid_on <= as_of]
        settled = sum((pay.amount for pay in came_in), NOTHING) - sum((note.amount for note in notes), NOTHING)
        contested = doc.disputed
        items = []
        parts = sorted(doc.parts) or [(doc.due_on, doc.amount)]
        for number, (due_on, amount) in enumerate(parts, start=1 if doc.parts else 0):
            is_last = number == len(doc.parts)
            taken = settled if is_last else min(settled, amount)
            settled -= taken
            rest = amount - taken
            disputed = max(NOTHING, min(contested, rest))
            contested -= disputed
            if rest:
                items.append(self._item(doc.client, doc.id, number, rest, replace(doc, due_on=due_on), disputed))
        return items

    def _item(
        self,
        client: str,
        document: str,
        number: int,
        rest: Decimal,
        source: Document | Payment,
        disputed: Decimal = NOTHING,
    ) -> OpenItem:
        portion = self.portions.get(client, ALL)
        if isinstance(source, Payment):
            kind, issued_on, due_on = ItemKind.UNAPPLIED_CASH, source.paid_on, source.paid_on
        elif source.amount < 0:
            kind, issued_on, due_on = ItemKind.CREDIT_NOTE, source.issued_on, source.issued_on
        else:
            kind, issued_on, due_on = ItemKind.INVOICE, source.issued_on, source.due_on
        return OpenItem(
            document=document,
            instalment=number,
            kind=kind,
            client_id=client,
            issued_on=issued_on,
            due_on=due_on,
            amount=source.amount,
            outstanding=part_of(rest, portion),
            whole=rest,
            currency=source.currency,
            disputed=part_of(disputed, portion),
        )


def owes(
    outstanding: str | int | Decimal,
    *,
    past_due: int = 0,
    client: str = "C1",
    currency: str = "USD",
    document: str = "",
    age: int | None = None,
    disputed: str | int | Decimal = 0,
) -> OpenItem:
    """An open item that fell due `past_due` days ago and was issued `age` days ago, all of it the leaver's."""
    amount = Decimal(outstanding)
    due = TODAY - timedelta(days=past_due)
    return OpenItem(
        document=document or f"{client}-{past_due}-{amount}",
        client_id=client,
        issued_on=due - timedelta(days=30) if age is None else TODAY - timedelta(days=age),
        due_on=due,
        amount=abs(amount),
        outstanding=amount,
        whole=amount,
        currency=currency,
        disputed=Decimal(disputed),
    )


def ledger_of(items: list[OpenItem]) -> dict[LedgerKey, Decimal]:
    """Balances that agree with some items."""
    balances: dict[LedgerKey, Decimal] = {}
    for item in items:
        key = LedgerKey(item.client_id, item.currency)
        balances[key] = balances.get(key, NOTHING) + item.whole
    return balances
