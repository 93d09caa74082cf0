"""People as the departure sees them."""

from datetime import date
from enum import StrEnum

from models.base import EmployeeId, Value


class Role(StrEnum):
    """Business role of an employee, as approvals and successor planning ask for it."""

    SALESPERSON = "salesperson"
    SALES_MANAGER = "sales_manager"
    HRBP = "hrbp"
    FINANCE_REVIEWER = "finance_reviewer"
    IT_ADMIN = "it_admin"
    LEGAL_COUNSEL = "legal_counsel"
    OTHER = "other"


class EmployeeStatus(StrEnum):
    """`leaving` from the start of a case; a leaving person is no successor and no approver of their own case."""

    ACTIVE = "active"
    LEAVING = "leaving"
    LEFT = "left"


class Employee(Value):
    """One person. `language`: `en` or `zh-CN`; `time_zone`: IANA name; `capacity`: most clients they can hold."""

    id: EmployeeId
    name: str
    email: str | None = None
    manager_id: EmployeeId | None = None
    department: str = ""
    region: str = ""
    country: str = ""
    role: Role = Role.OTHER
    extra_roles: tuple[Role, ...] = ()
    language: str = "en"
    time_zone: str = "UTC"
    status: EmployeeStatus = EmployeeStatus.ACTIVE
    hired_on: date | None = None
    left_on: date | None = None
    capacity: int | None = None

    def holds(self, role: Role) -> bool:
        """True when the person acts in `role`."""
        return self.role is role or role in self.extra_roles
