"""The CSV template: which files there are, which columns they have, and what a cell may hold.

This is the only description. The checks, the staging tables and the tables in `docs/data.md` are made from it.
"""

from dataclasses import dataclass
from enum import StrEnum

from models.access import Grade
from models.activity import EventKind
from models.clients import ClientStatus, OpportunityStatus
from models.people import EmployeeStatus, Role


class Kind(StrEnum):
    """What a cell holds."""

    ID = "id"
    PERSON_ID = "person id"
    REFERENCE = "reference"
    TEXT = "text"
    EMAIL = "e-mail"
    DATE = "date"
    MOMENT = "time"
    AMOUNT = "amount"
    CURRENCY = "currency"
    YES_NO = "yes or no"
    WHOLE = "whole number"
    ONE_OF = "one of"
    SEVERAL_OF = "several of"
    GRADE = "grade"
    TIME_ZONE = "time zone"
    COUNTRY = "country"
    DESTINATION = "destination"


@dataclass(frozen=True)
class TemplateColumn:
    """One column of one file.

    `refers` is the table of a reference; `not_before` a date column of the same row that may not be later;
    `prices` the amount column that a currency belongs to; `low` and `high` the limits of a whole number;
    `stored` the column of our table.
    """

    name: str
    kind: Kind
    required: bool = False
    meaning: str = ""
    refers: str = ""
    choices: tuple[str, ...] = ()
    low: int = 0
    high: int = 0
    not_before: str = ""
    prices: str = ""
    stored: str = ""

    @property
    def target(self) -> str:
        """Name of the column in our table."""
        return self.stored or self.name


@dataclass(frozen=True)
class TemplateTable:
    """One file of the template. The first column is the id of the row.

    `facts`: its rows say what happened. One that comes again is left alone, and it cannot say something else.
    """

    name: str
    meaning: str
    columns: tuple[TemplateColumn, ...]
    id_prefix: str = ""
    facts: bool = False

    @property
    def file(self) -> str:
        """Name of the file in the folder."""
        return f"{self.name}.csv"

    @property
    def id_column(self) -> TemplateColumn:
        """The column that holds the id."""
        return self.columns[0]

    @property
    def by_name(self) -> bool:
        """True for tables whose rows a source may name without an id (people and clients)."""
        return bool(self.id_prefix)

    def column(self, name: str) -> TemplateColumn | None:
        """The column of that name, or None."""
        return next((column for column in self.columns if column.name == name), None)


def _id(name: str, kind: Kind = Kind.ID) -> TemplateColumn:
    return TemplateColumn(name, kind, required=True, stored="id")


def _text(name: str, meaning: str = "", *, required: bool = False) -> TemplateColumn:
    return TemplateColumn(name, Kind.TEXT, required, meaning)


def _to(name: str, table: str, meaning: str = "", *, required: bool = False) -> TemplateColumn:
    return TemplateColumn(name, Kind.REFERENCE, required, meaning, refers=table)


def _date(name: str, meaning: str = "", *, required: bool = False, not_before: str = "") -> TemplateColumn:
    return TemplateColumn(name, Kind.DATE, required, meaning, not_before=not_before)


def _money(amount: str, meaning: str = "", *, required: bool = False) -> tuple[TemplateColumn, TemplateColumn]:
    return (
        TemplateColumn(amount, Kind.AMOUNT, required, meaning),
        TemplateColumn("currency", Kind.CURRENCY, required, prices=amount),
    )


def _one_of(name: str, choices: tuple[str, ...], meaning: str = "", *, required: bool = False) -> TemplateColumn:
    return TemplateColumn(name, Kind.ONE_OF, required, meaning, choices=choices)


ROLES = tuple(Role)
GRADES = tuple(grade.name.lower() for grade in Grade)

