"""What the features are made from: the business records of some people, read set by set, and nothing else of them.

Amounts become floats here: a feature is a statistic, no sum of money that anybody books.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd
from sqlalchemy import Connection, Date, Float, Select, cast, func, literal, select

from models.people import Role
from store.tables import employees, interactions, invoices, opportunities, payments

LOOK_BACK = 730  # days; older business says nothing about this half-year, and older debts are the finance audit's
TEAM_LOOK_BACK = 360  # days: the two half-years in which peers are compared

_DAY = cast(interactions.c.occurred_at, Date)
_HAS_LEFT = employees.c.status == "left"


@dataclass(frozen=True)
class Records:
    """Frames by source; every day is a pandas timestamp. `colleagues` and `team_wins` are of all people of the same
    managers, whoever was asked for: a comparison with peers must not depend on who else is scanned."""

    people: pd.DataFrame
    colleagues: pd.DataFrame
    team_wins: pd.DataFrame
    deals: pd.DataFrame
    contacts: pd.DataFrame
    invoices: pd.DataFrame
    payments: pd.DataFrame


def load_records(connection: Connection, ids: Sequence[str], first: date, last: date) -> Records:
    """The records of the people `ids` that features as of any day from `first` to `last` need."""
    asked, since = list(ids), first - timedelta(days=LOOK_BACK)
    return Records(
        people=_frame(connection, people_query(asked), ("hired_on", "left_on")),
        colleagues=_frame(connection, colleagues_query(asked), ("hired_on", "left_on")),
        team_wins=_frame(
            connection, team_wins_query(asked, first - timedelta(days=TEAM_LOOK_BACK), last), ("closed_on",)
        ),
        deals=_frame(connection, deals_query(asked, since, last), ("closed_on",)),
        contacts=_frame(connection, contacts_query(asked, since, last), ("day",)),
        invoices=_frame(connection, invoices_query(asked, since, last), ("issued_on", "due_on")),
        payments=_frame(connection, payments_query(asked, since, last), ("paid_on",)),
    )


def people_query(ids: list[str]) -> Select[tuple[object, ...]]:
    """Who they are for the model: an id, a team, two dates."""
    columns = (employees.c.id.label("employee_id"), employees.c.manager_id, employees.c.hired_on, employees.c.left_on)
    return select(*columns).where(employees.c.id.in_(ids)).order_by(employees.c.id)


def colleagues_query(ids: list[str]) -> Select[tuple[object, ...]]:
    """Everybody of their managers, with the days of coming and going. A leaver without a date is left out."""
    person = employees.c
    columns = (person.id.label("colleague_id"), person.manager_id, person.hired_on, person.left_on,
               (person.role == Role.SALESPERSON).label("sells"))  # fmt: skip
    known = ~_HAS_LEFT | person.left_on.is_not(None)
    return select(*columns).where(known, person.manager_id.in_(_teams(ids))).order_by(person.id)


def team_wins_query(ids: list[str], since: date, last: date) -> Select[tuple[object, ...]]:
    """Won deals of everybody of their managers."""
    deal = opportunities.c
    columns = (
        deal.owner_id.label("colleague_id"),
        deal.closed_on,
        cast(deal.amount, Float).label("amount"),
        deal.currency,
    )
    query = select(*columns).join(employees, employees.c.id == deal.owner_id)
    won = (deal.status == "won") & deal.amount.is_not(None) & deal.closed_on.between(since, last)
    return query.where(won, employees.c.manager_id.in_(_teams(ids)))


def deals_query(ids: list[str], since: date, last: date) -> Select[tuple[object, ...]]:
    """Deals that ended."""
    deal = opportunities.c
    won, amount = (deal.status == "won").label("won"), cast(deal.amount, Float).label("amount")
    ended = deal.status.in_(("won", "lost")) & deal.closed_on.between(since, last)
    columns = (deal.owner_id.label("employee_id"), deal.closed_on, won, amount, deal.currency)
    return select(*columns).where(deal.owner_id.in_(ids), ended)


def contacts_query(ids: list[str], since: date, last: date) -> Select[tuple[object, ...]]:
    """How often each client was touched on each day; no kind, no subject."""
    log = interactions.c
    columns = (log.employee_id, log.client_id, _DAY.label("day"), func.count().label("times"))
    query = select(*columns).where(log.employee_id.in_(ids), _DAY.between(since, last))
    return query.group_by(log.employee_id, log.client_id, _DAY)


def invoices_query(ids: list[str], since: date, last: date) -> Select[tuple[object, ...]]:
    """Invoices under their name."""
    bill = invoices.c
    columns = (bill.salesperson_id.label("employee_id"), bill.client_id, bill.id.label("invoice_id"), bill.issued_on,
               bill.due_on, cast(bill.amount, Float).label("amount"), bill.currency)  # fmt: skip
    return select(*columns).where(bill.salesperson_id.in_(ids), bill.issued_on.between(since, last))


def payments_query(ids: list[str], since: date, last: date) -> Select[tuple[object, ...]]:
    """What was paid on those invoices."""
    paid, bill = payments.c, invoices.c
    columns = (paid.invoice_id, paid.paid_on, cast(paid.amount, Float).label("paid"))
    ours = bill.salesperson_id.in_(ids) & bill.issued_on.between(since, last)
    return select(*columns).join(invoices, bill.id == paid.invoice_id).where(ours, paid.paid_on <= literal(last))


def salespeople_ever(connection: Connection) -> list[str]:
    """Ids of all salespeople, those who left included, for training. A leaver without a date is left out."""
    known = ~_HAS_LEFT | employees.c.left_on.is_not(None)
    query = select(employees.c.id).where(employees.c.role == Role.SALESPERSON, known).order_by(employees.c.id)
    return list(connection.execute(query).scalars())


def first_record(connection: Connection) -> date | None:
    """First day of the contact log, of ended deals or of invoices, whichever began last: from then on we see all."""
    starts = (
        select(func.min(_DAY)),
        select(func.min(opportunities.c.closed_on)),
        select(func.min(invoices.c.issued_on)),
    )
    days: list[date | None] = [connection.execute(start).scalar_one() for start in starts]
    known = [day for day in days if day is not None]
    return max(known) if known else None


def _teams(ids: list[str]) -> Select[tuple[object, ...]]:
    return select(employees.c.manager_id).where(employees.c.id.in_(ids))


def _frame(connection: Connection, query: Select[tuple[object, ...]], days: Sequence[str]) -> pd.DataFrame:
    found = connection.execute(query)
    frame = pd.DataFrame(found.all(), columns=pd.Index(list(found.keys())))
    for day in days:
        frame[day] = pd.to_datetime(frame[day])
    return frame
