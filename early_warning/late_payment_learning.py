"""Learning when invoices are paid, and an honest measurement on later ones.

The model learns from what was known on one day and is measured on invoices issued from that day on, each asked on the
day of its issue. It is the learner of the other model: a line and shallow trees, blended on later days than they
learned from, which calibrates the chance as well. Invoices that are still open teach what they have come to so far.
"""

from datetime import date
from typing import NamedTuple

import numpy as np

from early_warning.document import Feature
from early_warning.evaluation import Held, compare, draws, quality
from early_warning.late_payment_book import NEVER, Book
from early_warning.late_payment_curves import INTERVALS, AtRisk, Curves, OwnPast, at_risk
from early_warning.late_payment_figures import VERY_LATE, Asked, Past, at_issue
from early_warning.late_payment_model import Rows, features_of, hazards, intervals_of, rows_of
from early_warning.late_payment_usable import PAST_RATE_ROC_AUC, ROC_AUC
from early_warning.learning import learn
from early_warning.metrics import BINS, Floats, Places, brier, pr_auc, roc_auc
from early_warning.model import Model, noted
from early_warning.table import Table
from models.model_kind import ModelKind
from models.payment_model import PaymentEvaluation, ReliabilityRow, VeryLate
from models.reasons import Reason, because

EARLIER_PART = 0.7
FEWEST_INVOICES = 300
FEWEST_OF_A_KIND = 30  # late and in time, among the later invoices
FEWEST_AT_RISK = 30  # invoices that reached an interval
MOST_ROWS = 40_000  # of the newest invoices: more cost minutes and say little new
NOTHING_EARLIER = (
    "insufficient history for a model: too few invoices were followed to their end before {day}; "
    "the client's past late rate is used"
)
GAP = 30  # days between what a part of the learning is chosen on and what it learned from


class Judged(NamedTuple):
    """Invoices of the later part whose outcome is known. Very late is judged on those due long enough ago."""

    rows: Places
    late: Floats
    judged_for_very_late: Places
    very_late: Floats


def split_on(book: Book, as_of: date) -> date:
    """The day on which the later part begins: three in ten invoices that fell due until `as_of` were issued from it."""
    issued = np.sort(book.issued[book.due < as_of.toordinal()])
    return date.fromordinal(int(issued[int(len(issued) * EARLIER_PART)])) if len(issued) else as_of


def judged(book: Book, split: date, as_of: date) -> Judged:
    """Invoices issued from a day on that were due before `as_of`, so that everybody knows which of them were late.

    What is due on its day of issue is left out: it is late a day later, and there is nothing to foresee.
    """
    until = as_of.toordinal()
    rows = np.flatnonzero((book.issued >= split.toordinal()) & (book.due < until) & (book.due > book.issued))
    from_due = book.settled[rows] - book.due[rows]
    long_ago = np.flatnonzero(book.due[rows] + VERY_LATE < until)
    very_late = (from_due[long_ago] > VERY_LATE).astype(np.float64)
    return Judged(rows, (from_due > 0).astype(np.float64), long_ago, very_late)


def too_little(book: Book, as_of: date) -> Reason | None:
    """Why these invoices train nothing; None when they do."""
    split = split_on(book, as_of)
    later = judged(book, split, as_of)
    settled = int((book.settled < NEVER).sum())
    late = int(later.late.sum())
    if settled >= FEWEST_INVOICES and min(late, len(later.rows) - late) >= FEWEST_OF_A_KIND:
        ends = np.bincount(_known_before(book, split).settled, minlength=2)  # still open, and settled
        return None if ends.min() >= FEWEST_OF_A_KIND else because(NOTHING_EARLIER, day=split)
    return because(
        "insufficient history for a model: {settled} settled invoices, of {fewest} needed, and {late} late and "
        "{in_time} in time among the later ones, of {fewest_of_a_kind} each; the client's past late rate is used",
        settled=settled,
        fewest=FEWEST_INVOICES,
        late=late,
        in_time=len(later.rows) - late,
        fewest_of_a_kind=FEWEST_OF_A_KIND,
    )


def train(book: Book, as_of: date) -> tuple[Model, PaymentEvaluation]:
    """Learn from the earlier part and measure on the later one. The model that comes out is the one that was measured.

    It carries what decides whether it may be used. Call it only when `too_little` is None.
    """
    split = split_on(book, as_of)
    model = learn_before(book, split)
    measured = measure(model, model.body.features, book, split, as_of)
    notes = {ROC_AUC: measured.roc_auc.value, PAST_RATE_ROC_AUC: measured.past_rate_roc_auc}
    return noted(model, notes), measured


class Lessons(NamedTuple):
    """What there is to learn from: a row an invoice in an interval; how many invoices, and the issue of the first."""

    table: Table
    invoices: int
    first_day: date


