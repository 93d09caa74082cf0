"""When clients pay, on a public ledger: our model, the past late rate and two anchors on the same invoices in one run.

All learn from what was known before July 2013 and are asked about the 536 invoices issued from then on, on the day of
issue. Nobody here wrote the data; they are not part of the project and are looked for in `../shared/data` beside the
checkout. The last lines are the time of a forecast of 100,000 open items on made-up ones.
"""

import csv
import time
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage

import numpy as np

from early_warning.host import close_all
from early_warning.late_payment import forecast
from early_warning.late_payment_book import Book, book_of
from early_warning.late_payment_figures import VERY_LATE, Asked, Past, at_issue
from early_warning.late_payment_learning import (
    Judged,
    chance_of_late,
    curves_at_issue,
    judged,
    learn_before,
    measure,
)
from early_warning.metrics import Floats, brier, ece, pr_auc, roc_auc
from early_warning.model import Model, noted
from models.open_items import OpenItem, SettledItem

ROOT = Path(__file__).parents[1]
FILE = ROOT.parent / "shared" / "data" / "ibm_late_payment" / "WA_Fn-UseC_-Accounts-Receivable.csv"
SPLIT, END = date(2013, 7, 1), date(2014, 1, 31)
TODAY = date(2026, 11, 24)
CLIENTS, PAST_EACH, OPEN_EACH = 10_000, 30, 10


def run() -> dict[str, str]:
    """A row a model; skips with a message where the ledger is absent."""
    if not FILE.is_file():
        return {"public ledger": f"skipped: {FILE} is not there"}
    book = book_of(read_ledger(), END)
    started = time.process_time()
    model = learn_before(book, SPLIT)
    spent = time.process_time() - started
    later = judged(book, SPLIT, END)
    asked = at_issue(book, later.rows)
    curves = curves_at_issue(model, model.body.features, book, asked, SPLIT)
    rate = Past(book).late_rate(asked)
    rows = {"late | more than ten days late": "ROC-AUC, PR-AUC, Brier, ECE | ROC-AUC, PR-AUC, Brier, ECE"}
    rows["our model"] = _shown(later, chance_of_late(curves, asked), chance_of_late(curves, asked, VERY_LATE))
    rows["past late rate alone"] = _shown(later, rate, rate)
    for name, chances in _anchors(book, asked).items():
        rows[name] = _shown(later, *chances)
    measured = measure(model, model.body.features, book, SPLIT, END)
    gain = measured.gain
    rows["gain over the rate, ROC-AUC"] = f"{gain.value:+.4f} ({gain.low:+.3f}..{gain.high:+.3f})"
    rows["learned in"] = f"{spent:.1f} CPU s"
    rows |= {
        f"chance, tenth {number}": f"predicted {row.predicted:.3f}, observed {row.observed:.3f} ({row.rows} invoices)"
        for number, row in enumerate(measured.reliability, 1)
    }
    notes = {"roc_auc": measured.roc_auc.value, "past_rate_roc_auc": measured.past_rate_roc_auc}
    return rows | _speed(noted(model, notes))


def read_ledger() -> list[SettledItem]:
    """The public file as invoices of the past."""
    with FILE.open(encoding="utf-8", newline="") as source:
        return [
            SettledItem(
                client_id=row["customerID"],
                document=row["invoiceNumber"],
                issued_on=_day(row["InvoiceDate"]),
                due_on=_day(row["DueDate"]),
                settled_on=_day(row["SettledDate"]),
                amount=Decimal(row["InvoiceAmount"]),
                currency="USD",
            )
            for row in csv.DictReader(source)
        ]


def _day(text: str) -> date:
    return datetime.strptime(text, "%m/%d/%Y").date()  # noqa: DTZ007  (a day has no zone)


def _anchors(book: Book, asked: Asked) -> dict[str, tuple[Floats, Floats]]:
    """Models of one target each, on the same figures; they learn from invoices settled before the split."""
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from xgboost import XGBClassifier

    past = Past(book)
    known = np.flatnonzero(book.settled < SPLIT.toordinal())
    learned_from, asked_of = past.figures(at_issue(book, known)), past.figures(asked)
    found: dict[str, tuple[Floats, Floats]] = {}
    for name in ("logistic regression", "XGBoost as it comes"):
        chances: list[Floats] = []
        for days in (0, VERY_LATE):
            model = (
                XGBClassifier(n_jobs=1, random_state=0)
                if name.startswith("XGBoost")
                else make_pipeline(
                    SimpleImputer(strategy="median"), StandardScaler(), LogisticRegression(C=0.1, max_iter=2000)
                )
            )
            model.fit(learned_from, (book.settled[known] - book.due[known] > days).astype(int))
            chances.append(np.asarray(model.predict_proba(asked_of)[:, 1], dtype=np.float64))
        found[name] = (chances[0], chances[1])
    return found


def _shown(later: Judged, late: Floats, very_late: Floats) -> str:
    parts = ((later.late, late), (later.very_late, very_late[later.judged_for_very_late]))
    return " | ".join(
        ", ".join(f"{measure(truth, chance):.4f}" for measure in (roc_auc, pr_auc, brier, ece))
        for truth, chance in parts
    )


def _speed(model: Model) -> dict[str, str]:
    history, items = _made_up()
    shown = {}
    for name, document in (("past late rate", None), ("model", model.document)):
        started, before = time.perf_counter(), _cpu()
        found = forecast(items, history, TODAY, document)
        wall = time.perf_counter() - started
        close_all()  # the time of a child counts when it has ended
        assert len(found.clients) == CLIENTS
        label = f"forecast of {len(items):,} items of {CLIENTS:,} clients with {len(history):,} past ones, by {name}"
        shown[label] = f"{_cpu() - before:.1f} CPU s, with the model's process and its start; {wall:.1f} s on the clock"
    return shown


def _cpu() -> float:
    return sum(used.ru_utime + used.ru_stime for used in map(getrusage, (RUSAGE_SELF, RUSAGE_CHILDREN)))


def _made_up() -> tuple[Sequence[SettledItem], Sequence[OpenItem]]:
    random, history, items = Random(1), [], []
    for client in range(CLIENTS):
        for number in range(PAST_EACH + OPEN_EACH):
            issued = TODAY - timedelta(days=random.randrange(700 if number < PAST_EACH else 90))
            due = issued + timedelta(days=30)
            amount = Decimal(random.randrange(100, 99_999)) / 100
            settled = due + timedelta(days=random.randrange(-30, 40))
            shared = {"document": f"{client}-{number}", "client_id": f"C{client}", "issued_on": issued, "due_on": due}
            if number < PAST_EACH:
                known = settled if settled <= TODAY else None
                history.append(SettledItem(settled_on=known, amount=amount, currency="USD", **shared))  # type: ignore[arg-type]
            else:
                items.append(OpenItem(amount=amount, outstanding=amount, whole=amount, currency="USD", **shared))  # type: ignore[arg-type]
    return history, items


if __name__ == "__main__":
    for name, figure in run().items():
        print(f"{name}: {figure}")
