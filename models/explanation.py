"""One figure of a report opened up: how it is made, of which parts, and of which open items."""

from datetime import date
from decimal import Decimal

from models.base import CaseId, ClientId, Value
from models.figures import Figure
from models.open_items import ItemKind, OpenItem, SourceNote


class ExplainedItem(Value):
    """An open item behind a figure; `counts` is what it adds to it."""

    document: str
    instalment: int
    kind: ItemKind
    client: ClientId
    issued_on: date
    due_on: date
    days_past_due: int
    amount: Decimal
    outstanding: Decimal
    disputed: Decimal
    currency: str
    counts: Decimal

    @classmethod
    def of(cls, item: OpenItem, counts: Decimal, as_of: date) -> "ExplainedItem":
        """Show an item as of a day."""
        return cls(
            document=item.document,
            instalment=item.instalment,
            kind=item.kind,
            client=item.client_id,
            issued_on=item.issued_on,
            due_on=item.due_on,
            days_past_due=max(0, (as_of - item.due_on).days),
            amount=item.amount,
            outstanding=item.outstanding,
            disputed=item.disputed,
            currency=item.currency,
            counts=counts,
        )


class Explanation(Value):
    """A figure with all that it is made of. `items` add up to `items_total`: to the figure itself where it is a sum of
    items (`figure.items_of` is its own name), else to the figure that it was made from.
    """

    case_id: CaseId
    version: int
    policy: str
    as_of: date
    source: SourceNote | None
    figure: Figure
    items: tuple[ExplainedItem, ...]
    items_total: Decimal | None
