"""The plan of a case, computed from a request, a person, a policy and a moment. Pure: the same input, the same plan."""

from collections.abc import Collection, Sequence
from datetime import date, datetime

from models.access import Grade
from models.approvals import GatePlan
from models.case import CaseDates, CasePlan, CaseRequest, SeparationKind
from models.errors import BadDates
from models.people import Employee
from models.policy import GatePolicy, Policy
from models.reasons import Reason, because
from models.working_days import WorkCalendar

# Assets are due this many working days after the last one (features 4.8, return from afar).
ASSET_RETURN_DAYS = 5
# What an employee's row says when the source named no zone.
NO_ZONE = ("", "UTC")
FIRST_YEAR, LAST_YEAR = 1900, 2199


def calendar_for(employee: Employee, policy: Policy) -> WorkCalendar:
    """The working days that count for a person: their country and zone, else those of the policy.

    The policy's zone belongs to the policy's country: it is never put on a person of another country, who without a
    zone of their own is read in UTC. Raises BadDates for a country or a zone that does not exist.
    """
    hours = policy.working_hours
    country = employee.country or hours.default_country
    zone = employee.time_zone
    if zone in NO_ZONE:
        zone = hours.default_time_zone if country == hours.default_country else "UTC"
    return WorkCalendar(country, zone, hours.end_of_day)


def check_years(*days: date) -> None:
    """Raise BadDates for a year that nobody means: a slip of the hand would make times that no clock can hold."""
    for day in days:
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise BadDates(
                "the year {year} is not meant: nothing was started or changed. Give the date again.", year=day.year
            )


def plan_case(request: CaseRequest, employee: Employee, policy: Policy, at: datetime) -> CasePlan:
    """Build the plan that is pinned for the life of a case; `at` is the moment from which deadlines count.

    With `request.as_of`, an audit date, the dates are judged by that day, else by the local day of `at`; the effects
    are real either way. Raises BadDates when the dates contradict one another.
    """
    calendar = calendar_for(employee, policy)
    as_of = request.as_of or calendar.local_day(at)
    gates = _gates(policy.gates, policy, calendar, at)
    barred = dict.fromkeys(person for person in (request.employee_id, request.requested_by) if person)
    return CasePlan(
        case_id=request.case_id,
        employee_id=request.employee_id,
        region=employee.region,
        department=employee.department,
        dates=_dates(calendar, as_of, request.last_working_day, request.access_cutoff),
        as_of=as_of,
        policy_name=policy.name,
        policy_version=policy.version,
        branch_budget_seconds=policy.branch_budget_seconds,
        first_grades=tuple(Grade) if request.kind is SeparationKind.DISMISSAL else policy.first_grades,
        gates=gates,
        barred=tuple(barred),
        separation=policy.separation,
        time_zone=calendar.time_zone,
        provisional_years=_provisional_years(calendar, gates),
    )


def replan(
    plan: CasePlan,
    policy: Policy,
    calendar: WorkCalendar,
    *,
    last_working_day: date,
    settled: Collection[str],
    started_at: datetime,
    at: datetime,
) -> CasePlan:
    """The plan for a new last working day.

    Gates in `settled` keep their times; every other deadline is counted afresh from `at`, so that people have their
    full time for what has changed. The access cut-off becomes the end of the new last working day; one that was
    chosen, or is past, stays: moving a date gives no right back. Raises BadDates when the new day lies in the past.
    """
    old = plan.dates
    by_audit_date = old.notice_date != calendar.local_day(started_at)
    today = calendar.local_day(at)
    if last_working_day < today and not by_audit_date:
        raise BadDates(
            "the new last working day {last_working_day} is over (today is {today}); "
            "the plan stays as it was: choose today or a later day",
            last_working_day=last_working_day,
            today=today,
        )
    over = old.access_cutoff <= at and calendar.local_day(old.access_cutoff) <= last_working_day
    # Somebody chose that moment (garden leave): a new last day does not give a month of access with it.
    chosen = old.access_cutoff != calendar.end_of(old.last_working_day)
    kept = over or (chosen and calendar.local_day(old.access_cutoff) <= last_working_day)
    dates = _dates(calendar, old.notice_date, last_working_day, old.access_cutoff if kept else None)
    pending = tuple(rule for rule in policy.gates if rule.gate not in settled)
    afresh = {gate.gate: gate for gate in _gates(pending, policy, calendar, at)}
    gates = tuple(afresh.get(gate.gate, gate) for gate in plan.gates)
    update = {"dates": dates, "gates": gates, "provisional_years": _provisional_years(calendar, gates)}
    return plan.model_copy(update=update)


