"""Why a client is expected to pay when they are: figures of their past as sentences. A figure is stated, not judged."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import numpy as np

from early_warning.late_payment_curves import ENDS
from early_warning.late_payment_figures import FIGURES
from early_warning.late_payment_model import rows_of
from early_warning.late_payment_question import Question
from early_warning.late_payment_usable import Usable
from early_warning.metrics import Floats, Places
from models.payment_forecast import ClientForecast
from models.reasons import Reason, because

MOST = 3
EXPLAINED = 50  # clients of a currency: those to call first

# By figure: the sentence for one below zero, the one for all others, and how the figure is shown.
_SHARE, _WHOLE, _TIMES = 100.0, 1.0, 0.0
SENTENCES: Mapping[str, tuple[str, str, float]] = {
    "late_rate": ("", "{figure} % of the earlier invoices were paid late or are late now.", _SHARE),
    "recent_late_rate": ("", "{figure} % of the last five settled invoices were late.", _SHARE),
    "very_late_rate": ("", "{figure} % of the settled invoices came more than ten days late.", _SHARE),
    "mean_days_late": ("", "Settled invoices were {figure} days late on average.", _WHOLE),
    "mean_days_from_due": (
        "Invoices are settled {figure} days before the due date on average.",
        "Invoices are settled {figure} days after the due date on average.",
        _WHOLE,
    ),
    "recent_days_from_due": (
        "The last five were settled {figure} days before the due date on average.",
        "The last five were settled {figure} days after the due date on average.",
        _WHOLE,
    ),
    "last_days_from_due": (
        "The last one was settled {figure} days before its due date.",
        "The last one was settled {figure} days after its due date.",
        _WHOLE,
    ),
    "open_count": ("", "Other open invoices: {figure}.", _WHOLE),
    "open_late_count": ("", "Other invoices that are late now: {figure}.", _WHOLE),
    "days_since_payment": ("", "The last invoice was settled {figure} days ago.", _WHOLE),
    "amount_against_own": ("", "The largest open invoice is {figure} times the client's usual one.", _TIMES),
    "amount_against_all": ("", "The largest open invoice is {figure} times the usual one of all clients.", _TIMES),
    "term_days": ("", "The largest open invoice has {figure} days to pay.", _WHOLE),
}
OF_THE_PAST = ("late_rate", "mean_days_from_due")


def sentence(name: str, figure: float) -> Reason:
    """One figure in words."""
    below, other, shown = SENTENCES[name]
    if shown == _TIMES:
        times = Decimal(float(np.exp(min(figure, 20.0)))).quantize(Decimal("0.1"))
        return because(other, figure=times)
    whole = Decimal((shown or 1.0) * figure).quantize(Decimal(1))
    return because(below if whole < 0 else other, figure=abs(whole))


def of_the_past(figures: Mapping[str, float]) -> tuple[Reason, ...]:
    """What the past late rate and delays go by."""
    if not figures["settled_count"]:
        return (because("No invoice of this client was settled yet: all clients together stand for it."),)
    return tuple(sentence(name, figures[name]) for name in OF_THE_PAST if not np.isnan(figures[name]))


def of_the_model(figures: Mapping[str, float], parts: Mapping[str, float]) -> tuple[Reason, ...]:
    """The known figures that moved the chance of payment most, up or down."""
    known = [name for name in SENTENCES if parts[name] and not np.isnan(figures[name])]
    order = sorted(known, key=lambda name: (-abs(parts[name]), name))[:MOST]
    return tuple(sentence(name, figures[name]) for name in order)


def explained(clients: Sequence[ClientForecast], question: Question, model: Usable | None) -> list[ClientForecast]:
    """The same clients, those to call first with reasons, which are of their largest open item."""
    wanted: dict[tuple[str, str], int] = {}
    seen: dict[str, int] = {}
    for each in clients:
        seen[each.currency] = seen.get(each.currency, 0) + 1
        if seen[each.currency] <= EXPLAINED:
            wanted[each.currency, each.client] = -1
    for place, item in enumerate(question.items):
        key = (item.currency, item.client_id)
        if (best := wanted.get(key)) is not None and (best < 0 or item.outstanding > question.items[best].outstanding):
            wanted[key] = place
    if not wanted:
        return list(clients)
    places = np.array(list(wanted.values()), dtype=np.int64)
    figures = question.past.figures(question.asked.take(places))
    parts = _parts(model, figures, question.now[places]).tolist() if model else [None] * len(places)
    reasons = {
        key: _of_one(dict(zip(FIGURES, row, strict=True)), part)
        for key, row, part in zip(wanted, figures.tolist(), parts, strict=True)
    }
    return [each.model_copy(update={"reasons": reasons.get((each.currency, each.client), ())}) for each in clients]


def _parts(model: Usable, figures: Floats, now: Places) -> Floats:
    """What each figure adds to the chance of being paid next: after the due date, or from now on when that is over."""
    first, last = model.intervals
    interval = np.searchsorted(ENDS, np.maximum(now, 0), "right")
    return model.hosted.contributions(rows_of(figures, np.clip(interval, first, last) - first))


def _of_one(figures: Mapping[str, float], parts: Sequence[float] | None) -> tuple[Reason, ...]:
    if parts is None or not figures["settled_count"]:
        return of_the_past(figures)
    return of_the_model(figures, dict(zip(FIGURES, parts, strict=False)))
