"""The register in our own database: assets as they were imported."""

from collections.abc import Sequence

from sqlalchemy import select

from models.inventory import Asset
from store.database import Database
from store.tables import assets


class PostgresAssetRegister:
    """Reads the table `assets`; an asset with a day of return is back."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def held_by(self, employee_id: str) -> Sequence[Asset]:
        """Assets that a person has not returned, ordered by id; empty for a stranger."""
        query = (
            select(
                assets.c.id,
                assets.c.employee_id,
                assets.c.kind,
                assets.c.description,
                assets.c.value,
                assets.c.currency,
            )
            .where(assets.c.employee_id == employee_id, assets.c.returned_on.is_(None))
            .order_by(assets.c.id)
        )
        with self._database.begin() as connection:
            return [Asset.model_validate(dict(row)) for row in connection.execute(query).mappings()]
