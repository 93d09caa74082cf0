"""What one look at the money of a case does, in one transaction: pass on, judge, release, remind, end."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from activities import clearing, collectors
from activities.collection_news import CollectionNews
from activities.collection_state import CollectionState, money_of, open_of
from models.amounts import ZERO, plain
from models.base import EmployeeId
from models.case import Phase
from models.clearing import judged, settled_early, still_open
from models.collection import CollectionOutcome, CollectionRound, Milestone, MilestoneState
from models.open_items import LedgerKey
from models.people import EmployeeStatus
from store import collection, commission_holds, confirmations, evidence

OVER = (Phase.WITHDRAWN, Phase.DECLINED)

Open = Mapping[LedgerKey, Decimal]


def take_steps(now: CollectionState, outcome: CollectionOutcome | None) -> CollectionRound:
    """Do everything that is due. `outcome` is kept where dates are judged. A repeat finds nothing left to do."""
    if now.case.phase in OVER:
        clearing.end(now.connection, now.case.id, now.at)
        return CollectionRound(next_at=None)
    news = CollectionNews(now.connection, now.case.id, now.at)
    _pass_on(now, news)
    news.assigned(plan.collector for plan in now.plans)
    dates = _judge(now, news)
    if dates and outcome:
        figures = outcome.model_dump(mode="json")
        evidence.append(now.connection, now.case.id, "collection.figures", figures, at=now.at)
    released, reminded, silent = _release(now), _remind(now, news), _fall_silent(now, news)
    _end_plans(now)
    states = Counter(each.state for each in dates)
    return CollectionRound(
        next_at=now.next_moment(),
        met=states[MilestoneState.MET],
        missed=states[MilestoneState.MISSED],
        reminded=reminded,
        silent=silent,
        released=released,
        open_plans=len(now.plans),
        due_at=now.due_at(),
        summary=now.summary(),
        unread=now.unread,
        waiting_on=now.waiting_on(),
    )


def _pass_on(now: CollectionState, news: CollectionNews) -> None:
    """Plans of collectors who are not there any more go to who holds the client, or else to the manager.

    Who is only leaving keeps what nobody else holds yet: their own case hands it on.
    """
    gone = collectors.gone(now.connection, [plan.collector for plan in now.plans])
    theirs = [plan for plan in now.plans if plan.collector in gone]
    if not theirs:
        return
    holders = collectors.holders_of(now.connection, [plan.client for plan in theirs], now.case.employee_id)
    spare = collectors.stand_in(now.connection, now.case.employee_id)
    moved: dict[LedgerKey, EmployeeId] = {}
    for plan in theirs:
        left = gone[plan.collector] is EmployeeStatus.LEFT
        who = holders.get(plan.client) or (spare if left else None)
        if who and who != plan.collector:
            moved[plan.account] = who
    if not moved:
        return
    collection.set_collectors(now.connection, now.case.id, moved)
    facts: dict[str, object] = {"plans": len(moved), "collectors": sorted({*moved.values()})}
    evidence.append(now.connection, now.case.id, "collection.reassigned", facts, at=now.at)
    news.reassigned(moved.values())
    now.read_plans()


def _judge(now: CollectionState, news: CollectionNews) -> list[Milestone]:
    """Every date that has come, by the books of its day; what is unknown stays open."""
    if not now.books:
        return []
    by_day = {day: still_open(items, now.case.plan.as_of) for day, items in now.books.items()}
    today = next(iter(by_day.values()))
    open_now = {plan.account: plain(today.get(plan.account, ZERO)) for plan in now.plans}
    collection.set_open(now.connection, now.case.id, open_now, at=now.at)
    dates = [each for plan in now.plans for each in _dates_of(now, plan, by_day, open_now[plan.account])]
    collection.set_judged(now.connection, now.case.id, dates)
    now.read_plans()
    if dates:
        _note_judged(now, news, dates)
    return dates


def _dates_of(
    now: CollectionState, plan: collection.PlanRow, by_day: Mapping[date, Open], left: Decimal
) -> list[Milestone]:
    """The dates of a plan that can be judged: those that have come, and all of them when nothing is open any more."""
    come = [
        judged(each, by_day[day].get(plan.account, ZERO))
        for each in open_of(plan)
        if each.due_at <= now.at and (day := now.calendar.local_day(each.due_at)) in by_day
    ]
    known = {each.number for each in come}
    return [*come, *(each for each in settled_early(plan, left) if each.number not in known)]


def _note_judged(now: CollectionState, news: CollectionNews, dates: Sequence[Milestone]) -> None:
    who = {plan.account: plan.collector for plan in now.plans}
    missed = [each for each in dates if each.state is MilestoneState.MISSED]
    late = {(who[LedgerKey(each.client, each.currency)], each.due_at) for each in missed}
    facts: dict[str, object] = {
        "met": len(dates) - len(missed),
        "missed": len(missed),
        "collectors": sorted({person for person, _ in late}),
    }
    evidence.append(now.connection, now.case.id, "collection.judged", facts, at=now.at)
    for person, due_at in sorted(late):
        news.missed(person, due_at)


def _release(now: CollectionState) -> int:
    """Commission on invoices that are open no longer is held back no longer."""
    held = now.held()
    if not now.books or not held:
        return 0
    today = next(iter(now.books.values()))
    unpaid = {item.document for item in today if item.whole > 0}
    paid = [each.commission for each in held if each.document not in unpaid]
    released = commission_holds.release(now.connection, now.case.id, paid, at=now.at)
    if released:
        facts: dict[str, object] = {"commissions": released}
        evidence.append(now.connection, now.case.id, "commission.released", facts, at=now.at)
    return released


def _remind(now: CollectionState, news: CollectionNews) -> int:
    """Collectors hear of a date some working days before it, and on its morning; once each, however late we are."""
    groups: dict[tuple[EmployeeId, datetime, int], list[Milestone]] = defaultdict(list)
    for plan in now.plans:
        for each in open_of(plan):
            moments = [moment for moment in now.reminders(plan, each) if moment <= now.at]
            last = plan.reminded.get(each.number)
            if moments and each.due_at > now.at and (last is None or last < moments[-1]):
                groups[plan.collector, each.due_at, len(moments)].append(each)
    for (collector, due_at, number), dates in groups.items():
        collection.set_reminded(now.connection, now.case.id, dates, at=now.at)
        news.reminded(collector, due_at, number)
    return len(groups)


def _fall_silent(now: CollectionState, news: CollectionNews) -> int:
    """Clients that did not answer in time; their collectors are told once."""
    silent = confirmations.set_silent(now.connection, now.case.id, at=now.at)
    if silent:
        facts: dict[str, object] = {"letters": len(silent)}
        evidence.append(now.connection, now.case.id, "confirmation.silent", facts, at=now.at)
        who = {plan.account: plan.collector for plan in now.every_plan()}
        news.silent(who[account] for account in silent if account in who)
    return len(silent)


def _end_plans(now: CollectionState) -> None:
    """A plan without open dates is over; with the last one the outcome is written down."""
    over = [plan.account for plan in now.plans if not any(open_of(plan))]
    if not over:
        return
    collection.end(now.connection, now.case.id, over, at=now.at)
    now.read_plans()
    if now.plans:
        return
    every = now.every_plan()
    states = Counter(each.state for plan in every for each in plan.milestones)
    facts: dict[str, object] = {
        "met": states[MilestoneState.MET],
        "missed": states[MilestoneState.MISSED],
        "sums": money_of(every),
    }
    evidence.append(now.connection, now.case.id, "collection.ended", facts, at=now.at)
