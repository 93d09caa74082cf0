"""Working days: holidays, weekends and the Chinese make-up days (调休), so that a deadline never falls on a day off."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

from models.errors import BadDates

DAY = timedelta(days=1)
# A reminder is read when people work: the nine hours before the end of the working day.
HOURS = timedelta(hours=9)
# A table of exceptions that leaves no working day in ten years is a mistake; without a limit it would hang us.
LONGEST_SEARCH = 3660
FIRST_MAKE_UP_YEAR = 2000


class WorkCalendar:
    """Working days of one country (and part of it) in one time zone.

    `country` is an ISO 3166 code, `time_zone` an IANA name; `extra` overrides single days (True: people work on it),
    for company days and for years whose make-up days are not published yet. Raises BadDates when there is no such
    calendar or zone.
    """

    def __init__(
        self,
        country: str,
        time_zone: str,
        end_of_day: time,
        subdivision: str | None = None,
        extra: Mapping[date, bool] | None = None,
    ) -> None:
        try:
            self._days = holidays.country_holidays(country, subdiv=subdivision)
        except NotImplementedError as unknown:
            place = f"{country!r}, {subdivision!r}" if subdivision else f"{country!r}"
            raise BadDates(
                "there is no calendar of working days for {place}: give the country as an ISO code such as CN",
                place=place,
                country=country,
            ) from unknown
        try:
            self._zone = ZoneInfo(time_zone)
        except (KeyError, ValueError, OSError) as unknown:  # not found, not a name, the name of a folder
            raise BadDates(
                "there is no time zone {time_zone!r}: write it as Asia/Shanghai", time_zone=time_zone
            ) from unknown
        self.country = country
        self.time_zone = time_zone
        self._subdivision = subdivision
        self._end_of_day = end_of_day
        self._extra = dict(extra or {})

    def is_working_day(self, day: date) -> bool:
        """True when people work on that day: an override first, then make-up days, then holidays and weekends."""
        override = self._extra.get(day)
        return self._days.is_working_day(day) if override is None else override

    def local_day(self, moment: datetime) -> date:
        """The day that the calendar on the wall shows at a moment."""
        return moment.astimezone(self._zone).date()

    def end_of(self, day: date) -> datetime:
        """The end of working hours on a day, as UTC; also for a day off."""
        return datetime.combine(day, self._end_of_day, tzinfo=self._zone).astimezone(UTC)

    def add_working_days(self, moment: datetime, n: int) -> datetime:
        """The end (UTC) of the n-th working day after the local day of `moment`; n >= 1, else ValueError."""
        if n < 1:
            raise ValueError(f"a deadline lies at least one working day ahead, not {n}")
        day, left = self.local_day(moment), n
        for _ in range(LONGEST_SEARCH):
            day += DAY
            left -= self.is_working_day(day)
            if left == 0:
                return self.end_of(day)
        raise BadDates(
            "the calendar of {country} leaves fewer than {days} working days in ten years", country=self.country, days=n
        )

    def fraction(self, start: datetime, due: datetime, share: Decimal) -> datetime:
        """The moment (UTC) at which `share` (0..1) of the working time between `start` and `due` is over.

        It always falls inside working hours. Without any working time in between it is `due` itself.
        """
        spans = list(self._working_time(start, due))
        total = sum((until - since for since, until in spans), timedelta())
        left = timedelta(microseconds=int(total / timedelta(microseconds=1) * float(share)))
        for since, until in spans:
            if left <= until - since:
                return since + left
            left -= until - since
        return spans[-1][1] if spans else due.astimezone(UTC)

    def provisional(self, year: int) -> bool:
        """True when the country makes up for days off at weekends and that year's list is not published yet.

        Overrides for the year count as published: somebody has entered what the government announced.
        """
        if any(day.year == year for day in self._extra):
            return False
        published = _years_with_make_up_days(self.country, self._subdivision, year)
        return bool(published) and year > max(published)

    def _working_time(self, start: datetime, due: datetime) -> Iterator[tuple[datetime, datetime]]:
        day, last = self.local_day(start), self.local_day(due)
        while day <= last:
            if self.is_working_day(day):
                closes = self.end_of(day)
                midnight = datetime.combine(day, time(), tzinfo=self._zone).astimezone(UTC)
                since, until = max(closes - HOURS, midnight, start), min(closes, due)
                if since < until:
                    yield since.astimezone(UTC), until.astimezone(UTC)
            day += DAY


@lru_cache(maxsize=256)
def _years_with_make_up_days(country: str, subdivision: str | None, upto: int) -> frozenset[int]:
    known = holidays.country_holidays(country, subdiv=subdivision, years=range(FIRST_MAKE_UP_YEAR, upto + 1))
    return frozenset(day.year for day in known.weekend_workdays)
