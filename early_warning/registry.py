"""The registry of models: each document with the hash that pins it, its card, and who promoted it and why."""

from typing import NamedTuple

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert

from models.attrition import Comparison, ModelCard, Promotion
from models.errors import ModelRefused
from store.tables import models_registry


class Registered(NamedTuple):
    """A document as it was kept. It is not trusted: `early_warning.host.hosted` compares it with its hash."""

    version: str
    document: bytes
    sha256: str


def register(connection: Connection, model: Registered, card: ModelCard) -> None:
    """Keep a model; the same document twice is kept once. It scores nobody until it is promoted."""
    row = insert(models_registry).values(
        version=model.version,
        document=model.document,
        sha256=model.sha256,
        card=card.model_dump(mode="json", exclude={"promotion", "champion"}),
        trained_at=card.trained_at,
    )
    connection.execute(row.on_conflict_do_nothing())


def promote(connection: Connection, promotion: Promotion) -> None:
    """Make a registered model the one that scores from the next scan on."""
    compared = promotion.comparison.model_dump(mode="json") if promotion.comparison else None
    chosen = update(models_registry).where(models_registry.c.version == promotion.version)
    values = chosen.values(
        promoted_at=promotion.at, promoted_by=promotion.by, proxy_note=promotion.proxy_note, comparison=compared
    )
    if not connection.execute(values).rowcount:
        raise _unregistered(promotion.version)


def champion(connection: Connection) -> str | None:
    """Version of the model that was promoted last; None before the first promotion."""
    promoted = models_registry.c.promoted_at
    query = select(models_registry.c.version).where(promoted.is_not(None)).order_by(promoted.desc()).limit(1)
    return connection.execute(query).scalar_one_or_none()


def newest(connection: Connection) -> str | None:
    """Version of the model that was trained last."""
    query = select(models_registry.c.version).order_by(models_registry.c.trained_at.desc()).limit(1)
    return connection.execute(query).scalar_one_or_none()


def find(connection: Connection, version: str) -> Registered:
    """A registered model. Raises ModelRefused when there is none of that version."""
    columns = (models_registry.c.version, models_registry.c.document, models_registry.c.sha256)
    row = connection.execute(select(*columns).where(models_registry.c.version == version)).one_or_none()
    if row is None:
        raise _unregistered(version)
    return Registered(row.version, bytes(row.document), row.sha256)


def card_of(connection: Connection, version: str) -> ModelCard:
    """The card of a registered model, with its promotion. Raises ModelRefused when there is none of that version."""
    row = connection.execute(select(models_registry).where(models_registry.c.version == version)).one_or_none()
    if row is None:
        raise _unregistered(version)
    promotion = None
    if row.promoted_at is not None:
        compared = Comparison.model_validate(row.comparison) if row.comparison else None
        promotion = Promotion(
            version=version, by=row.promoted_by, at=row.promoted_at, proxy_note=row.proxy_note, comparison=compared
        )
    card = ModelCard.model_validate(row.card)
    return card.model_copy(update={"promotion": promotion, "champion": champion(connection) == version})


def _unregistered(version: str) -> ModelRefused:
    return ModelRefused("no model {version!r} is registered: `offboard model train` makes one.", version=version)
