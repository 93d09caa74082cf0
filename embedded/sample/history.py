"""A sample company with three years behind it, to learn from: salespeople who left it, and those who stayed.

What comes before a leave is planted: contacts, wins and prompt collecting fade over the last half-year. So that this is
no giveaway, some who stay have a slump too, which passes. The rows are of our own template and go through the usual
import; their clients are closed accounts, so nobody has anything to hand over.
"""

import csv
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

from embedded.sample.planted import Planted
from embedded.sample.staff import Person, Staff, make_staff
from embedded.sample.trade import Row
from store.database import Database
from systems.intake.load import import_folder
from systems.intake.template import TEMPLATE

SPAN = 3 * 365
FADE = 200  # days over which somebody who is about to leave lets go
MONTH = 30
CLIENTS = 6
SHARE_OF_SLUMPS = 0.12


@dataclass(frozen=True)
class Career:
    """One salesperson's time in the record. `fades_until` is the day of leaving, or the bottom of a slump."""

    person: Person
    since: date
    until: date
    fades_until: date | None = None
    depth: float = 0.75

    def energy(self, day: date) -> float:
        """1 at work as usual, less while fading. A slump is over after its bottom."""
        if self.fades_until is None or day > self.fades_until:
            return 1.0
        left = (self.fades_until - day).days
        return 1.0 - self.depth * max(0.0, 1.0 - left / FADE)


def fill_history(
    database: Database, *, employees: int = 100, leavers: int = 40, seed: int = 6, as_of: date | None = None
) -> Planted:
    """Fill an empty stack with such a company. Returns the one whom a scan should find."""
    with tempfile.TemporaryDirectory(prefix="offboard-history-") as folder:
        today = as_of or datetime.now(UTC).date()
        staff = write_history(Path(folder), employees=employees, leavers=leavers, seed=seed, today=today)
        import_folder(database, Path(folder))
    found = quiet_leaver(staff)
    return Planted(employee=found.key, name=found.name, what="quiet_leaver: lets go, and has told nobody")


def history_rows(staff: Staff, random: Random, today: date, leavers: int) -> Iterator[Row]:
    """Past leavers under the managers of `staff`, and three years of its sellers; `quiet_leaver` is fading today."""
    gone = past_leavers(staff, random, today, leavers)
    for career in gone:
        yield "employees", {**career.person.row(), "left_on": career.until.isoformat()}
    for career in gone:
        yield from rows_of_career(career, random, today)
    for seller in staff.sellers:
        yield from rows_of_career(_stayer(seller, staff, random, today), random, today)


def quiet_leaver(staff: Staff) -> Person:
    """The seller who has not resigned yet and is on the way."""
    return staff.sellers[-1]


def past_leavers(staff: Staff, random: Random, today: date, count: int) -> list[Career]:
    """People who left over the last two years, each after at least a year in the record."""
    managers = {seller.manager: seller.place for seller in staff.sellers}
    careers = []
    for number in range(1, count + 1):
        manager = random.choice(sorted(managers))
        place = managers[manager]
        left = today - timedelta(days=random.randint(20, SPAN - 400))
        person = Person(
            key=f"X{number:04d}",
            name=_name(place.family, place.given, random, number),
            role="salesperson",
            place=place,
            manager=manager,
            hired_on=(left - timedelta(days=random.randint(600, 2000))).isoformat(),
            status="left",
        )
        careers.append(Career(person, today - timedelta(days=SPAN), left, fades_until=left))
    return careers


