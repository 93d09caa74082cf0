"""Who in the sample company was made for what: their dates and departments, and how their business is told."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from random import Random

from embedded.sample.staff import Person, Staff
from embedded.sample.trade import Row
from models.base import Value

JOINED = 11  # days ago: at most nine working days, one too few to be compared with
LEFT = (40, 125)  # days ago
HALF_YEAR = 180
SEASONED = 1100


class Planted(Value):
    """Who in the sample company was made for what."""

    employee: str
    name: str
    what: str


def plant(staff: Staff, random: Random, today: date) -> None:
    """Give the planted people what they need to be it; the colleagues who left come on top of the staff."""

    def ago(days: int) -> str:
        return (today - timedelta(days=days)).isoformat()

    staff.heavy_user.department = "Sales Operations"
    staff.new_joiner.hired_on = ago(JOINED)
    for person in (staff.leaver_to_be, staff.exporter, staff.heavy_user):
        person.hired_on = ago(SEASONED)
    at = staff.leaver_to_be
    for days in LEFT:
        key = f"E{len(staff.people) + 1:0{len(at.key) - 1}d}"
        staff.people.append(
            Person(
                key=key,
                # The key keeps the name apart from all others, so that it can be typed.
                name=f"{random.choice(at.place.given)} {random.choice(at.place.family)} ({key})",
                role="salesperson",
                place=at.place,
                manager=at.manager,
                hired_on=ago(SEASONED + days),
                status="left",
                left_on=ago(days),
            )
        )


def planted_in(staff: Staff) -> tuple[Planted, ...]:
    """Everybody who was planted, and for what."""
    whats = {
        "problem_leaver": "large clients known by one contact, late payers, renewals ahead",
        "full_peer": "a colleague without room for another client",
        "leaving_peer": "a colleague who is leaving and must inherit nothing",
        "exporter": "exports a little every day, then the client list, and mails it home",
        "leaver_to_be": "wins less, calls less, collects late, and two colleagues left",
        "heavy_user": "exports hundreds of records a day, because that is the job: must never raise an alert",
        "new_joiner": "less than two weeks in the company: too little to compare with",
        "odd_claims": "one dinner claimed twice, one in parts, several just under the limit",
    }
    people: dict[str, Person] = {role: getattr(staff, role) for role in whats}
    return tuple(
        Planted(employee=people[role].key, name=people[role].name, what=f"{role}: {what}")
        for role, what in whats.items()
    )


def fading(rows: Iterable[Row], random: Random, today: date) -> Iterator[Row]:
    """The business of somebody who lets go for half a year: few contacts, few wins, and money that stays out."""
    since = (today - timedelta(days=HALF_YEAR)).isoformat()
    for table, row in rows:
        if table == "interactions" and row["occurred_at"] > since and random.random() < 0.75:
            continue
        if table == "payments" and row["paid_on"] > since and random.random() < 0.6:
            continue
        if table == "opportunities" and row.get("closed_on", "") > since:
            lost = {"stage": "lost", "status": "lost"} if random.random() < 0.8 else {}
            yield table, {**row, **lost, "amount": str(int(row["amount"]) // 3)}  # what is won is small, too
        else:
            yield table, row


def joined(rows: Iterable[Row], on: str) -> Iterator[Row]:
    """The business of somebody who took clients over on a day: what was before is nobody's or left out."""
    for table, row in rows:
        if table == "interactions" and row["occurred_at"] < on:
            continue
        if table == "opportunities" and row.get("closed_on", on) < on:
            continue
        if table == "orders" and row["ordered_on"] < on:
            yield table, {**row, "employee_id": ""}
        elif table == "invoices" and row["issued_on"] < on:
            yield table, {**row, "salesperson_id": ""}
        else:
            yield table, row
