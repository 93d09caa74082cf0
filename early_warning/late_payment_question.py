"""Open items as a question: what is known of each at the end of a day."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from early_warning.late_payment_book import Book, column, log_amount
from early_warning.late_payment_figures import Asked, Past
from early_warning.metrics import Places
from models.open_items import ItemKind, OpenItem


@dataclass(frozen=True)
class Question:
    """The items that are asked about, how many days from due they are, and the past of their clients."""

    items: Sequence[OpenItem]
    asked: Asked
    now: Places
    past: Past


def question_of(items: Iterable[OpenItem], book: Book, as_of: date) -> Question:
    """As of the end of a day. Credits and what was paid too much take no part."""
    found = [item for item in items if item.kind is ItemKind.INVOICE and item.outstanding > 0 and item.amount > 0]
    invoices = set(book.invoices())
    due = column(item.due_on.toordinal() for item in found)
    asked = Asked(
        clients=column(book.client_ids.get(item.client_id, -1) for item in found),
        accounts=column(book.account_ids.get((item.client_id, item.currency), -1) for item in found),
        currencies=column(book.currency_ids.get(item.currency, -1) for item in found),
        due=due,
        term=due - column(item.issued_on.toordinal() for item in found),
        log_amounts=column(log_amount(float(item.amount)) for item in found),
        days=np.full(len(found), as_of.toordinal() + 1, dtype=np.int64),
        counted=column((item.client_id, item.document) in invoices for item in found),
    )
    return Question(found, asked, as_of.toordinal() - due, Past(book))
