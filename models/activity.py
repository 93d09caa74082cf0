"""What salespeople did with the company's data: events as systems report them, and claims for expenses."""

from datetime import date
from decimal import Decimal
from enum import StrEnum

from models.base import EmployeeId, Moment, Value


class EventKind(StrEnum):
    """What was done. `transfer` moves contacts or clients to another owner; `device` copies to a removable one."""

    EXPORT = "export"
    DOWNLOAD = "download"
    BULK_VIEW = "bulk_view"
    PRINT = "print"
    MAIL_OUT = "mail_out"
    SHARE = "share"
    DEVICE = "device"
    DELETE = "delete"
    TRANSFER = "transfer"
    RENAME = "rename"
    ARCHIVE = "archive"
    LOGIN = "login"
    AFTER_HOURS = "after_hours"  # of sources that judge it themselves; else it is computed from the time


class ActivityEvent(Value):
    """One event. `records` are client records or files; `item` names the file; `destination` a domain or a device."""

    id: str
    employee_id: EmployeeId
    occurred_at: Moment
    kind: EventKind
    records: int = 1
    item: str = ""
    destination: str = ""


class ExpenseClaim(Value):
    """One line of a claim. `category` is the company's own word; `attendees` are separated by `;`."""

    id: str
    employee_id: EmployeeId
    spent_on: date
    claimed_on: date
    category: str
    merchant: str = ""
    amount: Decimal
    currency: str
    attendees: str = ""
