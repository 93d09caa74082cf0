"""Two businesses: one with every kind of open item, each made on purpose, and one made by chance."""

import random
from datetime import date, timedelta

from tests.integration.receivables_port.business import Business

LAST_DAY = date(2026, 11, 24)
CENTS = 100


def before(days: int) -> date:
    """So many days before the last day."""
    return LAST_DAY - timedelta(days=days)


def every_kind() -> Business:
    """One client a story. The boundary days are those of the policies."""
    made = Business()
    made.client("OWES-NOTHING")
    made.invoice("A1", "PLAIN", "100.50", before(60), before(30)).paid("A1", "40", before(50)).paid(
        "A1", "0.50", before(20)
    )
    made.invoice("A2", "PLAIN", "70", before(60), before(31)).paid("A2", "70", before(46))
    made.invoice("A3", "PLAIN", "9.99", LAST_DAY, LAST_DAY + timedelta(days=30))
    made.invoice("B1", "TOO-MUCH", "100", before(90), before(61)).paid("B1", "120", before(45))
    made.invoice("C1", "TWO-MONEYS", "300", before(70), before(60)).invoice(
        "C2", "TWO-MONEYS", "2100.07", before(70), before(61), currency="CNY"
    )
    made.invoice(
        "D1",
        "INSTALMENTS",
        "900",
        before(80),
        instalments=((before(50), "300"), (before(20), "300"), (LAST_DAY, "300")),
    ).paid("D1", "450", before(44))
    made.invoice(
        "D2", "INSTALMENTS", "200", before(79), instalments=((before(49), "120.01"), (before(19), "79.99"))
    ).paid("D2", "210", before(21))
    made.invoice("E1", "CREDITED", "500", before(100), before(91)).credited(
        "E2", "CREDITED", "125.25", before(20), invoice="E1"
    )
    made.credited("E3", "CREDITED", "33.10", before(21))
    made.on_account("PREPAID", "1000", before(45)).invoice("F1", "PREPAID", "400", before(40), before(10))
    made.invoice("G1", "LOST", "800", before(390), before(366)).paid("G1", "300", before(300)).paid(
        "G1", "500", before(19), written_off=True
    )
    made.invoice("H1", "DISPUTES", "640", before(75), before(45)).disputed("H1", before(20)).paid(
        "H1", "40", before(10)
    )
    made.invoice("H2", "DISPUTES", "640", before(75), before(45)).disputed("H2", before(1), "100")
    made.invoice("H3", "DISPUTES", "90", before(75), instalments=((before(40), "30"), (before(10), "60"))).disputed(
        "H3", before(9), "50"
    ).paid("H3", "10", before(8))
    made.invoice("I1", "OLD", "1", before(800), before(730)).invoice(
        "I2", "OLD", "1234567890.12", before(401), before(400)
    )
    return made


def random_business(seed: int, clients: int = 6, invoices: int = 40) -> Business:
    """A year of business: part payments, instalments, credits and money on account, of seeded chance."""
    chance = random.Random(seed)
    made = Business()
    for number in range(invoices):
        client, on = f"R{chance.randrange(clients)}", before(chance.randrange(1, 365))
        cents = chance.randrange(1, 10_000 * CENTS)
        name, due = f"N{number:03d}", on + timedelta(days=chance.choice((0, 14, 30, 60)))
        parts = _parts(chance, cents, due) if chance.random() < 0.2 else ()
        made.invoice(name, client, _money(cents), on, due if not parts else None, instalments=parts)
        left = cents
        while left and chance.random() < 0.6:
            paid = left if chance.random() < 0.5 else chance.randrange(1, left + 1)
            left -= paid
            made.paid(name, _money(paid), min(LAST_DAY, on + timedelta(days=chance.randrange(1, 120))))
        if left and chance.random() < 0.2:
            given = chance.randrange(1, left + 1)
            made.credited(f"K{number:03d}", client, _money(given), min(LAST_DAY, on + timedelta(days=20)), invoice=name)
    for number in range(clients):
        made.on_account(f"R{number}", _money(chance.randrange(1, 500 * CENTS)), before(chance.randrange(1, 300)))
    return made


def _parts(chance: random.Random, cents: int, due: date) -> tuple[tuple[date, str], ...]:
    if cents < 3:
        return ()
    first = chance.randrange(1, cents)
    return (due, _money(first)), (due + timedelta(days=30), _money(cents - first))


def _money(cents: int) -> str:
    return f"{cents // CENTS}.{cents % CENTS:02d}"
