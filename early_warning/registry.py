"""The registry of models: each document with the hash that pins it, its card, and who promoted it and why.

Models of different kinds never meet: each kind has a champion of its own.
"""

from typing import Any, NamedTuple

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert

from models.attrition import Comparison, ModelCard, Promotion
from models.base import Moment, Value
from models.errors import ModelRefused
from models.model_kind import ModelKind
from store.tables import models_registry


class Registered(NamedTuple):
    """A document as it was kept. It is not trusted: `early_warning.host.hosted` compares it with its hash."""

    version: str
    document: bytes
    sha256: str


def register(connection: Connection, model: Registered, card: ModelCard) -> None:
    """Keep a model; the same document twice is kept once. It scores nobody until it is promoted."""
    without = card.model_copy(update={"promotion": None, "champion": False})
    keep(connection, model, without, card.trained_at, ModelKind.ATTRITION)


def keep(connection: Connection, model: Registered, card: Value, trained_at: Moment, kind: ModelKind) -> None:
    """Keep a model of any kind, with what its card says before it is promoted."""
    row = insert(models_registry).values(
        version=model.version,
        kind=kind,
        document=model.document,
        sha256=model.sha256,
        card=card.model_dump(mode="json"),
        trained_at=trained_at,
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


def champion(connection: Connection, kind: ModelKind = ModelKind.ATTRITION) -> str | None:
    """Version of the model that was promoted last; None before the first promotion."""
    promoted = models_registry.c.promoted_at
    of_kind = select(models_registry.c.version).where(models_registry.c.kind == kind, promoted.is_not(None))
    return connection.execute(of_kind.order_by(promoted.desc()).limit(1)).scalar_one_or_none()


def newest(connection: Connection, kind: ModelKind = ModelKind.ATTRITION) -> str | None:
    """Version of the model that was trained last."""
    of_kind = select(models_registry.c.version).where(models_registry.c.kind == kind)
    return connection.execute(of_kind.order_by(models_registry.c.trained_at.desc()).limit(1)).scalar_one_or_none()


def find(connection: Connection, version: str) -> Registered:
    """A registered model. Raises ModelRefused when there is none of that version."""
    columns = (models_registry.c.version, models_registry.c.document, models_registry.c.sha256)
    row = connection.execute(select(*columns).where(models_registry.c.version == version)).one_or_none()
    if row is None:
        raise _unregistered(version)
    return Registered(row.version, bytes(row.document), row.sha256)


class Kept(NamedTuple):
    """What is kept of a model beside its document: its card as it was registered, and who promoted it."""

    card: dict[str, Any]
    promotion: Promotion | None
    champion: bool


def kept_of(connection: Connection, version: str, kind: ModelKind) -> Kept:
    """Raises ModelRefused when there is no model of that kind and version."""
    registered = select(models_registry).where(models_registry.c.version == version, models_registry.c.kind == kind)
    row = connection.execute(registered).one_or_none()
    if row is None:
        raise _unregistered(version)
    promotion = None
    if row.promoted_at is not None:
        compared = Comparison.model_validate(row.comparison) if row.comparison else None
        promotion = Promotion(
            version=version, by=row.promoted_by, at=row.promoted_at, proxy_note=row.proxy_note, comparison=compared
        )
    return Kept(row.card, promotion, champion(connection, kind) == version)


def card_of(connection: Connection, version: str) -> ModelCard:
    """The card of a registered model, with its promotion. Raises ModelRefused when there is none of that version."""
    kept = kept_of(connection, version, ModelKind.ATTRITION)
    card = ModelCard.model_validate(kept.card)
    return card.model_copy(update={"promotion": kept.promotion, "champion": kept.champion})


def _unregistered(version: str) -> ModelRefused:
    return ModelRefused("no model {version!r} is registered: `offboard model train` makes one.", version=version)
