"""What finance does to the model behind the payment forecasts. The command goes through here."""

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from models.attrition import Promotion
from models.errors import ModelRefused
from models.model_kind import ModelKind
from models.payment_model import PaymentEvaluation, PaymentModelCard, PaymentTraining
from store import people
from store.database import Database
from systems.receivables.port import ReceivableSource

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from early_warning.late_payment_book import Book
    from early_warning.model import Model

# scikit-learn and XGBoost cost seconds: they are imported by the verbs that need them.

LOOK_BACK = timedelta(days=5 * 365)  # of invoices: older ones say little of how a client pays now


def train_model(database: Database, source: ReceivableSource, as_of: date | None = None) -> PaymentTraining:
    """Learn from the invoices of the earlier part, measure on the later ones, and register the model.

    Raises `Unavailable` while the receivables system does not answer.
    """
    from early_warning import late_payment_learning  # noqa: PLC0415

    day = as_of or datetime.now(UTC).date()
    book = _book(source, day)
    late = int(book.late[book.due < day.toordinal()].sum())
    if missing := late_payment_learning.too_little(book, day):
        return PaymentTraining(invoices=len(book), late=late, insufficient=missing)
    model, measured = late_payment_learning.train(book, day)
    card = _register(database, model, measured)
    return PaymentTraining(invoices=len(book), late=late, version=card.version, evaluation=measured)


def _register(database: Database, model: "Model", measured: PaymentEvaluation) -> PaymentModelCard:
    """Keep a model with its card; nothing is forecast with it until it is promoted."""
    from early_warning import late_payment_registry  # noqa: PLC0415

    learned = model.body.learned
    card = PaymentModelCard(
        version=model.version,
        sha256=model.sha256,
        trained_at=datetime.now(UTC),
        first_day=date.fromisoformat(str(learned["first_day"])),
        last_day=date.fromisoformat(str(learned["before"])) - timedelta(days=1),
        invoices=int(learned["invoices"]),
        learned=learned,
        figures=model.names,
        evaluation=measured,
    )
    with database.begin() as connection:
        late_payment_registry.register(connection, model, card)
    return card


def evaluate_model(
    database: Database, source: ReceivableSource, version: str | None = None, as_of: date | None = None
) -> PaymentEvaluation:
    """Measure a registered model, or the promoted one, on the invoices issued since it learned, as they are now.

    Raises ModelRefused, and `Unavailable` while the receivables system does not answer.
    """
    from early_warning import late_payment_learning, late_payment_registry  # noqa: PLC0415
    from early_warning.document import parse, sha256_of  # noqa: PLC0415
    from early_warning.host import hosted  # noqa: PLC0415

    day = as_of or datetime.now(UTC).date()
    with database.begin() as connection:
        card = late_payment_registry.card_of(connection, _asked(connection, version))
        document = late_payment_registry.document_of(connection, card.version)
    book = _book(source, day)
    split = card.last_day + timedelta(days=1)
    later = late_payment_learning.judged(book, split, day)
    if not 0 < later.late.sum() < len(later.rows):
        raise ModelRefused(
            "nothing can be measured on {rows} invoices with {late} late ones: `offboard model train --kind "
            "late-payment` says what is needed.",
            rows=len(later.rows),
            late=int(later.late.sum()),
        )
    model = hosted(document, sha256_of(document))
    return late_payment_learning.measure(model, parse(document).features, book, split, day)


def model_card(database: Database, version: str | None = None) -> PaymentModelCard:
    """The card of a model; without a version of the promoted one, or else of the newest. Raises ModelRefused."""
    from early_warning import late_payment_registry  # noqa: PLC0415

    with database.begin() as connection:
        return late_payment_registry.card_of(connection, _asked(connection, version))


def promote_model(database: Database, version: str, by: str) -> Promotion:
    """Forecast with a registered model from now on; `by` is the person who answers for it.

    It says nothing of employees and decides nothing, so that one thing alone is asked of it: that it was better than
    the past late rate on later invoices. Raises UnknownEmployee and ModelRefused.
    """
    from early_warning import late_payment_registry  # noqa: PLC0415

    with database.begin() as connection:
        person = people.find(connection, by)
        late_payment_registry.document_of(connection, version)
        measured = late_payment_registry.card_of(connection, version).evaluation
        if not measured.better:
            raise ModelRefused(
                "{version} ranks no better than the client's past late rate (area under ROC {ours} and {theirs}): "
                "nothing was promoted, forecasts go by that rate.",
                version=version,
                ours=f"{measured.roc_auc.value:.3f}",
                theirs=f"{measured.past_rate_roc_auc:.3f}",
            )
        promotion = Promotion(version=version, by=person.id, at=datetime.now(UTC))
        late_payment_registry.promote(connection, promotion)
    return promotion


def _asked(connection: "Connection", version: str | None) -> str:
    from early_warning import registry  # noqa: PLC0415

    kind = ModelKind.LATE_PAYMENT
    found = version or registry.champion(connection, kind) or registry.newest(connection, kind)
    if found is None:
        raise ModelRefused("no model was trained yet: `offboard model train --kind late-payment` makes one.")
    return found


def _book(source: ReceivableSource, day: date) -> "Book":
    from early_warning.late_payment_book import book_of  # noqa: PLC0415

    return book_of(source.history(day, day - LOOK_BACK), day)
