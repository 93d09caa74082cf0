"""Late-payment models in the registry: kept, looked up, and the one that forecasts are made with."""

from typing import TYPE_CHECKING

from sqlalchemy import Connection

from early_warning import registry
from early_warning.document import sha256_of
from models.attrition import Promotion
from models.errors import ModelRefused
from models.model_kind import ModelKind
from models.payment_model import PaymentModelCard

if TYPE_CHECKING:
    from early_warning.model import Model  # XGBoost costs seconds that a forecast without a model need not pay

KIND = ModelKind.LATE_PAYMENT


def register(connection: Connection, model: "Model", card: PaymentModelCard) -> None:
    """Keep a model; nothing is forecast with it until it is promoted."""
    kept = registry.Registered(model.version, model.document, model.sha256)
    registry.keep(connection, kept, card, card.trained_at, KIND)


def promoted(connection: Connection) -> bytes | None:
    """The document of the model that forecasts are made with; None when there is none, or when it was damaged.

    A forecast without a model says so: that no model can be used is no reason to leave a report without one.
    """
    version = registry.champion(connection, KIND)
    if version is None:
        return None
    try:
        return document_of(connection, version)
    except ModelRefused:
        return None


def document_of(connection: Connection, version: str) -> bytes:
    """The document of a model, compared with its registered hash. Raises ModelRefused: unknown or damaged."""
    kept = registry.find(connection, version)
    found = sha256_of(kept.document)
    if found != kept.sha256:
        raise ModelRefused(
            "the model file does not match its registered SHA-256 ({found:.12} is not {registered:.12}): it was not "
            "loaded and nobody was scored. Train a model anew, or promote another one.",
            found=found,
            registered=kept.sha256,
        )
    return kept.document


def card_of(connection: Connection, version: str) -> PaymentModelCard:
    """The card of a registered model, with its promotion. Raises ModelRefused when there is none of that version."""
    kept = registry.kept_of(connection, version, KIND)
    card = PaymentModelCard.model_validate(kept.card)
    return card.model_copy(update={"promotion": kept.promotion, "in_use": kept.champion})


def promote(connection: Connection, promotion: Promotion) -> None:
    """Forecast with a registered model from now on."""
    registry.promote(connection, promotion)
