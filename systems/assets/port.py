"""What Offboard asks of a register of company property."""

from collections.abc import Sequence
from typing import Protocol

from models.inventory import Asset


class AssetRegister(Protocol):
    """Who has which laptop, car, card or key. Raises `Unavailable` when it does not answer."""

    def held_by(self, employee_id: str) -> Sequence[Asset]:
        """Assets that a person has not returned, ordered by id; empty for a stranger."""
