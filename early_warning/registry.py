"""The registry of models: each document with the hash that pins it, what it was measured at, and who promoted it."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert

from models.errors import ModelRefused
from models.scan import ModelEvaluation
from store.tables import models_registry


class Registered(NamedTuple):
    """A document as it was kept. It is not trusted: `early_warning.model.load` compares it with its hash."""

    version: str
    document: bytes
    sha256: str


def register(
    connection: Connection, model: Registered, *, rows: int, evaluation: ModelEvaluation, at: datetime
) -> None:
    """Keep a model; the same document twice is kept once. It scores nobody until it is promoted."""
    row = insert(models_registry).values(
        version=model.version,
        document=model.document,
        sha256=model.sha256,
        rows=rows,
        evaluation=evaluation.model_dump(mode="json"),
        trained_at=at,
    )
    connection.execute(row.on_conflict_do_nothing())


def promote(connection: Connection, version: str, by: str, *, at: datetime) -> None:
    """Make a registered model the one that scores from the next scan on; `by` is the person who answers for it."""
    chosen = update(models_registry).where(models_registry.c.version == version)
    if not connection.execute(chosen.values(promoted_at=at, promoted_by=by)).rowcount:
        raise ModelRefused(f"no model {version!r} is registered: `offboard model train` makes one.", version=version)


def champion(connection: Connection) -> str | None:
    """Version of the model that was promoted last; None before the first promotion."""
    promoted = models_registry.c.promoted_at
    query = select(models_registry.c.version).where(promoted.is_not(None)).order_by(promoted.desc()).limit(1)
    return connection.execute(query).scalar_one_or_none()


def find(connection: Connection, version: str) -> Registered:
    """A registered model. Raises ModelRefused when there is none of that version."""
    columns = (models_registry.c.version, models_registry.c.document, models_registry.c.sha256)
    row = connection.execute(select(*columns).where(models_registry.c.version == version)).one_or_none()
    if row is None:
        raise ModelRefused(f"no model {version!r} is registered: `offboard model train` makes one.", version=version)
    return Registered(row.version, bytes(row.document), row.sha256)
