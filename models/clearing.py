"""The rules of following money up: which dates a plan has, what counts as still open, who is reminded when."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from models.ageing import AgeingBasis, AgeingPolicy
from models.amounts import ZERO, plain
from models.base import ClientId
from models.collection import BucketRecovery, ClearingPlan, Milestone, MilestoneState
from models.errors import BadDates
from models.exposure import bucket_of
from models.open_items import LedgerKey, OpenItem, Portion
from models.people import Employee
from models.planning import calendar_for
from models.policy import CollectionPolicy, Policy
from models.working_days import DAY, HOURS, WorkCalendar

CENT = Decimal("0.01")
# Nobody reads the books more often: what is due at a moment of its own is judged at that moment.
UNREAD_PAUSE = timedelta(hours=1)


def calendar_of(collector: Employee, policy: Policy) -> WorkCalendar:
    """The working days of a collector; of the policy's country where theirs has no calendar."""
    try:
        return calendar_for(collector, policy)
    except BadDates:
        hours = policy.working_hours
        return WorkCalendar(hours.default_country, hours.default_time_zone, hours.end_of_day)


def milestones_of(
    client: ClientId,
    currency: str,
    audited: Decimal,
    policy: CollectionPolicy,
    calendar: WorkCalendar,
    at: datetime,
) -> tuple[Milestone, ...]:
    """The dates of a plan, counted from the hand-over in the collector's working days; none where nothing is owed."""
    if audited <= 0:
        return ()
    return tuple(
        Milestone(
            client=client,
            currency=currency,
            number=number,
            due_at=calendar.add_working_days(at, rule.working_days),
            at_most=plain((audited * (1 - rule.share)).quantize(CENT, ROUND_HALF_UP)),
        )
        for number, rule in enumerate(policy.milestones, 1)
    )


def reminders_of(due_at: datetime, days_before: int, calendar: WorkCalendar) -> tuple[datetime, ...]:
    """When a collector is reminded of a date: in the morning so many working days before, and of the day itself."""
    day = calendar.local_day(due_at)
    of_the_day = due_at - HOURS
    left = days_before
    while left > 0:
        day -= DAY
        left -= calendar.is_working_day(day)
    return tuple(sorted({calendar.end_of(day) - HOURS, of_the_day}))


def next_reading(at: datetime, calendar: WorkCalendar) -> datetime:
    """The next working morning: the books are read once a working day."""
    morning = calendar.end_of(calendar.local_day(at)) - HOURS
    if at < morning and calendar.is_working_day(calendar.local_day(at)):
        return morning
    return calendar.add_working_days(at, 1) - HOURS


def still_open(items: Iterable[OpenItem], audited_on: date) -> dict[LedgerKey, Decimal]:
    """What is still open of what was audited, by client and currency.

    Invoices of later days are no part of the plan; money that came in later is, also before it is applied.
    """
    found: dict[LedgerKey, Decimal] = {}
    for item in items:
        if item.issued_on <= audited_on or item.outstanding < 0:
            key = LedgerKey(item.client_id, item.currency)
            found[key] = found.get(key, ZERO) + item.outstanding
    return found


def judged(milestone: Milestone, open_then: Decimal) -> Milestone:
    """A date as the books say it went."""
    state = MilestoneState.MET if open_then <= milestone.at_most else MilestoneState.MISSED
    return milestone.model_copy(update={"state": state, "open_then": plain(open_then)})


def settled_early(plan: ClearingPlan, open_now: Decimal) -> tuple[Milestone, ...]:
    """The dates that are still to come of a plan of which nothing is open any more: met, all of them."""
    if open_now > 0:
        return ()
    return tuple(judged(each, open_now) for each in plan.milestones if each.state is MilestoneState.OPEN)


def portion_of(key: str, width: Decimal, shares: Sequence[tuple[str, Decimal]], employee: str) -> Portion:
    """Where the part of a salesperson lies, when only its `width` (0..1) is known from the audit.

    `shares` are the sharers of the client with their parts (0..1), in order of their ids. Who is none of them owned the
    client, and stands last.
    """
    below = ZERO
    for sharer, part in shares:
        if sharer == employee and part == width:
            return Portion(key=key, low=below, high=below + width)
        below += part
    return Portion(key=key, low=1 - width, high=Decimal(1))


def recovered(
    audited: Iterable[OpenItem], now: Iterable[OpenItem], ageing: AgeingPolicy, audited_on: date
) -> tuple[BucketRecovery, ...]:
    """By the bucket in which it was audited: how much was open, and how much of that is settled now.

    An item that somebody paid too much since counts as settled, and not for more than it was.
    """
    left = {(item.kind, item.document, item.instalment): item.outstanding for item in now}
    sums: dict[tuple[str, str], tuple[Decimal, Decimal]] = {}
    for item in audited:
        if item.outstanding <= 0:
            continue
        age = audited_on - (item.due_on if ageing.basis is AgeingBasis.DUE_DATE else item.issued_on)
        key = (item.currency, bucket_of(age.days, ageing.buckets))
        was, back = sums.get(key, (ZERO, ZERO))
        rest = max(ZERO, left.get((item.kind, item.document, item.instalment), ZERO))
        sums[key] = (was + item.outstanding, back + max(ZERO, item.outstanding - rest))
    order = {bucket.label: place for place, bucket in enumerate(ageing.buckets)}
    return tuple(
        BucketRecovery(currency=currency, bucket=bucket, audited=plain(was), recovered=plain(back))
        for (currency, bucket), (was, back) in sorted(sums.items(), key=lambda each: (each[0][0], order[each[0][1]]))
    )