def asset_return_due(calendar: WorkCalendar, last_working_day: date) -> datetime:
    """Until when the leaver's assets are to be back (UTC)."""
    return calendar.add_working_days(calendar.end_of(last_working_day), ASSET_RETURN_DAYS)


def calendar_gaps(plan: CasePlan) -> tuple[Reason, ...]:
    """What the reader must know about deadlines that rest on an unpublished calendar."""
    return tuple(
        because(
            "The make-up working days of {year} are not published yet: deadlines in that year may still move.",
            year=year,
        )
        for year in plan.provisional_years
    )


def _gates(rules: Sequence[GatePolicy], policy: Policy, calendar: WorkCalendar, at: datetime) -> tuple[GatePlan, ...]:
    """Gates in the order of the policy. One that comes after others begins when the last of them is due."""
    made: dict[str, GatePlan] = {}
    waiting = {rule.gate: rule for rule in rules}
    while waiting:
        # A policy whose gates wait for one another is refused when it is loaded, so one is always ready.
        rule = next(rule for rule in waiting.values() if not set(rule.after) & waiting.keys())
        begins = max((made[name].due_at for name in rule.after if name in made), default=at)
        made[rule.gate] = _gate(rule, policy, calendar, begins)
        del waiting[rule.gate]
    return tuple(made[rule.gate] for rule in rules)


def _gate(rule: GatePolicy, policy: Policy, calendar: WorkCalendar, at: datetime) -> GatePlan:
    due_at = calendar.add_working_days(at, rule.working_days)
    shares = policy.reminders if rule.reminders is None else rule.reminders
    reminders = sorted({calendar.fraction(at, due_at, share) for share in shares})
    return GatePlan(
        gate=rule.gate,
        role=rule.role,
        people=rule.people,
        needed=rule.needed,
        on_decline=rule.on_decline,
        after=rule.after,
        due_at=due_at,
        reminders_at=tuple(moment for moment in reminders if at < moment < due_at),
        escalation_due_at=calendar.add_working_days(due_at, rule.escalation_working_days),
        ladder=rule.ladder,
        on_silence=rule.on_silence,
        from_level=rule.from_level,
    )


def _dates(calendar: WorkCalendar, notice: date, last_working_day: date, cutoff: datetime | None) -> CaseDates:
    check_years(last_working_day, *([cutoff.date()] if cutoff else []))
    if last_working_day < notice:
        raise BadDates(
            "the last working day {last_working_day} lies before {notice}, the day that the case counts from; "
            "nothing was changed: choose that day or a later one",
            last_working_day=last_working_day,
            notice=notice,
        )
    access_cutoff = cutoff or calendar.end_of(last_working_day)
    day = calendar.local_day(access_cutoff)
    if not notice <= day <= last_working_day:
        raise BadDates(
            "access would end on {day}, which is not between the notice ({notice}) and the separation "
            "({last_working_day}); nothing was changed: choose a time between them",
            day=day,
            notice=notice,
            last_working_day=last_working_day,
        )
    return CaseDates(
        notice_date=notice,
        last_working_day=last_working_day,
        access_cutoff=access_cutoff,
        separation_date=last_working_day,
    )


def _provisional_years(calendar: WorkCalendar, gates: tuple[GatePlan, ...]) -> tuple[int, ...]:
    years = {calendar.local_day(moment).year for gate in gates for moment in (gate.due_at, gate.escalation_due_at)}
    return tuple(year for year in sorted(years) if calendar.provisional(year))
