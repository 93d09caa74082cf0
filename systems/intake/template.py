"""The CSV template: which files there are, which columns they have, and what a cell may hold.

This is the only description, with `columns` and `template_money`. The checks, the staging tables and the tables in
`docs/data.md` are made from it.
"""

from models.access import Grade
from models.activity import EventKind
from models.clients import ClientStatus, OpportunityStatus
from models.people import EmployeeStatus, Role
from systems.intake.columns import Kind, TemplateColumn, TemplateTable, day, id_, money, one_of, to, words
from systems.intake.template_money import MONEY_TABLES

ROLES = tuple(Role)
GRADES = tuple(grade.name.lower() for grade in Grade)

EMPLOYEES = TemplateTable(
    "employees",
    "People: salespeople, their managers, and everybody who approves or takes part in a departure.",
    (
        id_("employee_id", Kind.PERSON_ID),
        words("name", required=True),
        TemplateColumn("email", Kind.EMAIL),
        to("manager_id", "employees", "nobody may be above themselves"),
        words("department"),
        words("region"),
        TemplateColumn("country", Kind.COUNTRY, meaning="decides which holidays count"),
        one_of("role", ROLES, "default `other`"),
        TemplateColumn("extra_roles", Kind.SEVERAL_OF, choices=ROLES, meaning="separated by `;`"),
        one_of("language", ("en", "zh-CN"), "default `en`"),
        TemplateColumn("time_zone", Kind.TIME_ZONE, meaning="default `UTC`"),
        one_of("status", tuple(EmployeeStatus), "default `active`"),
        day("hired_on"),
        day("left_on", not_before="hired_on"),
        TemplateColumn("capacity", Kind.WHOLE, meaning="most clients the person can hold", high=1_000_000),
    ),
    id_prefix="E",
)
CLIENTS = TemplateTable(
    "clients",
    "Client accounts. An active client without an owner is found by the client report.",
    (
        id_("client_id"),
        words("name", required=True),
        to("owner_id", "employees"),
        words("region"),
        TemplateColumn("country", Kind.COUNTRY),
        words("language"),
        words("segment", "industry or market segment"),
        TemplateColumn("tier", Kind.WHOLE, meaning="1 is the most important; default 3", low=1, high=9),
        *money("annual_value", "expected value of a year"),
        day("renewal_on"),
        one_of("status", tuple(ClientStatus), "default `active`"),
    ),
    id_prefix="C",
)
CONTACTS = TemplateTable(
    "contacts",
    "People at the client.",
    (
        id_("contact_id"),
        to("client_id", "clients", required=True),
        words("name", required=True),
        words("title"),
        TemplateColumn("email", Kind.EMAIL),
        words("phone"),
    ),
)
OPPORTUNITIES = TemplateTable(
    "opportunities",
    "Deals, open or ended.",
    (
        id_("opportunity_id"),
        to("client_id", "clients", "may be empty: a deal whose client is not known yet"),
        to("owner_id", "employees", "who works on the deal", required=True),
        words("name"),
        words("stage", "the word of your CRM"),
        one_of("status", tuple(OpportunityStatus), required=True),
        *money("amount"),
        day("opened_on"),
        day("expected_close_on"),
        day("closed_on", not_before="opened_on"),
    ),
)
INTERACTIONS = TemplateTable(
    "interactions",
    "Calls, visits, mails: who touched which client when.",
    (
        id_("interaction_id"),
        to("client_id", "clients", required=True),
        to("employee_id", "employees", required=True),
        TemplateColumn("occurred_at", Kind.MOMENT, required=True),
        words("kind", "for example `call`", required=True),
        words("subject"),
    ),
)
ORDERS = TemplateTable(
    "orders",
    "What clients ordered.",
    (
        id_("order_id"),
        to("client_id", "clients", required=True),
        to("employee_id", "employees"),
        day("ordered_on", required=True),
        *money("amount", required=True),
    ),
)
ENTITLEMENTS = TemplateTable(
    "entitlements",
    "Rights of people in systems, by the grade in which a lockdown takes them.",
    (
        id_("entitlement_id"),
        to("employee_id", "employees", required=True),
        words("system", required=True),
        words("right", required=True),
        TemplateColumn("grade", Kind.GRADE, required=True, choices=GRADES, meaning="or 1 to 5 in this order"),
    ),
)
ASSETS = TemplateTable(
    "assets",
    "Company property in the hands of people.",
    (
        id_("asset_id"),
        to("employee_id", "employees", required=True),
        words("kind", "for example `laptop`", required=True),
        words("description"),
        *money("value"),
        day("returned_on"),
    ),
)
ACTIVITY_EVENTS = TemplateTable(
    "activity_events",
    "What people did with the company's data, from the logs of its systems. An event that comes again changes nothing.",
    (
        id_("event_id"),
        to("employee_id", "employees", required=True),
        TemplateColumn("occurred_at", Kind.MOMENT, required=True),
        one_of("kind", tuple(EventKind), required=True),
        TemplateColumn("records", Kind.WHOLE, meaning="client records or files; default 1", high=100_000_000),
        words("item", "the name of the file; the same one in every event about it"),
        TemplateColumn("destination", Kind.DESTINATION),
    ),
    facts=True,
)
EXPENSE_CLAIMS = TemplateTable(
    "expense_claims",
    "What people claimed for expenses, one row a line of a claim.",
    (
        id_("claim_id"),
        to("employee_id", "employees", required=True),
        day("spent_on", required=True),
        day("claimed_on", required=True, not_before="spent_on"),
        words("category", "your own word, for example `hotel`", required=True),
        words("merchant"),
        *money("amount", required=True),
        words("attendees", "ids or names, separated by `;`"),
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
        *MONEY_TABLES,
        ENTITLEMENTS,
        ASSETS,
        ACTIVITY_EVENTS,
        EXPENSE_CLAIMS,
    )
}
