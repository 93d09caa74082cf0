"""What is known of an invoice before it is paid: the past of its client up to a day, its terms, its size.

Nothing of the calendar, of disputes or of the settlement itself is among them. A figure that cannot be known is NaN.
"""

from dataclasses import dataclass, fields

import numpy as np

from early_warning.late_payment_book import MILLIONTH, NEVER, Before, Book, Known
from early_warning.metrics import Floats, Places

RECENT = 5  # invoices: the last ones that were settled
VERY_LATE = 10  # days
WEIGHT_OF_ALL = 1.0  # invoices of the average client that are added to the past of each
FIGURES = (
    "settled_count",
    "late_rate",
    "recent_late_rate",
    "very_late_rate",
    "mean_days_late",
    "mean_days_from_due",
    "recent_days_from_due",
    "last_days_from_due",
    "open_count",
    "open_late_count",
    "days_since_payment",
    "amount_against_own",
    "amount_against_all",
    "term_days",
)


@dataclass(frozen=True)
class Asked:
    """Invoices to say something about, each as of the beginning of a day. -1 is a client or account without a past.

    `counted` is 1 where the invoice itself is among those that the book knows: it is no past of its own.
    """

    clients: Places
    accounts: Places
    currencies: Places
    due: Places
    term: Places
    log_amounts: Places
    days: Places
    counted: Places

    def __len__(self) -> int:
        return len(self.days)

    def take(self, rows: Places) -> "Asked":
        """Some of them."""
        return Asked(**{each.name: getattr(self, each.name)[rows] for each in fields(self)})


def at_issue(book: Book, rows: Places) -> Asked:
    """Some invoices of the book on the day of their issue, when nothing of them was counted yet."""
    return Asked(
        clients=book.clients[rows],
        accounts=book.accounts[rows],
        currencies=book.currencies[rows],
        due=book.due[rows],
        term=book.due[rows] - book.issued[rows],
        log_amounts=book.log_amounts[rows],
        days=book.issued[rows],
        counted=np.zeros(len(rows), dtype=np.int64),
    )


class Past:
    """The past of every client in a book, asked as of any day."""

    def __init__(self, book: Book) -> None:
        settled = np.flatnonzero(book.settled < NEVER)
        from_due = book.settled - book.due
        clients, everybody = book.clients, np.zeros(len(book), dtype=np.int64)
        # An invoice is known to be late on the day after its due date, and known to be on time when it is paid.
        told = np.where(book.late == 1, book.due + 1, book.settled)
        self._outcomes = Known(clients, told, book.late)
        self._outcomes_of_all = Known(everybody, told, book.late)
        self._settled = Known(
            clients[settled],
            book.settled[settled],
            book.late[settled],
            np.maximum(from_due, 0)[settled],
            from_due[settled],
            (from_due > VERY_LATE).astype(np.int64)[settled],
        )
        self._issued = Known(clients, book.issued)
        self._amounts = Known(book.accounts, book.issued, book.log_amounts)
        self._amounts_of_all = Known(book.currencies, book.issued, book.log_amounts)

    def late_rate(self, asked: Asked) -> Floats:
        """The one figure that a model has to beat: the share of late invoices, shrunk to that of all clients."""
        known = self._outcomes.before(asked.clients, asked.days)
        own = asked.counted * (asked.due + 1 < asked.days)
        of_all = self._outcomes_of_all.before(np.zeros(len(asked), dtype=np.int64), asked.days)
        average = (of_all.sums[0] - own + 0.5) / (of_all.times - own + 1.0)
        return np.asarray(
            (known.sums[0] - own + WEIGHT_OF_ALL * average) / (known.times - own + WEIGHT_OF_ALL), dtype=np.float64
        )

    def settled_count(self, clients: Places, days: Places) -> Places:
        """How many invoices of a client had been settled."""
        return self._settled.before(clients, days).times

    def figures(self, asked: Asked) -> Floats:
        """One row an invoice with the columns of FIGURES."""
        clients, days = asked.clients, asked.days
        settled = self._settled.before(clients, days)
        recent = self._settled.before(clients, days, RECENT)
        last = self._settled.before(clients, days, 1)
        late, outcomes = settled.sums[0], self._outcomes.before(clients, days)
        own_late = asked.counted * (asked.due + 1 < days)
        paid_before = settled.times > 0
        return np.column_stack(
            [
                settled.times,
                self.late_rate(asked),
                _mean(recent, 0),
                _mean(settled, 3),
                _mean(settled, 1),
                _mean(settled, 2),
                _mean(recent, 2),
                _mean(last, 2),
                self._issued.before(clients, days).times - settled.times - asked.counted,
                outcomes.sums[0] - late - own_late,
                np.where(paid_before, days - settled.last_day, np.nan),
                self._against(self._amounts, asked.accounts, asked),
                self._against(self._amounts_of_all, asked.currencies, asked),
                asked.term,
            ]
        ).astype(np.float64)

    def _against(self, amounts: Known, keys: Places, asked: Asked) -> Floats:
        """The logarithm of the amount less the mean of those before."""
        before = amounts.before(keys, asked.days)
        times, total = before.times - asked.counted, before.sums[0] - asked.counted * asked.log_amounts
        return np.where(times > 0, (asked.log_amounts - total / np.maximum(times, 1)) / MILLIONTH, np.nan)


def _mean(before: Before, value: int) -> Floats:
    return np.where(before.times > 0, before.sums[value] / np.maximum(before.times, 1), np.nan)
