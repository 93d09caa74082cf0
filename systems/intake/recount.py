"""Count activity by day again from its events, for when a count stands on a wrong time zone, country or hours."""

from datetime import date
from pathlib import Path

from models.base import EmployeeId, Value
from store import people
from store.database import Database
from store.policies import load_warning_policy
from store.roll_up import people_adrift, rebuild


class Recount(Value):
    """The days that were counted again, and the people whose counts were other than their events say."""

    first: date
    last: date
    corrected: tuple[EmployeeId, ...]


def recount(
    database: Database, first: date, last: date, employee: str | None = None, policy_dir: Path | None = None
) -> Recount:
    """Count these days again, of one person (id or exact name) or of all, with today's zones, countries and hours.

    Raises Refused when nobody is called that, and Unavailable; then nothing is changed.
    """
    off_hours = load_warning_policy(folder=policy_dir).after_hours
    with database.begin(patient=True) as connection:
        only = None if employee is None else [people.find(connection, employee).id]
        adrift = people_adrift(connection, first, last, off_hours, only)
        if adrift:
            rebuild(connection, first, last, off_hours, adrift)
    return Recount(first=first, last=last, corrected=tuple(adrift))
