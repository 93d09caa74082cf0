"""Assets to return and duties to hand on."""

from decimal import Decimal

from models.base import EmployeeId, Message, Value


class Asset(Value):
    """One thing that belongs to the company and is with the leaver. `value` is its replacement cost."""

    id: str
    employee_id: EmployeeId
    kind: str
    description: str = ""
    value: Decimal | None = None
    currency: str = ""
    returned: bool = False


class Inventory(Value):
    """Assets still out, and duties by kind (people who report to the leaver, other cases waiting on them)."""

    assets: tuple[Asset, ...]
    duties: dict[str, int] = {}


class InventorySummary(Message):
    """What history may know."""

    assets: int
    duties: int
    digest: str
