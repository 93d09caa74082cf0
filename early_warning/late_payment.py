"""When open items are expected to be paid: by client, money in within 30, 60 and 90 days, and whom to call first.

A model is used only when it says of itself that it was better than the client's past late rate on later invoices of the
same company; else every client's own past, shrunk to that of all, is the method, and the answer says so. Nothing of the
future, of disputes or of settlements is looked at. The total that will be lost is the provision matrix's job.
"""

from collections.abc import Iterable
from datetime import date

import numpy as np

from early_warning.late_payment_book import NEVER, Book, book_of
from early_warning.late_payment_clients import Expected, by_client, totals
from early_warning.late_payment_curves import Curves, OwnPast
from early_warning.late_payment_model import hazards
from early_warning.late_payment_question import Question, question_of
from early_warning.late_payment_reasons import explained
from early_warning.late_payment_usable import Usable, refused, usable
from models.errors import ModelRefused, Unavailable
from models.open_items import OpenItem, SettledItem
from models.payment_forecast import ClientForecast, ForecastMethod, PaymentForecast
from models.reasons import because

FEWEST_SETTLED = 30  # invoices, below which the past of all clients says nothing
PERIODS = (30, 60, 90)  # days


def forecast(
    items: Iterable[OpenItem], history: Iterable[SettledItem], as_of: date, model: bytes | None = None
) -> PaymentForecast:
    """What is expected of open items as of the end of a day.

    `history` are invoices of at least the same clients, those that are open too; what it says of later days is not
    looked at. `model` is the document of the promoted model (`late_payment_registry.promoted`); None without one. A
    model that fails is no failure of the forecast: it falls back and says so.
    """
    book = book_of(history, as_of)
    settled = int((book.settled < NEVER).sum())
    if settled < FEWEST_SETTLED:
        missing = because(
            "Only {settled} settled invoices are known, of {fewest} needed: nothing is forecast.",
            settled=settled,
            fewest=FEWEST_SETTLED,
        )
        return PaymentForecast(as_of=as_of, method=ForecastMethod.PAST_LATE_RATE, reasons=(missing,))
    question = question_of(items, book, as_of)
    found, why = usable(model)
    try:
        clients = _clients(question, book, as_of, found)
    except (ModelRefused, Unavailable) as wrong:
        found, why = None, refused(wrong)
        clients = _clients(question, book, as_of, None)
    return PaymentForecast(
        as_of=as_of,
        method=ForecastMethod.MODEL if found else ForecastMethod.PAST_LATE_RATE,
        model_version=found.hosted.version if found else None,
        clients=tuple(clients),
        totals=totals(clients),
        reasons=(why,),
    )


def _clients(question: Question, book: Book, as_of: date, model: Usable | None) -> list[ClientForecast]:
    if not question.items:
        return []
    return explained(by_client(question, _expected(question, book, as_of, model)), question, model)


def _expected(question: Question, book: Book, as_of: date, model: Usable | None) -> Expected:
    asked, now = question.asked, question.now
    own = OwnPast(book, as_of.toordinal())
    if model:
        found = hazards(model.hosted, model.intervals, question.past.figures(asked), now, own.of_all)
    else:
        found = own.hazards(asked.clients, asked.days)
    curves = Curves(found)
    return Expected(
        late=curves.still_open(now, np.maximum(now, 0)),
        days_late=curves.days_late(now),
        paid=tuple(1.0 - curves.still_open(now, now + days) for days in PERIODS),
    )
