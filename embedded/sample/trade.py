"""A year of business of one client: contacts, contact log, deals, orders, invoices, payments."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random

from embedded.sample.places import BRANDS, SEGMENTS, Place
from embedded.sample.staff import Person

Row = tuple[str, dict[str, str]]  # (table, row)

STAGES = ("qualified", "proposal", "negotiation")
KINDS = ("visit", "call", "mail", "demo")
# How late clients pay, in days after the due date: most on time, some slow, a few very slow.
HABITS = ((-5, 4, 0.62), (3, 20, 0.24), (15, 50, 0.10), (45, 110, 0.04))


@dataclass(frozen=True)
class Account:
    """What makes one client what it is. `trouble` is 0 for an ordinary client and up to 1 for a planted problem."""

    key: str
    owner: Person
    name: str
    segment: str
    tier: int
    value: int
    contacts: int
    renewal_in: int
    silent_for: int
    trouble: float


def make_account(number: int, digits: int, owner: Person, random: Random, trouble: float) -> Account:
    """Invent a client of `owner`; a troubled one is larger, less known and about to renew."""
    place = owner.place
    tier = random.choices((1, 2, 3), (1, 3, 6) if trouble < 0.5 else (5, 3, 2))[0]
    return Account(
        key=f"C{number:0{digits}d}",
        owner=owner,
        name=_company_name(place, random),
        segment=random.choice(SEGMENTS),
        tier=tier,
        value=int(place.scale * random.lognormvariate(0, 0.5) * (1.0, 2.5, 6.0)[3 - tier]),
        contacts=1 if random.random() < 0.15 + 0.5 * trouble else random.randint(2, 4),
        renewal_in=random.randint(10, 80) if random.random() < 0.15 + 0.4 * trouble else random.randint(100, 360),
        silent_for=random.randint(65, 140) if random.random() < 0.1 + 0.4 * trouble else random.randint(1, 50),
        trouble=trouble,
    )


def _company_name(place: Place, random: Random) -> str:
    trade, form = random.choice(place.trades), random.choice(place.forms)
    if place.family_first:
        return f"{random.choice(place.towns)}{random.choice(BRANDS)}{random.choice(BRANDS)}{trade}{form}"
    return f"{random.choice(place.family)} {trade} {random.choice(place.towns)} {form}"


def rows_of(account: Account, random: Random, today: date, invoices: int) -> Iterator[Row]:
    """Every row of one client, parents before children."""
    yield "clients", _client(account, today)
    for number in range(1, account.contacts + 1):
        person = f"{random.choice(account.owner.place.given)} {random.choice(account.owner.place.family)}"
        yield (
            "contacts",
            {
                "contact_id": f"{account.key}-K{number}",
                "client_id": account.key,
                "name": person,
                "title": random.choice(("Buyer", "CFO", "Plant manager", "CEO")),
                "email": f"{account.key.lower()}.{number}@client.example",
                "phone": f"+{random.randint(10, 99)} {random.randint(1000000, 9999999)}",
            },
        )
    yield from _log(account, random, today)
    yield from _deals(account, random, today)
    yield from _money(account, random, today, invoices)


def _client(account: Account, today: date) -> dict[str, str]:
    place = account.owner.place
    return {
        "client_id": account.key,
        "name": account.name,
        "owner_id": account.owner.key,
        "region": place.region,
        "country": place.country,
        "language": place.language,
        "segment": account.segment,
        "tier": str(account.tier),
        "annual_value": str(account.value),
        "currency": place.currency,
        "renewal_on": (today + timedelta(days=account.renewal_in)).isoformat(),
        "status": "active",
    }


def _log(account: Account, random: Random, today: date) -> Iterator[Row]:
    day = account.silent_for
    for number in range(1, 7):
        moment = datetime.combine(
            today - timedelta(days=day), time(random.randint(1, 8), random.choice((0, 15, 30, 45)))
        )
        yield (
            "interactions",
            {
                "interaction_id": f"{account.key}-L{number}",
                "client_id": account.key,
                "employee_id": account.owner.key,
                "occurred_at": moment.isoformat() + "Z",
                "kind": random.choice(KINDS),
                "subject": random.choice(
                    ("Quarterly review", "Price list", "Delivery dates", "New plant", "Complaint")
                ),
            },
        )
        day += random.randint(12, 45)


def _deals(account: Account, random: Random, today: date) -> Iterator[Row]:
    for number in range(1, random.choice((1, 1, 2, 3)) + 1):
        status = random.choices(("open", "won", "lost"), (4, 3, 3))[0]
        opened = today - timedelta(days=random.randint(20, 300))
        row = {
            "opportunity_id": f"{account.key}-O{number}",
            "client_id": account.key,
            "owner_id": account.owner.key,
            "name": random.choice(("Line extension", "Service contract", "Spare parts", "New site")),
            "stage": random.choice(STAGES) if status == "open" else status,
            "status": status,
            "amount": str(int(account.value * random.uniform(0.05, 0.4))),
            "currency": account.owner.place.currency,
            "opened_on": opened.isoformat(),
        }
        if status != "open":
            row["closed_on"] = min(today, opened + timedelta(days=random.randint(15, 120))).isoformat()
        yield "opportunities", row


def _money(account: Account, random: Random, today: date, invoices: int) -> Iterator[Row]:
    currency = account.owner.place.currency
    for number in range(1, invoices + 1):
        issued = today - timedelta(days=int(365 * (number - random.random()) / invoices))
        due = issued + timedelta(days=random.choice((30, 30, 45, 60)))
        amount = (Decimal(account.value) / invoices * Decimal(random.randint(60, 140)) / 100).quantize(Decimal("0.01"))
        invoice = f"{account.key}-V{number}"
        yield (
            "orders",
            {
                "order_id": f"{account.key}-B{number}",
                "client_id": account.key,
                "employee_id": account.owner.key,
                "ordered_on": (issued - timedelta(days=random.randint(3, 20))).isoformat(),
                "amount": str(amount),
                "currency": currency,
            },
        )
        yield (
            "invoices",
            {
                "invoice_id": invoice,
                "client_id": account.key,
                "salesperson_id": account.owner.key,
                "issued_on": issued.isoformat(),
                "due_on": due.isoformat(),
                "amount": str(amount),
                "currency": currency,
                "disputed": "yes" if random.random() < 0.03 + 0.2 * account.trouble else "no",
            },
        )
        paid = due + timedelta(days=_lateness(random, account.trouble))
        if paid <= today:
            share = Decimal(random.choice((40, 60))) / 100 if random.random() < 0.04 else Decimal(1)
            yield (
                "payments",
                {
                    "payment_id": f"{invoice}-P1",
                    "invoice_id": invoice,
                    "paid_on": paid.isoformat(),
                    "amount": str((amount * share).quantize(Decimal("0.01"))),
                    "currency": currency,
                },
            )


def _lateness(random: Random, trouble: float) -> int:
    weights = [weight * (1 - 0.85 * trouble if high <= 4 else 1 + 4 * trouble) for _, high, weight in HABITS]
    low, high, _ = random.choices(HABITS, weights)[0]
    return random.randint(low, high)
