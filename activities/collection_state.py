"""How the money of a case stands when somebody looks: open plans, what was read, what comes next."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import Connection

from models.amounts import ZERO, plain
from models.base import EmployeeId
from models.clearing import UNREAD_PAUSE, calendar_of, next_reading, reminders_of
from models.collection import CollectionLook, CommissionHold, ConfirmationState, Milestone, MilestoneState
from models.open_items import OpenItem
from models.working_days import WorkCalendar
from store import cases, collection, commission_holds, confirmations, people
from store.collection import PlanRow

# Only commission is still held: the books are read less often then.
SLOW = timedelta(days=7)

Books = Mapping[date, tuple[OpenItem, ...]]  # today first


class CollectionState:
    """One look at a moment, in one transaction, with the case locked.

    `books` are the open items by day, None when they could not be read; `unread` is the system that did not answer.
    """

    def __init__(self, connection: Connection, asked: CollectionLook, books: Books | None, unread: str | None) -> None:
        self.connection = connection
        self.at = asked.at
        self.books = books
        self.unread = unread
        self.case = cases.get(connection, asked.case_id, lock=True)
        self.calendar = calendar_of(people.get(connection, self.case.employee_id), self.case.policy)
        self.plans: list[PlanRow] = []
        self._calendars: dict[EmployeeId, WorkCalendar] = {}
        self.read_plans()

    def read_plans(self) -> None:
        """Read the plans that have not ended again."""
        self.plans = [plan for plan in self.every_plan() if plan.ended_at is None]

    def every_plan(self) -> list[PlanRow]:
        """The plans of the case, also those that have ended."""
        return collection.plans_of(self.connection, self.case.id)

    def held(self) -> list[CommissionHold]:
        """Commission that is held back now."""
        every = commission_holds.of_case(self.connection, self.case.id)
        return [each for each in every if each.released_at is None]

    def reminders(self, plan: PlanRow, each: Milestone) -> tuple[datetime, ...]:
        """When the collector of a plan hears of a date; never before the plan was made."""
        days = self.case.policy.collection.remind_working_days
        every = reminders_of(each.due_at, days, self._calendar_of(plan.collector))
        return tuple(moment for moment in every if moment > plan.made_at)

    def next_moment(self) -> datetime | None:
        """When something is due next; None when nothing will be."""
        coming = sorted(self._coming())
        if not coming and not self.plans and not self.held():
            return None
        if self.unread and any(moment <= self.at for moment in coming):  # a date has come that nobody can judge
            coming.append(self.at + UNREAD_PAUSE)
        pause = timedelta() if self.plans else SLOW
        return min(moment for moment in (*coming, next_reading(self.at + pause, self.calendar)) if moment > self.at)

    def waiting_on(self) -> tuple[EmployeeId, ...]:
        """Collectors of what is open; where only commission is still held, those of its clients."""
        if self.plans:
            return tuple(sorted({plan.collector for plan in self.plans}))
        clients = {each.client for each in self.held()}
        return tuple(sorted({plan.collector for plan in self.every_plan() if plan.client in clients}))

    def due_at(self) -> datetime | None:
        """The next date of any plan."""
        return min((each.due_at for plan in self.plans for each in open_of(plan)), default=None)

    def summary(self) -> str:
        """Totals only, for whoever looks at the workflow: `72,000 of 100,000 CNY open`."""
        told = (
            f"{Decimal(each['open']):,} of {Decimal(each['audited']):,} {each['currency']} open"
            for each in money_of(self.plans)
        )
        return ", ".join(told)

    def _coming(self) -> Iterator[datetime]:
        for plan in self.plans:
            for each in open_of(plan):
                yield each.due_at
                yield from self.reminders(plan, each)
        for letter in confirmations.of_case(self.connection, self.case.id):
            if letter.state is ConfirmationState.SENT and letter.due_at:
                yield letter.due_at

    def _calendar_of(self, person: EmployeeId) -> WorkCalendar:
        if person not in self._calendars:
            self._calendars[person] = calendar_of(people.get(self.connection, person), self.case.policy)
        return self._calendars[person]


def open_of(plan: PlanRow) -> Iterator[Milestone]:
    """The dates of a plan that were not judged yet."""
    return (each for each in plan.milestones if each.state is MilestoneState.OPEN)


def money_of(plans: Iterable[PlanRow]) -> list[dict[str, str]]:
    """What was audited and what is still open of it, by currency; what was never read counts as open."""
    sums: dict[str, tuple[Decimal, Decimal]] = {}
    for plan in plans:
        if plan.audited > 0:
            audited, left = sums.get(plan.currency, (ZERO, ZERO))
            rest = plan.audited if plan.open_now is None else max(ZERO, plan.open_now)
            sums[plan.currency] = audited + plan.audited, left + rest
    return [
        {"currency": currency, "audited": str(plain(audited)), "open": str(plain(left))}
        for currency, (audited, left) in sorted(sums.items())
    ]
