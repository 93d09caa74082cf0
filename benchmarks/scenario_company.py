"""A made-up sales company over 26 weeks, written from the attacker's side and from that of innocent colleagues.

It shares nothing with the sample company or with the rules that it is to test: no threshold of a policy is read here.
Everything follows from a seed. `Difficulty` says how much a leaver takes; the hard ones stay close to their own noise.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_warning.indicators.frames import DAYS, EVENTS, PEOPLE, Activity, frame

FIRST = date(2026, 1, 5)  # a Monday
DAYS_LONG = 26 * 7
PERSONAL, USUAL = "post.example", "client.example"
HISTORY = 9 * 7  # days before anybody starts to take things

# kind: (how often a day, from, to), median records, spread of a person, spread of a day
_WORK: dict[str, tuple[float, float, float, float, float]] = {
    "export": (0.05, 0.45, 25, 0.6, 0.6),
    "download": (0.2, 0.6, 8, 0.5, 0.7),
    "bulk_view": (0.3, 0.7, 40, 0.5, 0.6),
    "print": (0.02, 0.2, 5, 0.4, 0.6),
    "mail_out": (0.4, 0.9, 6, 0.5, 0.6),
    "share": (0.02, 0.25, 4, 0.5, 0.6),
    "device": (0.0, 0.04, 10, 0.5, 0.7),
    "delete": (0.05, 0.2, 3, 0.5, 0.6),
    "rename": (0.02, 0.1, 2, 0.3, 0.4),
}
_STEPS = ("export", "rename", "share", "delete")
COUNTERS = (*_WORK, "night", "personal")
Table = npt.NDArray[np.float64]


class Difficulty(StrEnum):
    """How much is taken, from far beyond the usual to less than its noise."""

    EASY = "easy"
    MEDIUM = "medium"
    HARD = "hard"
    FAINT = "faint"


_STRENGTH = {Difficulty.EASY: 1.0, Difficulty.MEDIUM: 0.5, Difficulty.HARD: 0.25, Difficulty.FAINT: 0.15}


@dataclass
class ScenarioCompany:
    """`counts` is people by days for every counter; `leavers` maps a row to its story and the days of the theft."""

    chance: np.random.Generator
    strength: float
    size: int
    present: npt.NDArray[np.bool_]
    counts: dict[str, Table]
    leavers: dict[int, tuple[str, list[int]]] = field(default_factory=dict)
    events: list[tuple[object, ...]] = field(default_factory=list)

    def take(self, counter: str, row: int, day: int, much: float) -> None:
        """Add what a leaver takes; never a round figure."""
        self.counts[counter][row, day] += max(1, round(much * self.strength * self.chance.uniform(0.7, 1.3)))
        self.present[row, day] = True


def build(seed: int, difficulty: Difficulty, size: int = 500) -> ScenarioCompany:
    """The whole company: everybody's work, innocent oddities, then one in twenty who takes things and leaves."""
    chance = np.random.default_rng([seed, list(Difficulty).index(difficulty)])
    weekday = np.arange(DAYS_LONG) % 7 < 5
    present = (chance.random((size, DAYS_LONG)) < 0.94) & weekday
    made = ScenarioCompany(chance, _STRENGTH[difficulty], size, present, {})
    pace = _pace(made)
    for kind, (low, high, median, of_person, of_day) in _WORK.items():
        often = chance.uniform(low, high, (size, 1))
        usual = np.log(median) + chance.normal(0, of_person, (size, 1))
        much = np.ceil(np.exp(usual + chance.normal(0, of_day, (size, DAYS_LONG))) * pace)
        made.counts[kind] = np.where(present & (chance.random((size, DAYS_LONG)) < often), much, 0)
    owls = chance.random((size, 1)) < 0.08
    made.counts["night"] = chance.poisson(np.where(owls, 3.0, 0.12), (size, DAYS_LONG)) * present * 1.0
    home = present & (chance.random((size, DAYS_LONG)) < 0.008)
    made.counts["personal"] = np.where(home, chance.integers(1, 6, (size, DAYS_LONG)), 0) * 1.0
    _innocents(made)
    _leavers(made)
    return made