def rows_of_career(career: Career, random: Random, today: date) -> Iterator[Row]:
    """Clients, contact log, deals, invoices and payments of one career, month by month."""
    clients = [f"{career.person.key}-H{number}" for number in range(1, CLIENTS + 1)]
    for number, client in enumerate(clients, 1):
        yield "clients", _client(client, number, career.person)
    start = max(career.since, date.fromisoformat(career.person.hired_on))
    months = max(0, (career.until - start).days // MONTH)
    for month in range(months):
        day = career.until - timedelta(days=(months - month) * MONTH)
        energy = career.energy(day + timedelta(days=MONTH))
        kept = clients[: max(2, round(CLIENTS * min(1.0, energy + 0.3)))]
        stem = f"{career.person.key}-{month:02d}"
        yield from _contacts(stem, career.person, kept, day, energy, random)
        yield from _deals(stem, career.person, kept, day, energy, random)
        yield from _bills(stem, career.person, kept, day, energy, random, today)


def write_history(folder: Path, *, employees: int, leavers: int, seed: int, today: date) -> Staff:
    """Write such a company as CSV files of our own template into `folder`."""
    random = Random(seed)
    staff = make_staff(employees, random, today)
    rows: list[Row] = [("employees", person.row()) for person in staff.people]
    rows += history_rows(staff, random, today, leavers)
    with ExitStack() as files:
        for table in dict.fromkeys(name for name, _ in rows):
            file = files.enter_context((folder / f"{table}.csv").open("w", newline="", encoding="utf-8"))
            writer = csv.DictWriter(file, [column.name for column in TEMPLATE[table].columns])
            writer.writeheader()
            writer.writerows(row for name, row in rows if name == table)
    return staff


def _stayer(seller: Person, staff: Staff, random: Random, today: date) -> Career:
    career = Career(seller, today - timedelta(days=SPAN), today)
    if seller is quiet_leaver(staff):
        return replace(career, fades_until=today + timedelta(days=20))
    if random.random() < SHARE_OF_SLUMPS:
        bottom = today - timedelta(days=random.randint(100, SPAN - 100))
        return replace(career, fades_until=bottom, depth=0.45)
    return career


def _name(family: Sequence[str], given: Sequence[str], random: Random, number: int) -> str:
    # The number keeps names apart from those of the staff, so that a name can be typed.
    return f"{random.choice(given)} {random.choice(family)} ({number})"


def _client(key: str, number: int, owner: Person) -> dict[str, str]:
    return {
        "client_id": key,
        "name": f"{owner.place.towns[number % len(owner.place.towns)]} {key}",
        "region": owner.place.region,
        "country": owner.place.country,
        "language": owner.place.language,
        "currency": owner.place.currency,
        "annual_value": str(owner.place.scale),
        "status": "closed",
    }


def _contacts(stem: str, who: Person, kept: Sequence[str], day: date, energy: float, random: Random) -> Iterator[Row]:
    for number in range(round(random.uniform(5, 10) * energy)):
        moment = datetime.combine(day + timedelta(days=random.randrange(MONTH)), time(random.randint(1, 9)))
        yield (
            "interactions",
            {
                "interaction_id": f"{stem}-L{number}",
                "client_id": random.choice(kept),
                "employee_id": who.key,
                "occurred_at": moment.isoformat() + "Z",
                "kind": random.choice(("visit", "call", "mail")),
            },
        )


def _deals(stem: str, who: Person, kept: Sequence[str], day: date, energy: float, random: Random) -> Iterator[Row]:
    for number in range(random.choice((1, 1, 2))):
        won = random.random() < 0.6 * energy
        yield (
            "opportunities",
            {
                "opportunity_id": f"{stem}-O{number}",
                "client_id": random.choice(kept),
                "owner_id": who.key,
                "name": "Supply contract",
                "stage": "won" if won else "lost",
                "status": "won" if won else "lost",
                "amount": str(int(who.place.scale * random.uniform(0.1, 0.4))),
                "currency": who.place.currency,
                "opened_on": (day - timedelta(days=60)).isoformat(),
                "closed_on": (day + timedelta(days=random.randrange(MONTH))).isoformat(),
            },
        )


def _bills(
    stem: str, who: Person, kept: Sequence[str], day: date, energy: float, random: Random, today: date
) -> Iterator[Row]:
    for number in range(2):
        issued = day + timedelta(days=random.randrange(MONTH))
        due = issued + timedelta(days=30)
        amount = str((Decimal(who.place.scale) * random.randint(3, 12) / 100).quantize(Decimal("0.01")))
        row = {"client_id": random.choice(kept), "salesperson_id": who.key, "currency": who.place.currency}
        dates = {"issued_on": issued.isoformat(), "due_on": due.isoformat()}
        invoice = f"{stem}-V{number}"
        yield "invoices", {"invoice_id": invoice, "amount": amount, "disputed": "no", **row, **dates}
        # Whoever lets go collects late.
        paid = due + timedelta(days=random.randint(-5, 25) + round(70 * (1 - energy)))
        if paid <= today:
            payment = {"payment_id": f"{invoice}-P", "invoice_id": invoice, "paid_on": paid.isoformat()}
            yield "payments", {**payment, "amount": amount, "currency": who.place.currency}