def learn_before(book: Book, split: date) -> Model:
    """Learn from what was known at the beginning of a day. Call it only when `too_little` is None."""
    lessons = lessons_before(book, split)
    model = learn(lessons.table, kind=ModelKind.LATE_PAYMENT)
    told: dict[str, int | float | str] = {
        "invoices": lessons.invoices,
        "first_day": str(lessons.first_day),
        "before": str(split),
    }
    return noted(model, told)


def lessons_before(book: Book, split: date) -> Lessons:
    """What was known at the beginning of a day, and nothing of it or of later ones."""
    found = _known_before(book, split)
    first, last = int(found.intervals.min()), int(found.intervals.max())
    invoices, places = np.unique(found.rows, return_inverse=True)
    figures = Past(book).figures(at_issue(book, invoices))[places]
    table = Table(
        features=features_of(range(first, last + 1)),
        matrix=rows_of(figures, found.intervals - first),
        labels=found.settled.astype(np.float64),
        days=book.issued[found.rows],
        horizon=GAP,
    )
    return Lessons(table, len(invoices), date.fromordinal(int(book.issued[invoices].min())))


def curves_at_issue(model: Rows, features: tuple[Feature, ...], book: Book, asked: Asked, split: date) -> Curves:
    """The curve of each invoice, as seen on its day of issue; all clients together as known on the day of the split."""
    of_all = OwnPast(book, split.toordinal() - 1).of_all
    now = -asked.term - 1  # the end of the day before
    return Curves(hazards(model, intervals_of(features), Past(book).figures(asked), now, of_all))


def chance_of_late(curves: Curves, asked: Asked, days: int = 0) -> Floats:
    """The chance to be open so many days after the due date, as seen on the day of issue."""
    return curves.still_open(-asked.term - 1, np.full(len(asked), days, dtype=np.int64))


def measure(model: Rows, features: tuple[Feature, ...], book: Book, split: date, as_of: date) -> PaymentEvaluation:
    """A model and the past late rate on the same later invoices. Clients are drawn together for the intervals."""
    later = judged(book, split, as_of)
    asked = at_issue(book, later.rows)
    curves = curves_at_issue(model, features, book, asked, split)
    chance = chance_of_late(curves, asked)
    rate = Past(book).late_rate(asked)
    everything = np.arange(len(later.rows))
    table = Table((), np.empty((len(later.rows), 0)), later.late, people=book.clients[later.rows])
    drawn = draws(table)
    ours, theirs = [Held(everything, chance)], [Held(everything, rate)]
    return PaymentEvaluation(
        **quality(table, ours, drawn),
        rows=len(later.rows),
        late=int(later.late.sum()),
        clients=len(np.unique(book.clients[later.rows])),
        split_on=split,
        until=as_of,
        past_rate_roc_auc=roc_auc(later.late, rate),
        past_rate_brier=brier(later.late, rate),
        gain=compare(table, ours, theirs, drawn)["roc_auc"],
        very_late=_very_late(later, chance_of_late(curves, asked, VERY_LATE), rate),
        reliability=_reliability(later.late, chance),
    )


def _known_before(book: Book, split: date) -> AtRisk:
    """What intervals had come to before a day, the newest if there are too many: from the first to the last interval
    that enough invoices reached; nothing when none did."""
    found = at_risk(book, split.toordinal() - 1)
    kept = np.sort(np.argsort(found.known_on, kind="stable")[-MOST_ROWS:])
    intervals = found.intervals[kept]
    reached = np.flatnonzero(np.bincount(intervals, minlength=INTERVALS) >= FEWEST_AT_RISK)
    first, last = (int(reached.min()), int(reached.max())) if len(reached) else (INTERVALS, 0)
    kept = kept[(intervals >= first) & (intervals <= last)]
    return AtRisk(*(column[kept] for column in found))


def _very_late(later: Judged, chance: Floats, rate: Floats) -> VeryLate:
    late = int(later.very_late.sum())
    if not FEWEST_OF_A_KIND <= late <= len(later.very_late) - FEWEST_OF_A_KIND:
        return VeryLate(late=late, roc_auc=None, pr_auc=None, past_rate_roc_auc=None)
    ours, theirs = chance[later.judged_for_very_late], rate[later.judged_for_very_late]
    return VeryLate(
        late=late,
        roc_auc=roc_auc(later.very_late, ours),
        pr_auc=pr_auc(later.very_late, ours),
        past_rate_roc_auc=roc_auc(later.very_late, theirs),
    )


def _reliability(late: Floats, chance: Floats) -> tuple[ReliabilityRow, ...]:
    order = np.argsort(chance, kind="stable")
    return tuple(
        ReliabilityRow(rows=len(part), predicted=float(chance[part].mean()), observed=float(late[part].mean()))
        for part in np.array_split(order, BINS)
        if len(part)
    )
