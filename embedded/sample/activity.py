"""What the salespeople of the sample company did with its data in four months, the planted ones among them.

Days and hours are those of the person's place. Nothing is dated today: a log of today is never whole.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from embedded.sample.places import calendar_of
from embedded.sample.staff import Person, Staff
from embedded.sample.trade import Row
from models.activity import EventKind

DAYS = 120
SMALL = 1000  # people; a larger company gets a thin log, enough to be looked at
THIN_DAYS, THIN_SHARE = 20, 10
QUARTER_ENDS, RUSH_FROM = (3, 6, 9, 12), 25
EVENING, PERSONAL = 21, "gmail.com"
TAKEN = "all-clients.xlsx"
SLOW_WEEKS, MASS = 3, (650, 900, 1600, 2600)  # of the exporter: weeks in all, and the records of the last working days
OF_THE_JOB = (420, 380, 400, 390, 410)  # records that the heavy user exports, Monday to Friday


@dataclass(frozen=True)
class Habit:
    """What is done on an ordinary day with a `chance`, up to `most` times, each with `fewest` to `largest` records."""

    kind: EventKind
    chance: float
    most: int = 1
    fewest: int = 1
    largest: int = 1
    destination: str = ""


LOGIN = Habit(EventKind.LOGIN, 1.0, most=2)
EXPORT = Habit(EventKind.EXPORT, 0.35, fewest=5, largest=40)
HABITS = (
    LOGIN,
    EXPORT,
    Habit(EventKind.BULK_VIEW, 0.5, most=2, fewest=10, largest=60),
    Habit(EventKind.DOWNLOAD, 0.5, most=3, largest=4),
    Habit(EventKind.MAIL_OUT, 0.8, most=3, largest=2, destination="client.example"),
    Habit(EventKind.SHARE, 0.1, largest=3, destination="client.example"),
    Habit(EventKind.PRINT, 0.15, largest=5),
    Habit(EventKind.RENAME, 0.1),
    Habit(EventKind.DELETE, 0.08, largest=2),
)


class Diary:
    """Writes the events of one person."""

    def __init__(self, person: Person, random: Random) -> None:
        self._person, self._random, self._zone = person, random, ZoneInfo(person.place.time_zone)
        self._number = 0

    def works_on(self, day: date) -> bool:
        """True on the working days of the person's country since they were hired."""
        return calendar_of(self._person.place).is_working_day(day) and day.isoformat() >= self._person.hired_on

    def clock(self, first: int = 9, last: int = 17) -> time:
        """Some minute from the hour `first` to the end of the hour `last`."""
        return time(self._random.randint(first, last), self._random.randrange(60), self._random.randrange(60))

    def event(
        self, day: date, at: time, kind: EventKind, records: int = 1, item: str = "", destination: str = ""
    ) -> Row:
        """One event at a local time."""
        self._number += 1
        moment = datetime.combine(day, at, self._zone).astimezone(UTC)
        return (
            "activity_events",
            {
                "event_id": f"{self._person.key}-A{self._number}",
                "employee_id": self._person.key,
                "occurred_at": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
                "kind": kind.value,
                "records": str(records),
                "item": item,
                "destination": destination,
            },
        )

    def ordinary(self, day: date, habits: tuple[Habit, ...], energy: float = 1.0) -> Iterator[Row]:
        """An ordinary working day; more of it at the end of a quarter, less with little energy."""
        rush = day.month in QUARTER_ENDS and day.day >= RUSH_FROM
        for habit in habits:
            if self._random.random() < habit.chance * energy * (1.6 if rush else 1.0):
                for _ in range(self._random.randint(1, habit.most)):
                    late = self._random.random() < (0.06 if rush else 0.015)
                    records = self._random.randint(habit.fewest, habit.largest)
                    at = self.clock(20, 22) if late else self.clock()
                    yield self.event(day, at, habit.kind, records, destination=habit.destination)


def activity_rows(staff: Staff, random: Random, today: date) -> Iterator[Row]:
    """The events of all salespeople."""
    small = len(staff.people) <= SMALL
    special = {staff.exporter.key, staff.heavy_user.key, staff.leaver_to_be.key, staff.new_joiner.key}
    for number, person in enumerate(staff.sellers):
        full = small or person.key in special
        if full or number % THIN_SHARE == 0:
            diary = Diary(person, random)
            days = [today - timedelta(days=ago) for ago in range(DAYS if full else THIN_DAYS, 0, -1)]
            working = [day for day in days if diary.works_on(day)]
            yield from _days_of(person, staff, diary, working, full=full)


def _days_of(person: Person, staff: Staff, diary: Diary, days: list[date], *, full: bool) -> Iterator[Row]:
    without_export = tuple(habit for habit in HABITS if habit is not EXPORT)
    for number, day in enumerate(days):
        if person is staff.exporter and number >= len(days) - 5 * SLOW_WEEKS:
            yield from diary.ordinary(day, without_export)
            yield from _taking_along(diary, day, len(days) - number)
        elif person is staff.heavy_user:
            yield from diary.ordinary(day, without_export)
            yield diary.event(day, diary.clock(), EventKind.EXPORT, OF_THE_JOB[day.weekday() % 5], "price-update.csv")
        elif person is staff.leaver_to_be:
            yield from diary.ordinary(day, without_export, energy=1.0 - 0.7 * number / len(days))
        else:
            yield from diary.ordinary(day, HABITS if full else (LOGIN, EXPORT))


def _taking_along(diary: Diary, day: date, left: int) -> Iterator[Row]:
    """What the exporter exports with `left` working days to go; on the last but one the file goes home."""
    if left > len(MASS):
        yield diary.event(day, diary.clock(18, 19), EventKind.EXPORT, 38 + 3 * (left % 5), f"clients-{day:%m%d}.xlsx")
        return
    steps = [(EventKind.EXPORT, MASS[-left], "")]
    if left == 2:
        steps += [(EventKind.ARCHIVE, 1, ""), (EventKind.MAIL_OUT, 1, PERSONAL), (EventKind.DELETE, 1, "")]
    for number, (kind, records, destination) in enumerate(steps):
        yield diary.event(day, time(EVENING, 5 + 12 * number), kind, records, TAKEN, destination)
