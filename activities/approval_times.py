"""Until when a round is asked, and when its people are reminded: in the working hours of whoever is asked."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection

from activities.approval_people import rule_of
from models.approvals import Ladder, Seat
from models.errors import BadDates
from models.people import Employee
from models.planning import calendar_for
from models.policy import Policy
from models.working_days import WorkCalendar
from store import chart
from store.cases import CaseRow
from store.gates import GateRow


def deadline(
    connection: Connection,
    case: CaseRow,
    gate: str,
    ladder: Ladder,
    seats: Collection[Seat],
    *,
    at: datetime,
    planned: datetime | None = None,
) -> datetime:
    """The end of a round whose `seats` have not voted, counted from `at`: the earliest of several people.

    A `planned` deadline is one of the leaver's calendar: elsewhere it is the end of that working day there.
    """
    if planned is None:
        days = _days(case, gate, ladder)
        return min(each.add_working_days(at, days) for each in _calendars(connection, case, seats))
    own = _calendar(chart.around(connection, {case.employee_id}, ())[case.employee_id], case.policy)
    return min(_fitted(planned, each, own) for each in _calendars(connection, case, seats))


def reminders(connection: Connection, case: CaseRow, row: GateRow, seats: Collection[Seat]) -> tuple[datetime, ...]:
    """When the people of a round whose `seats` have not voted are reminded, in order: inside working hours."""
    rule = rule_of(case, row.gate)
    days = _days(case, row.gate, row.ladder)
    calendars = _calendars(connection, case, seats)
    calendar = min(calendars, key=lambda each: each.add_working_days(row.opened_at, days))
    shares = case.policy.reminders if rule.reminders is None else rule.reminders
    moments = {calendar.fraction(row.opened_at, row.due_at, share) for share in shares}
    return tuple(sorted(moment for moment in moments if row.opened_at < moment < row.due_at))


def _days(case: CaseRow, gate: str, ladder: Ladder) -> int:
    rule = rule_of(case, gate)
    return rule.working_days if ladder is Ladder.APPROVER else rule.escalation_working_days


def _calendars(connection: Connection, case: CaseRow, seats: Collection[Seat]) -> list[WorkCalendar]:
    """One calendar for each place where somebody is asked; the leaver's when all seats have voted."""
    asked = {person for seat in seats for person in seat.holders()} or {case.employee_id}
    people = chart.around(connection, asked, ())
    each = (_calendar(people[person], case.policy) for person in sorted(asked) if person in people)
    return list({(calendar.country, calendar.time_zone): calendar for calendar in each}.values())


def _calendar(person: Employee, policy: Policy) -> WorkCalendar:
    try:
        return calendar_for(person, policy)
    except BadDates:  # a country or zone that nobody knows must not keep the gate shut
        hours = policy.working_hours
        return WorkCalendar(hours.default_country, hours.default_time_zone, hours.end_of_day)


def _fitted(planned: datetime, calendar: WorkCalendar, own: WorkCalendar) -> datetime:
    if (calendar.country, calendar.time_zone) == (own.country, own.time_zone):
        return planned
    day = calendar.local_day(planned)
    return calendar.end_of(day) if calendar.is_working_day(day) else calendar.add_working_days(calendar.end_of(day), 1)
