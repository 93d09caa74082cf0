"""When a message may leave: quiet hours that pass midnight, clocks that change, deadlines that end every wait."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.preferences import DIGEST_AT, Preferences, leaves_at

ZONES = ("Asia/Shanghai", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe")
QUIET = Preferences(employee_id="M1", quiet_from=time(22), quiet_until=time(8))
NIGHT = datetime(2026, 11, 24, 15, 30, tzinfo=UTC)  # 23:30 in Shanghai
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
CLOCKS = st.times().map(lambda clock: clock.replace(second=0, microsecond=0))


def leaves(chosen: Preferences, queued_at: datetime, due_at: datetime | None = None, zone: str = ZONES[0]) -> datetime:
    return leaves_at(chosen, zone, queued_at, due_at, queued_at)


def test_who_chose_nothing_gets_everything_at_once() -> None:
    assert leaves(Preferences(employee_id="M1"), NIGHT) == NIGHT


def test_quiet_hours_pass_midnight() -> None:
    assert leaves(QUIET, NIGHT) == datetime(2026, 11, 25, 0, 0, tzinfo=UTC)  # 08:00 in Shanghai
    assert leaves(QUIET, NIGHT + timedelta(hours=6)) == datetime(2026, 11, 25, 0, 0, tzinfo=UTC)
    assert leaves(QUIET, NIGHT - timedelta(hours=2)) == NIGHT - timedelta(hours=2)


def test_quiet_hours_begin_at_their_minute_and_end_at_it() -> None:
    ten, eight = datetime(2026, 11, 24, 14, tzinfo=UTC), datetime(2026, 11, 25, 0, tzinfo=UTC)
    assert leaves(QUIET, ten) == eight
    assert leaves(QUIET, eight) == eight
    assert leaves(QUIET, ten - timedelta(seconds=1)) == ten - timedelta(seconds=1)


def test_half_of_the_time_to_the_deadline_ends_the_wait() -> None:
    assert leaves(QUIET, NIGHT, NIGHT + timedelta(hours=4)) == NIGHT + timedelta(hours=2)
    assert leaves(QUIET, NIGHT, NIGHT + timedelta(days=3)) == datetime(2026, 11, 25, 0, tzinfo=UTC)
    assert leaves(QUIET, NIGHT, NIGHT - timedelta(hours=1)) == NIGHT


def test_a_daily_mail_waits_for_the_morning_and_for_the_end_of_the_quiet_hours() -> None:
    daily = Preferences(employee_id="M1", digest=True)
    assert leaves(daily, NIGHT) == datetime(2026, 11, 25, 1, tzinfo=UTC)  # 09:00 in Shanghai
    late = QUIET.model_copy(update={"digest": True, "quiet_until": time(10)})
    assert leaves(late, NIGHT) == datetime(2026, 11, 25, 2, tzinfo=UTC)


@pytest.mark.parametrize("zone", ZONES)
@given(MOMENTS, CLOCKS, CLOCKS, st.booleans(), st.none() | st.integers(1, 10_000))
def test_no_wait_is_longer_than_a_day_and_a_night_nor_ends_in_the_quiet_hours(
    zone: str, queued_at: datetime, begins: time, ends: time, digest: bool, minutes: int | None
) -> None:
    if begins == ends:
        return
    chosen = Preferences(employee_id="M1", quiet_from=begins, quiet_until=ends, digest=digest)
    due_at = queued_at + timedelta(minutes=minutes) if minutes else None
    moment = leaves(chosen, queued_at, due_at, zone)
    assert queued_at <= moment <= queued_at + timedelta(hours=50)  # two days of 25 hours at most
    if due_at and moment == queued_at + (due_at - queued_at) / 2:
        return
    clock = moment.astimezone(ZoneInfo(zone)).time()
    if digest and clock == DIGEST_AT:
        return
    assert clock == ends or not (begins <= clock < ends if begins < ends else clock >= begins or clock < ends)


@pytest.mark.parametrize(
    "hours", [{"quiet_from": time(22)}, {"quiet_until": time(8)}, {"quiet_from": time(8), "quiet_until": time(8)}]
)
def test_half_a_choice_is_refused(hours: dict[str, time]) -> None:
    with pytest.raises(ValueError, match="quiet hours"):
        Preferences(employee_id="M1", **hours)
