"""The half-year before the last one, which nobody needs for a departure but every comparison with earlier does."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from random import Random

from embedded.sample.trade import Account, Row

FIRST, LAST = 395, 178  # days ago
DEALS = 0.75  # a client: as many as end in the half-year after


def earlier_rows(account: Account, random: Random, today: date) -> Iterator[Row]:
    """Contacts and ended deals of one client, about as many as in the half-year since."""
    day, number = FIRST - random.randrange(20), 0
    while day > LAST:
        number += 1
        clock = time(random.randint(1, 8), random.choice((0, 15, 30, 45)))
        yield (
            "interactions",
            {
                "interaction_id": f"{account.key}-M{number}",
                "client_id": account.key,
                "employee_id": account.owner.key,
                "occurred_at": datetime.combine(today - timedelta(days=day), clock).isoformat() + "Z",
                "kind": random.choice(("visit", "call", "mail")),
                "subject": random.choice(("Quarterly review", "Price list", "Delivery dates")),
            },
        )
        day -= random.randint(14, 50)
    if random.random() < DEALS:
        closed = today - timedelta(days=random.randint(LAST + 5, FIRST))
        status = random.choice(("won", "lost"))
        yield (
            "opportunities",
            {
                "opportunity_id": f"{account.key}-Q1",
                "client_id": account.key,
                "owner_id": account.owner.key,
                "name": random.choice(("Line extension", "Service contract", "Spare parts")),
                "stage": status,
                "status": status,
                "amount": str(int(account.value * random.uniform(0.05, 0.4))),
                "currency": account.owner.place.currency,
                "opened_on": (closed - timedelta(days=random.randint(15, 120))).isoformat(),
                "closed_on": closed.isoformat(),
            },
        )