def _pace(made: ScenarioCompany) -> Table:
    """How busy everybody is: by team at the end of a quarter, after a holiday, after a change of job, as a joiner."""
    size, chance, present = made.size, made.chance, made.present
    pace = np.ones((size, DAYS_LONG))
    teams = np.arange(size) // 9
    for end in (86, 177):  # the last working days of both quarters
        rush = chance.uniform(1.5, 3.5, teams.max() + 1)[teams]
        pace[:, end - 11 : end + 1] *= rush[:, None]
    for row in chance.choice(size, size // 2, replace=False):
        start, length = int(chance.integers(20, 150)), int(chance.choice([7, 14, 21]))
        present[row, start : start + length] = False
        pace[row, start + length : start + length + 4] *= chance.uniform(2, 3.5)
    for row in chance.choice(size, size // 50, replace=False):
        pace[row, int(chance.integers(40, 160)) :] *= 2.5
    for row in chance.choice(size, size // 25, replace=False):
        joined = int(chance.integers(30, 165))
        present[row, :joined] = False
        pace[row, joined : joined + 30] *= np.linspace(0.3, 1, 30)[: DAYS_LONG - joined]
    return pace


def _innocents(made: ScenarioCompany) -> None:
    """What looks bad and is not: exports every day, every Monday, for a campaign; nights before a tender.

    Also work taken home; a price list that is packed, sent to a client and tidied away, step for step like a theft.
    """
    exports, chance, size = made.counts["export"], made.chance, made.size
    heavy = chance.choice(size, size // 25, replace=False)
    daily, weekly = heavy[: len(heavy) // 2], heavy[len(heavy) // 2 :]
    exports[daily] = made.present[daily] * chance.lognormal(np.log(900), 0.25, (len(daily), DAYS_LONG)).round()
    mondays = made.present[weekly] & (np.arange(DAYS_LONG) % 7 == 0)
    exports[weekly] += mondays * chance.lognormal(np.log(700), 0.2, (len(weekly), DAYS_LONG)).round()
    campaigns = made.present & (chance.random(exports.shape) < 0.002)
    exports += campaigns * chance.lognormal(np.log(180), 0.5, exports.shape).round()
    tenders = np.repeat(chance.random((size, DAYS_LONG // 7)) < 0.01, 7, axis=1)
    made.counts["night"] += tenders * made.present * chance.poisson(6, exports.shape)
    at_home = made.present & (chance.random(exports.shape) < 0.0005)
    made.counts["personal"] += at_home * chance.integers(20, 80, exports.shape)
    for row, day in zip(*np.nonzero(made.present & (chance.random(exports.shape) < 0.0002)), strict=True):
        _send_and_tidy(made, int(row), [int(day)] * 4, "price list")


# ---- who takes things ----


def _days(made: ScenarioCompany, end: int, span: int, number: int) -> list[int]:
    """Working days of the last `span` calendar days before `end`."""
    working = [day for day in range(end - span, end + 1) if day % 7 < 5]
    return sorted(made.chance.choice(working, min(number, len(working)), replace=False).tolist())


def _hoarder(made: ScenarioCompany, row: int, end: int) -> list[int]:
    days = _days(made, end, 20, 5)
    for day in days:
        made.take("export", row, day, 500)
        made.take("download", row, day, 200)
        made.take("device", row, day, 400)
    return days


def _slow_leak(made: ScenarioCompany, row: int, end: int) -> list[int]:
    days = _days(made, end, 40, 24)
    for day in days:
        made.take("export", row, day, 110)
        made.take("share", row, day, 20)
    return days


def _sequence(made: ScenarioCompany, row: int, end: int) -> list[int]:
    days = _days(made, end, 10, 4)
    for number in range(3):
        _send_and_tidy(made, row, days, f"list {number}")
        for day, kind in zip(days, _STEPS, strict=True):
            made.take(kind, row, day, 8)
    return days


def _send_and_tidy(made: ScenarioCompany, row: int, days: list[int], item: str) -> None:
    for hour, (day, kind) in enumerate(zip(days, _STEPS, strict=True)):
        at = datetime.combine(FIRST + timedelta(days=day), time(9 + hour), UTC)
        made.events.append((f"{row}-{day}-{item}-{kind}", _name(row), at, kind, item, USUAL, 1))


def _night_leak(made: ScenarioCompany, row: int, end: int) -> list[int]:
    days = _days(made, end, 18, 6)
    for day in days:
        made.take("night", row, day, 24)
        made.take("device", row, day, 150)
        made.take("personal", row, day, 60)
    return days


STORIES: dict[str, Callable[[ScenarioCompany, int, int], list[int]]] = {
    "hoarder": _hoarder,
    "slow leak": _slow_leak,
    "sequence": _sequence,
    "after hours": _night_leak,
}


def _leavers(made: ScenarioCompany) -> None:
    settled = np.flatnonzero(made.present[:, :HISTORY].any(axis=1))
    for number, row in enumerate(made.chance.choice(settled, made.size // 20, replace=False).tolist()):
        story = list(STORIES)[number % len(STORIES)]
        end = int(made.chance.integers(HISTORY + 42, DAYS_LONG - 1))
        made.leavers[row] = (story, STORIES[story](made, row, end))
        last = max(made.leavers[row][1]) + int(made.chance.integers(3, 15))
        made.present[row, last:] = False
        for table in made.counts.values():
            table[row, last:] = 0


# ---- as frames ----


def _name(row: int) -> str:
    return f"E{row:04d}"


def frames(made: ScenarioCompany) -> Activity:
    """What the rules are given. Whoever was present logged in; personal mail is mail to a personal address."""
    people = ((_name(row), f"M{row // 9}", f"D{row // 45}", "salesperson", FIRST, True) for row in range(made.size))
    parts = [_rows(made.present * 1.0, "login", "", made.counts["night"])]
    parts += [_rows(made.counts[kind], kind, USUAL if kind == "mail_out" else "") for kind in _WORK]
    parts.append(_rows(made.counts["personal"], "mail_out", PERSONAL))
    return Activity(people=frame(PEOPLE, people), days=pd.concat(parts)[list(DAYS)], events=frame(EVENTS, made.events))


def _rows(table: Table, kind: str, destination: str, night: Table | None = None) -> pd.DataFrame:
    row, day = np.nonzero(table)
    records = table[row, day].astype(np.int64)
    return pd.DataFrame(
        {
            "employee_id": np.array([_name(one) for one in range(len(table))])[row],
            "day": np.datetime64(FIRST) + day.astype("timedelta64[D]"),
            "kind": kind,
            "destination": destination,
            "events": np.ones(len(row), np.int64),
            "records": records,
            "after_hours": np.zeros(len(row), np.int64) if night is None else night[row, day].astype(np.int64),
        }
    )
