"""What the rules look at: plain frames, so that a rule knows neither a database nor a clock."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import pandas as pd

PEOPLE = ("employee_id", "manager_id", "department", "role", "hired_on", "asked")
DAYS = ("employee_id", "day", "kind", "destination", "events", "records", "after_hours")
EVENTS = ("id", "employee_id", "occurred_at", "kind", "item", "destination", "records")
CLAIMS = (
    "id", "employee_id", "spent_on", "claimed_on", "category", "merchant", "amount", "currency", "attendees", "country",
)  # fmt: skip
TRIGGERS = ("employee_id", "kind", "day")


def frame(columns: tuple[str, ...], rows: Iterable[Iterable[object]] = ()) -> pd.DataFrame:
    """A frame with these columns, also when there is no row."""
    return pd.DataFrame([tuple(row) for row in rows], columns=pd.Index(list(columns)))


@dataclass(frozen=True)
class Activity:
    """Frames with the columns named above, rows in any order. Days are dates, times know their zone.

    `people` holds who is asked about and their peers; a column `asked` tells them apart, without it all are asked.
    `events` needs only the kinds of a sequence, and only of people who did all four of them.
    """

    people: pd.DataFrame
    days: pd.DataFrame = field(default_factory=lambda: frame(DAYS))
    events: pd.DataFrame = field(default_factory=lambda: frame(EVENTS))
    claims: pd.DataFrame = field(default_factory=lambda: frame(CLAIMS))
    triggers: pd.DataFrame = field(default_factory=lambda: frame(TRIGGERS))
