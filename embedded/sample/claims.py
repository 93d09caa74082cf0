"""Expense claims of the sample company: ordinary travel and meals, and the odd ones of one person."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from embedded.sample.places import calendar_of
from embedded.sample.staff import Person, Staff
from embedded.sample.trade import Row

DAYS = 120
SMALL = 1000  # people; a larger company has the claims of one in THIN_SHARE
THIN_SHARE = 50
LIMIT = {"CNY": 1000, "USD": 150, "EUR": 150}  # up to which nobody is asked for a receipt
# Category, merchants, and the share of the limit that it usually costs: never close to it.
USUAL = (
    ("taxi", ("City Cab", "Airport Cab"), 0.05, 0.20),
    ("meal", ("Harbour Grill", "Noodle House", "Café Central", "Old Mill"), 0.15, 0.60),
    ("hotel", ("Hotel Station", "Hotel Park"), 0.50, 0.80),
    ("train", ("Railway",), 0.20, 0.70),
)


def claim_rows(staff: Staff, random: Random, today: date) -> Iterator[Row]:
    """The claims of all salespeople."""
    small = len(staff.people) <= SMALL
    for number, person in enumerate(staff.sellers):
        if small or number % THIN_SHARE == 0:
            yield from _usual(person, random, today)
    yield from _odd(staff.odd_claims, today)


def _usual(person: Person, random: Random, today: date) -> Iterator[Row]:
    number = 0
    for day in _working_days(person, today):
        if random.random() < 0.13:
            number += 1
            category, merchants, low, high = random.choice(USUAL)
            share = Decimal(str(round(random.uniform(low, high), 3)))
            # An odd number of cents: a round amount is a sign of its own.
            amount = int(LIMIT[person.place.currency] * share) + Decimal(random.randint(1, 98)) / 100
            claimed = min(day + timedelta(days=random.randint(1, 9)), today - timedelta(days=1))
            yield _claim(person, f"S{number}", day, claimed, category, random.choice(merchants), amount)


def _odd(person: Person, today: date) -> Iterator[Row]:
    """A dinner twice, a dinner in three parts, and four meals just under the limit, all within two months."""
    limit = Decimal(LIMIT[person.place.currency])
    days = _working_days(person, today)[-40::4]
    for number, claimed in enumerate((days[0] + timedelta(days=2), days[0] + timedelta(days=16)), 1):
        yield _claim(person, f"D{number}", days[0], claimed, "meal", "Harbour Grill", limit * Decimal("0.61"))
    for number in (1, 2, 3):
        yield _claim(person, f"T{number}", days[2], days[3], "meal", "Old Mill", limit * Decimal("0.45") + number)
    for number, day in enumerate(days[4:8], 1):
        amount = limit * (Decimal("0.99") - Decimal(number) / 100)
        yield _claim(person, f"U{number}", day, day + timedelta(days=1), "meal", "Café Central", amount)


def _working_days(person: Person, today: date) -> list[date]:
    calendar = calendar_of(person.place)
    days = (today - timedelta(days=ago) for ago in range(DAYS, 1, -1))
    hired = person.hired_on
    return [day for day in days if calendar.is_working_day(day) and day.weekday() < 5 and day.isoformat() >= hired]


def _claim(
    person: Person, number: str, spent: date, claimed: date, category: str, merchant: str, amount: Decimal
) -> Row:
    return (
        "expense_claims",
        {
            "claim_id": f"{person.key}-{number}",
            "employee_id": person.key,
            "spent_on": spent.isoformat(),
            "claimed_on": claimed.isoformat(),
            "category": category,
            "merchant": merchant,
            "amount": f"{amount:.2f}",
            "currency": person.place.currency,
            "attendees": "",
        },
    )