EMPLOYEES = TemplateTable(
    "employees",
    "People: salespeople, their managers, and everybody who approves or takes part in a departure.",
    (
        _id("employee_id", Kind.PERSON_ID),
        _text("name", required=True),
        TemplateColumn("email", Kind.EMAIL),
        _to("manager_id", "employees", "nobody may be above themselves"),
        _text("department"),
        _text("region"),
        TemplateColumn("country", Kind.COUNTRY, meaning="decides which holidays count"),
        _one_of("role", ROLES, "default `other`"),
        TemplateColumn("extra_roles", Kind.SEVERAL_OF, choices=ROLES, meaning="separated by `;`"),
        _one_of("language", ("en", "zh-CN"), "default `en`"),
        TemplateColumn("time_zone", Kind.TIME_ZONE, meaning="default `UTC`"),
        _one_of("status", tuple(EmployeeStatus), "default `active`"),
        _date("hired_on"),
        _date("left_on", not_before="hired_on"),
        TemplateColumn("capacity", Kind.WHOLE, meaning="most clients the person can hold", high=1_000_000),
    ),
    id_prefix="E",
)
CLIENTS = TemplateTable(
    "clients",
    "Client accounts. An active client without an owner is found by the client report.",
    (
        _id("client_id"),
        _text("name", required=True),
        _to("owner_id", "employees"),
        _text("region"),
        TemplateColumn("country", Kind.COUNTRY),
        _text("language"),
        _text("segment", "industry or market segment"),
        TemplateColumn("tier", Kind.WHOLE, meaning="1 is the most important; default 3", low=1, high=9),
        *_money("annual_value", "expected value of a year"),
        _date("renewal_on"),
        _one_of("status", tuple(ClientStatus), "default `active`"),
    ),
    id_prefix="C",
)
CONTACTS = TemplateTable(
    "contacts",
    "People at the client.",
    (
        _id("contact_id"),
        _to("client_id", "clients", required=True),
        _text("name", required=True),
        _text("title"),
        TemplateColumn("email", Kind.EMAIL),
        _text("phone"),
    ),
)
OPPORTUNITIES = TemplateTable(
    "opportunities",
    "Deals, open or ended.",
    (
        _id("opportunity_id"),
        _to("client_id", "clients", "may be empty: a deal whose client is not known yet"),
        _to("owner_id", "employees", "who works on the deal", required=True),
        _text("name"),
        _text("stage", "the word of your CRM"),
        _one_of("status", tuple(OpportunityStatus), required=True),
        *_money("amount"),
        _date("opened_on"),
        _date("expected_close_on"),
        _date("closed_on", not_before="opened_on"),
    ),
)
INTERACTIONS = TemplateTable(
    "interactions",
    "Calls, visits, mails: who touched which client when.",
    (
        _id("interaction_id"),
        _to("client_id", "clients", required=True),
        _to("employee_id", "employees", required=True),
        TemplateColumn("occurred_at", Kind.MOMENT, required=True),
        _text("kind", "for example `call`", required=True),
        _text("subject"),
    ),
)
ORDERS = TemplateTable(
    "orders",
    "What clients ordered.",
    (
        _id("order_id"),
        _to("client_id", "clients", required=True),
        _to("employee_id", "employees"),
        _date("ordered_on", required=True),
        *_money("amount", required=True),
    ),
)
INVOICES = TemplateTable(
    "invoices",
    "What clients were asked to pay. A credit note is an invoice with a negative amount.",
    (
        _id("invoice_id"),
        _to("client_id", "clients", required=True),
        _to("salesperson_id", "employees"),
        _date("issued_on", required=True),
        _date("due_on", required=True, not_before="issued_on"),
        *_money("amount", required=True),
        TemplateColumn("disputed", Kind.YES_NO, meaning="default `no`"),
    ),
)
PAYMENTS = TemplateTable(
    "payments",
    "What was paid. A refund is a negative payment.",
    (
        _id("payment_id"),
        _to("invoice_id", "invoices", required=True),
        _date("paid_on", required=True),
        *_money("amount", required=True),
    ),
)
ENTITLEMENTS = TemplateTable(
    "entitlements",
    "Rights of people in systems, by the grade in which a lockdown takes them.",
    (
        _id("entitlement_id"),
        _to("employee_id", "employees", required=True),
        _text("system", required=True),
        _text("right", required=True),
        TemplateColumn("grade", Kind.GRADE, required=True, choices=GRADES, meaning="or 1 to 5 in this order"),
    ),
)
ASSETS = TemplateTable(
    "assets",
    "Company property in the hands of people.",
    (
        _id("asset_id"),
        _to("employee_id", "employees", required=True),
        _text("kind", "for example `laptop`", required=True),
        _text("description"),
        *_money("value"),
        _date("returned_on"),
    ),
)
ACTIVITY_EVENTS = TemplateTable(
    "activity_events",
    "What people did with the company's data, from the logs of its systems. An event that comes again changes nothing.",
    (
        _id("event_id"),
        _to("employee_id", "employees", required=True),
        TemplateColumn("occurred_at", Kind.MOMENT, required=True),
        _one_of("kind", tuple(EventKind), required=True),
        TemplateColumn("records", Kind.WHOLE, meaning="client records or files; default 1", high=100_000_000),
        _text("item", "the name of the file; the same one in every event about it"),
        TemplateColumn("destination", Kind.DESTINATION),
    ),
    facts=True,
)
EXPENSE_CLAIMS = TemplateTable(
    "expense_claims",
    "What people claimed for expenses, one row a line of a claim.",
    (
        _id("claim_id"),
        _to("employee_id", "employees", required=True),
        _date("spent_on", required=True),
        _date("claimed_on", required=True, not_before="spent_on"),
        _text("category", "your own word, for example `hotel`", required=True),
        _text("merchant"),
        *_money("amount", required=True),
        _text("attendees", "ids or names, separated by `;`"),
    ),
)

# In the order in which they are written: what is referred to comes first.
TEMPLATE: dict[str, TemplateTable] = {
    table.name: table
    for table in (
        EMPLOYEES,
        CLIENTS,
        CONTACTS,
        OPPORTUNITIES,
        INTERACTIONS,
        ORDERS,
        INVOICES,
        PAYMENTS,
        ENTITLEMENTS,
        ASSETS,
        ACTIVITY_EVENTS,
        EXPENSE_CLAIMS,
    )
}
