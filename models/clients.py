"""The book of business: what the leaver owns and how safe each client is."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from models.base import ClientId, EmployeeId, Message, Value
from models.reasons import Reason


class ClientStatus(StrEnum):
    """Only an active client needs an owner."""

    ACTIVE = "active"
    CLOSED = "closed"


class OpportunityStatus(StrEnum):
    """Open deals move with the handover; won and lost ones stay readable for the successor."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


class Client(Value):
    """One client account. `annual_value` in `currency`; None where the source does not say."""

    id: ClientId
    name: str
    owner_id: EmployeeId | None
    interim_owner_id: EmployeeId | None = None
    region: str = ""
    country: str = ""
    language: str = ""
    segment: str = ""
    tier: int = 3
    annual_value: Decimal | None = None
    currency: str = ""
    renewal_on: date | None = None
    status: ClientStatus = ClientStatus.ACTIVE


class Opportunity(Value):
    """One deal. `client_id` may be missing in the source; the owner is who works on it, not who owns the client."""

    id: str
    client_id: ClientId | None
    owner_id: EmployeeId
    name: str = ""
    stage: str = ""
    status: OpportunityStatus
    amount: Decimal | None = None
    currency: str = ""
    opened_on: date | None = None
    closed_on: date | None = None


class ClientFacts(Value):
    """What is known about one client beyond the record, as of a date. None means that no such data is fed."""

    client: Client
    contacts: int | None
    last_touch: datetime | None
    touches_known: bool
    open_opportunities: int
    open_value: Decimal
    orders: int
    ordered_value: Decimal


class ClientLine(Value):
    """One line of the client report with its reasons for risk."""

    facts: ClientFacts
    at_risk: bool
    reasons: tuple[Reason, ...]


class BookOfBusiness(Value):
    """The client report. Counts of deals are those that the leaver owns; `won_value` adds one currency only."""

    as_of: date
    clients: tuple[ClientLine, ...]
    open_opportunities: tuple[Opportunity, ...]
    won: int
    lost: int
    won_value: Decimal
    won_currency: str
    gaps: tuple[Reason, ...] = ()


class ClientSummary(Message):
    """What history may know of the client report."""

    count: int
    at_risk: int
    open_opportunities: int
    digest: str
