"""Working days of real calendars: national days, make-up days, zones with summer time."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import BadDates
from models.working_days import WorkCalendar

SIX = time(18, 0)
CHINA = WorkCalendar("CN", "Asia/Shanghai", SIX)
AMERICA = WorkCalendar("US", "America/New_York", SIX)
GERMANY = WorkCalendar("DE", "Europe/Berlin", SIX)
# Bounds of what hypothesis draws; the zone is added by `timezones`.
FIRST, LAST = datetime(2024, 1, 1), datetime(2026, 10, 31)  # noqa: DTZ001
CALENDARS = [CHINA, AMERICA, GERMANY]

moments = st.datetimes(FIRST, LAST, timezones=st.just(UTC))
calendars = st.sampled_from(CALENDARS)


def local(calendar: WorkCalendar, text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(calendar.time_zone))


@pytest.mark.parametrize(
    ("calendar", "day", "works"),
    [
        (CHINA, "2026-10-01", False),  # National Day
        (CHINA, "2026-10-07", False),  # a Wednesday off, made up for on Saturday
        (CHINA, "2026-10-10", True),  # that Saturday
        (CHINA, "2026-09-20", True),  # a Sunday that makes up for 6 October
        (CHINA, "2026-10-11", False),
        (CHINA, "2026-02-16", False),  # New Year's Eve
        (CHINA, "2026-02-23", False),
        (CHINA, "2026-02-14", True),  # a Saturday before Spring Festival
        (CHINA, "2026-02-28", True),  # a Saturday after it
        (AMERICA, "2026-11-26", False),  # Thanksgiving
        (AMERICA, "2026-11-27", True),
        (GERMANY, "2026-10-03", False),
        (GERMANY, "2026-05-14", False),  # Ascension Day
        (GERMANY, "2026-11-26", True),
    ],
)
def test_days_off_and_made_up(calendar: WorkCalendar, day: str, works: bool) -> None:
    assert calendar.is_working_day(date.fromisoformat(day)) is works


@pytest.mark.parametrize(
    ("calendar", "start", "n", "due"),
    [
        (CHINA, "2026-09-29T09:00", 1, "2026-09-30T18:00"),
        (CHINA, "2026-09-29T09:00", 2, "2026-10-08T18:00"),  # over National Day
        (CHINA, "2026-10-08T09:00", 2, "2026-10-10T18:00"),  # the made-up Saturday counts
        (CHINA, "2026-02-13T20:00", 1, "2026-02-14T18:00"),
        (CHINA, "2026-02-13T20:00", 2, "2026-02-24T18:00"),  # over Spring Festival
        (CHINA, "2026-11-23T23:30", 1, "2026-11-24T18:00"),  # still Monday in Shanghai, whatever UTC says
        (AMERICA, "2026-11-25T10:00", 1, "2026-11-27T18:00"),  # over Thanksgiving
        (AMERICA, "2026-03-06T10:00", 1, "2026-03-09T18:00"),  # clocks go forward on Sunday
        (AMERICA, "2026-10-30T10:00", 1, "2026-11-02T18:00"),  # and back
        (GERMANY, "2026-10-23T10:00", 1, "2026-10-26T18:00"),
    ],
)
def test_deadlines_fall_at_the_end_of_the_local_day(calendar: WorkCalendar, start: str, n: int, due: str) -> None:
    found = calendar.add_working_days(local(calendar, start), n)
    assert found == local(calendar, due)
    assert found.utcoffset() == timedelta(0)


def test_a_part_of_a_country_has_days_of_its_own() -> None:
    bavaria = WorkCalendar("DE", "Europe/Berlin", SIX, subdivision="BY")
    epiphany = date(2026, 1, 6)
    assert GERMANY.is_working_day(epiphany)
    assert not bavaria.is_working_day(epiphany)


def test_overrides_win_both_ways() -> None:
    calendar = WorkCalendar("CN", "Asia/Shanghai", SIX, extra={date(2027, 2, 20): True, date(2027, 2, 11): False})
    assert calendar.is_working_day(date(2027, 2, 20))
    assert not calendar.is_working_day(date(2027, 2, 11))
    assert CHINA.is_working_day(date(2027, 2, 11))


def test_years_without_published_make_up_days_are_provisional() -> None:
    assert not CHINA.provisional(2026)
    assert CHINA.provisional(2027)
    assert CHINA.provisional(2030)
    assert not AMERICA.provisional(2030)
    assert not WorkCalendar("CN", "Asia/Shanghai", SIX, extra={date(2027, 2, 20): True}).provisional(2027)


@pytest.mark.parametrize(
    ("country", "zone", "subdivision"),
    [("XX", "UTC", None), ("", "UTC", None), ("CN", "Asia/Peking", None), ("CN", "../etc", None), ("DE", "UTC", "ZZ")],
)
def test_unknown_calendars_are_refused(country: str, zone: str, subdivision: str | None) -> None:
    with pytest.raises(BadDates, match="there is no"):
        WorkCalendar(country, zone, SIX, subdivision)


def test_a_calendar_without_working_days_is_refused_and_does_not_hang() -> None:
    first = date(2026, 11, 24)
    closed = {first + timedelta(days=number): False for number in range(4000)}
    with pytest.raises(BadDates, match="ten years"):
        WorkCalendar("US", "UTC", SIX, extra=closed).add_working_days(datetime(2026, 11, 24, tzinfo=UTC), 1)


def test_a_deadline_is_at_least_one_day_ahead() -> None:
    with pytest.raises(ValueError, match="at least one"):
        CHINA.add_working_days(datetime(2026, 11, 24, tzinfo=UTC), 0)


@given(calendars, moments, st.integers(1, 30))
@settings(max_examples=150, deadline=None)
def test_a_deadline_is_a_working_day_n_days_ahead(calendar: WorkCalendar, moment: datetime, n: int) -> None:
    due = calendar.add_working_days(moment, n)
    first, last = calendar.local_day(moment), calendar.local_day(due)
    days = [first + timedelta(days=number) for number in range(1, (last - first).days + 1)]
    assert calendar.is_working_day(last)
    assert sum(calendar.is_working_day(day) for day in days) == n
    assert due.astimezone(ZoneInfo(calendar.time_zone)).time() == SIX


@given(calendars, moments, moments, st.integers(1, 10))
@settings(max_examples=100, deadline=None)
def test_a_later_start_never_has_an_earlier_deadline(
    calendar: WorkCalendar, one: datetime, other: datetime, n: int
) -> None:
    early, late = sorted((one, other))
    assert calendar.add_working_days(early, n) <= calendar.add_working_days(late, n)
    assert calendar.add_working_days(early, n) < calendar.add_working_days(early, n + 1)


shares = st.decimals("0", "1", places=2)


@given(calendars, moments, st.integers(1, 10), shares, shares)
@settings(max_examples=150, deadline=None)
def test_reminders_fall_in_working_hours_and_in_order(
    calendar: WorkCalendar, start: datetime, n: int, one: Decimal, other: Decimal
) -> None:
    due = calendar.add_working_days(start, n)
    first, second = (calendar.fraction(start, due, share) for share in sorted((one, other)))
    assert start <= first <= second <= due
    for moment in (first, second):
        clock = moment.astimezone(ZoneInfo(calendar.time_zone))
        assert calendar.is_working_day(clock.date())
        assert time(9) <= clock.time() <= SIX
    assert calendar.fraction(start, due, Decimal(1)) == due


@pytest.mark.parametrize(
    ("start", "due", "share", "expected"),
    [
        # Two days of nine hours: half is the end of the first, 90 % is 7 h 12 min into the second.
        ("2026-11-23T18:00", "2026-11-25T18:00", "0.5", "2026-11-24T18:00"),
        ("2026-11-23T18:00", "2026-11-25T18:00", "0.9", "2026-11-25T16:12"),
        # Over Spring Festival: six hours of Friday, the made-up Saturday, then the first day after the holiday.
        ("2026-02-13T12:00", "2026-02-24T18:00", "0.5", "2026-02-14T15:00"),
        ("2026-02-13T12:00", "2026-02-24T18:00", "0.9", "2026-02-24T15:36"),
    ],
)
def test_shares_of_working_time(start: str, due: str, share: str, expected: str) -> None:
    found = CHINA.fraction(local(CHINA, start), local(CHINA, due), Decimal(share))
    assert found == local(CHINA, expected)


def test_without_working_time_the_share_is_the_deadline() -> None:
    start, due = local(CHINA, "2026-10-01T09:00"), local(CHINA, "2026-10-03T09:00")
    assert CHINA.fraction(start, due, Decimal("0.5")) == due
