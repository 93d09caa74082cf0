"""The plan of a case: dates in order, gates with absolute deadlines, and what a new last working day moves."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.access import Grade
from models.case import CasePlan, CaseRequest, SeparationKind
from models.errors import BadDates
from models.people import Employee
from models.planning import asset_return_due, calendar_for, calendar_gaps, plan_case, replan
from models.policy import Policy
from models.risk_level import Level
from reports.language import language
from store.policies import load_policy

PRC = load_policy("prc")
SHANGHAI = ZoneInfo("Asia/Shanghai")
# Bounds of what hypothesis draws; the zone is added by `timezones`.
FIRST, LAST = datetime(2025, 1, 1), datetime(2026, 12, 1)  # noqa: DTZ001
TUESDAY = datetime(2026, 11, 24, 10, tzinfo=SHANGHAI)
FRIDAY = date(2026, 12, 18)


def leaver(country: str = "CN", time_zone: str = "Asia/Shanghai") -> Employee:
    return Employee(id="E7", name="Li Na", region="East", department="Sales", country=country, time_zone=time_zone)


def request(**changes: object) -> CaseRequest:
    fields: dict[str, object] = {
        "case_id": "offboarding-E7",
        "employee_id": "E7",
        "kind": SeparationKind.RESIGNATION,
        "last_working_day": FRIDAY,
        "requested_by": "E2",
        "policy": "prc",
    }
    return CaseRequest.model_validate(fields | changes)


def plan(policy: Policy = PRC, at: datetime = TUESDAY, **changes: object) -> CasePlan:
    return plan_case(request(**changes), leaver(), policy, at)


def moved(old: CasePlan, to: date, at: datetime, settled: tuple[str, ...] = ()) -> CasePlan:
    calendar = calendar_for(leaver(), PRC)
    return replan(old, PRC, calendar, last_working_day=to, settled=settled, started_at=TUESDAY, at=at)


def test_four_dates_in_order() -> None:
    dates = plan().dates
    assert dates.notice_date == date(2026, 11, 24)
    assert dates.last_working_day == dates.separation_date == FRIDAY
    assert dates.access_cutoff == datetime(2026, 12, 18, 18, tzinfo=SHANGHAI)


def test_every_gate_of_the_policy_with_its_deadlines() -> None:
    made = {gate.gate: gate for gate in plan().gates}
    assert list(made) == [gate.gate for gate in PRC.gates]
    finance = made["finance"]
    assert finance.due_at == datetime(2026, 11, 26, 18, tzinfo=SHANGHAI)
    assert finance.escalation_due_at == datetime(2026, 11, 30, 18, tzinfo=SHANGHAI)
    # From Tuesday 10:00: 8 h, then 9 h, then 9 h; half of 26 h is 13 h.
    assert finance.reminders_at[0] == datetime(2026, 11, 25, 14, tzinfo=SHANGHAI)
    assert finance.reminders_at[1] == datetime(2026, 11, 26, 15, 24, tzinfo=SHANGHAI)
    assert made["legal"].from_level is Level.CRITICAL
    assert made["legal"].due_at == datetime(2026, 11, 27, 18, tzinfo=SHANGHAI)


def test_the_leaver_and_the_starter_are_barred() -> None:
    assert plan().barred == ("E7", "E2")
    assert plan(requested_by=None).barred == ("E7",)


def test_a_dismissal_locks_every_grade_first() -> None:
    assert plan().first_grades == (Grade.EXPORT,)
    assert plan(kind=SeparationKind.DISMISSAL).first_grades == tuple(Grade)


@pytest.mark.parametrize(
    "changes",
    [
        {"last_working_day": date(2026, 11, 23)},
        {"last_working_day": date(2017, 6, 29), "as_of": date(2017, 6, 30)},
        {"access_cutoff": datetime(2026, 12, 19, 9, tzinfo=SHANGHAI)},
        {"access_cutoff": datetime(2026, 11, 23, 9, tzinfo=SHANGHAI)},
        {"access_cutoff": datetime(2026, 12, 18, 17, tzinfo=UTC)},  # one in the morning of the 19th in Shanghai
    ],
)
def test_contradicting_dates_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(BadDates, match="nothing was changed"):
        plan(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"last_working_day": date(2026, 11, 24)},
        {"last_working_day": date(2017, 6, 30), "as_of": date(2017, 6, 30)},
        {"access_cutoff": datetime(2026, 12, 18, 23, 59, tzinfo=SHANGHAI)},
        {"access_cutoff": datetime(2026, 11, 24, tzinfo=SHANGHAI)},
    ],
)
def test_dates_at_the_very_edge_are_fine(changes: dict[str, object]) -> None:
    assert plan(**changes).dates.last_working_day == changes.get("last_working_day", FRIDAY)


def test_today_is_the_day_of_the_leaver_not_of_utc() -> None:
    late_on_monday_in_utc = datetime(2026, 11, 23, 20, tzinfo=UTC)
    assert plan(at=late_on_monday_in_utc).as_of == date(2026, 11, 24)


def test_a_rehearsal_looks_back_but_asks_now() -> None:
    rehearsal = plan(last_working_day=date(2017, 6, 30), as_of=date(2017, 6, 30))
    assert rehearsal.as_of == rehearsal.dates.notice_date == date(2017, 6, 30)
    assert all(gate.due_at > TUESDAY for gate in rehearsal.gates)


@pytest.mark.parametrize(
    ("country", "zone", "expected"),
    [
        ("", "UTC", ("CN", "Asia/Shanghai")),
        ("CN", "", ("CN", "Asia/Shanghai")),
        ("", "Asia/Urumqi", ("CN", "Asia/Urumqi")),
        ("DE", "Europe/Berlin", ("DE", "Europe/Berlin")),
        ("DE", "UTC", ("DE", "UTC")),
    ],
)
def test_the_calendar_is_the_leavers_else_the_policys(country: str, zone: str, expected: tuple[str, str]) -> None:
    calendar = calendar_for(leaver(country, zone), PRC)
    assert (calendar.country, calendar.time_zone) == expected


def test_an_unpublished_calendar_is_said_in_both_languages() -> None:
    over_new_year = plan(at=datetime(2026, 12, 30, 10, tzinfo=SHANGHAI), last_working_day=date(2027, 1, 29))
    assert over_new_year.provisional_years == (2027,)
    (gap,) = calendar_gaps(over_new_year)
    assert "2027" in language("en").reason(gap)
    chinese = language("zh-CN").reason(gap)
    assert "2027" in chinese
    assert "调休" in chinese
    assert calendar_gaps(plan()) == ()


def test_a_new_last_day_moves_what_is_pending_and_nothing_else() -> None:
    old, later = plan(), TUESDAY + timedelta(days=2)
    new = moved(old, date(2026, 12, 31), later, settled=("hr",))
    assert new.dates.access_cutoff == datetime(2026, 12, 31, 18, tzinfo=SHANGHAI)
    assert new.dates.separation_date == date(2026, 12, 31)
    assert new.dates.notice_date == old.dates.notice_date
    before, after = ({gate.gate: gate for gate in made.gates} for made in (old, new))
    assert after["hr"] == before["hr"]
    assert after["finance"].due_at == datetime(2026, 11, 30, 18, tzinfo=SHANGHAI)
    untouched = set(CasePlan.model_fields) - {"dates", "gates", "provisional_years"}
    assert all(getattr(new, name) == getattr(old, name) for name in untouched)


def test_a_last_day_in_the_past_is_refused() -> None:
    with pytest.raises(BadDates, match="stays as it was"):
        moved(plan(), date(2026, 11, 25), datetime(2026, 11, 26, 9, tzinfo=SHANGHAI))


@pytest.mark.parametrize("day", [date(2200, 1, 1), date.max], ids=str)
def test_a_year_that_nobody_means_is_refused_also_when_a_date_is_moved(day: date) -> None:
    with pytest.raises(BadDates, match="is not meant"):
        moved(plan(), day, TUESDAY)
    with pytest.raises(BadDates, match="is not meant"):
        plan(last_working_day=day)


def test_a_cut_off_that_is_past_gives_nothing_back() -> None:
    early = plan(access_cutoff=datetime(2026, 11, 25, 12, tzinfo=SHANGHAI))
    assert moved(early, date(2027, 1, 15), datetime(2026, 11, 26, 9, tzinfo=SHANGHAI)).dates.access_cutoff == (
        early.dates.access_cutoff
    )


def test_a_rehearsal_can_be_moved_within_its_own_past() -> None:
    rehearsal = plan(last_working_day=date(2017, 6, 30), as_of=date(2017, 6, 30))
    assert moved(rehearsal, date(2017, 7, 14), TUESDAY).dates.last_working_day == date(2017, 7, 14)
    with pytest.raises(BadDates):
        moved(rehearsal, date(2017, 6, 29), TUESDAY)


def test_assets_are_due_five_working_days_after_the_last_one() -> None:
    assert asset_return_due(calendar_for(leaver(), PRC), FRIDAY) == datetime(2026, 12, 25, 18, tzinfo=SHANGHAI)


@given(st.datetimes(FIRST, LAST, timezones=st.just(UTC)), st.integers(0, 90))
@settings(max_examples=80, deadline=None)
def test_every_plan_is_in_order_and_the_same_twice(at: datetime, notice_days: int) -> None:
    last = calendar_for(leaver(), PRC).local_day(at) + timedelta(days=notice_days)
    made = plan(at=at, last_working_day=last)
    assert made == plan(at=at, last_working_day=last)
    assert made.dates.notice_date <= made.dates.last_working_day <= made.dates.separation_date
    for gate in made.gates:
        assert all(at < moment < gate.due_at for moment in gate.reminders_at)
        assert list(gate.reminders_at) == sorted(gate.reminders_at)
        assert at < gate.due_at < gate.escalation_due_at
