"""The leaver's book of business for a report: clients, what they owe, and who is to take them."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from models.clients import Client, ClientFacts, ClientLine
from models.reasons import because
from models.receivables import ClientReceivables, CurrencyAudit
from models.report import ReportClients, ReportReceivables, ReportTransfer

MADE_AT = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
LABELS = {"current": "0.003", "1-30": "0.016", "31-60": "0.036", "61-90": "0.066", "90+": "0.106"}
_NAMES = tuple(
    place + trade
    for places, trades in (
        (("苏州", "杭州", "宁波", "上海", "南京"), ("精密仪器", "医疗器械", "食品", "新材料", "物流")),
        (("Harbour", "Northgate", "Orion", "Meridian"), (" Foods", " Logistics", " Instruments", " Energy")),
    )
    for place in places
    for trade in trades
)
_SEGMENTS = ("medical", "retail", "software", "finance")


def client_line(dice: random.Random, number: int, names: tuple[str, ...]) -> ClientLine:
    """One client, with a name from `names` as long as there are any."""
    name = names[number] if number < len(names) else f"{dice.choice(_NAMES)} {number + 1}"
    value = None if number % 17 == 5 else Decimal(dice.randrange(20_000, 900_000))
    deals = dice.choice((0, 0, 1, 2, 5))
    client = Client(
        id=f"C{number + 1:04}",
        name=name,
        owner_id="E100",
        segment=dice.choice(_SEGMENTS),
        annual_value=value,
        currency="CNY" if number % 9 else "USD",
    )
    facts = ClientFacts(
        client=client,
        contacts=dice.choice((1, 2, 3, 4)),
        last_touch=MADE_AT - timedelta(days=dice.randrange(1, 150)),
        touches_known=number % 11 != 3,
        open_opportunities=deals,
        open_value=Decimal(deals * 15_000),
        orders=dice.randrange(12),
        ordered_value=Decimal(dice.randrange(100_000)),
    )
    found = []
    if facts.contacts == 1:
        found.append(
            because("Known contact persons: {contacts}; there should be at least {minimum}.", contacts=1, minimum=2)
        )
    if number % 5 == 0:
        found.append(because("Renewal on {day}, in {days} days.", day="2027-01-15", days=53))
    return ClientLine(facts=facts, at_risk=bool(found), reasons=tuple(found))


def receivables_of(dice: random.Random, lines: tuple[ClientLine, ...]) -> ReportReceivables:
    """What half of the clients owe, in two currencies."""
    main = audit_of(dice, "CNY", [line.facts.client.id for line in lines if line.facts.client.currency == "CNY"][::2])
    other = audit_of(dice, "USD", [line.facts.client.id for line in lines if line.facts.client.currency == "USD"][:3])
    return ReportReceivables(**main.model_dump(), others=(other,))


def audit_of(dice: random.Random, currency: str, client_ids: list[str]) -> CurrencyAudit:
    """An audit in one currency whose buckets, clients and totals agree to the cent."""
    buckets = dict.fromkeys(LABELS, Decimal(0))
    items = dict.fromkeys(LABELS, 0)
    owed: list[ClientReceivables] = []
    for client_id in client_ids:
        label, amount = dice.choice(tuple(LABELS)), Decimal(dice.randrange(80_000, 9_000_000)) / 100
        buckets[label] += amount
        items[label] += 1
        late = label != "current"
        owed.append(
            ClientReceivables(
                client=client_id,
                total=amount,
                overdue=amount if late else Decimal(0),
                open_items=1,
                disputed_items=int(dice.random() < 0.2),
                oldest_days_past_due=dice.randrange(1, 130) if late else 0,
                expected_credit_loss=amount * Decimal(LABELS[label]),
            )
        )
    total = sum(buckets.values(), Decimal(0))
    loss = sum((each.expected_credit_loss for each in owed), Decimal(0))
    disputed = [each for each in owed if each.disputed_items]
    return CurrencyAudit(
        currency=currency,
        total=total,
        overdue=total - buckets["current"],
        buckets=buckets,
        bucket_items=items,
        open_items=len(owed),
        disputed_items=len(disputed),
        disputed=sum((each.total for each in disputed), Decimal(0)),
        expected_credit_loss=loss,
        bad_debt_coefficient=(loss / total).quantize(Decimal("0.000001")) if total else Decimal(0),
        largest_client_share=max((each.total for each in owed), default=Decimal(0)) / total if total else Decimal(0),
        reconciled=True,
        ledger_balance=total,
        clients=tuple(owed),
    )


def clients_of(dice: random.Random, lines: tuple[ClientLine, ...]) -> ReportClients:
    """The client part of a report; every thirteenth client or so finds no successor."""
    return ReportClients(
        count=len(lines),
        at_risk=sum(line.at_risk for line in lines),
        open_opportunities=12,
        won=141,
        lost=63,
        won_value=Decimal("4223300"),
        won_currency="CNY",
        lines=lines,
        transfers=tuple(_transfer(dice, line, number) for number, line in enumerate(lines)),
        opportunity_transfers=tuple(_deal(dice, line, number) for number, line in enumerate(lines[:12])),
        interim_owner="E102",
    )


def _transfer(dice: random.Random, line: ClientLine, number: int) -> ReportTransfer:
    client = line.facts.client
    if number % 13 == 4:
        none = because("Everybody who could take this client is full: the manager holds it and decides.")
        return ReportTransfer(
            client=client.id, client_name=client.name, successor=None, status="waiting_manager", reasons=(none,)
        )
    return ReportTransfer(
        client=client.id,
        client_name=client.name,
        successor=dice.choice(("E101", "E104", "E106")),
        runner_up=dice.choice(("E103", None)),
        score=Decimal(dice.randrange(40, 97)) / 100,
        status="pending",
        reasons=(
            because("Clients in the segment {segment} so far: {count}.", segment=client.segment, count=14),
            because("Has room for {free} more clients.", free=31),
        ),
    )


def _deal(dice: random.Random, line: ClientLine, number: int) -> ReportTransfer:
    client = line.facts.client
    owner = None if number == 7 else dice.choice(("E101", "E104", "E106"))
    return ReportTransfer(
        client=None if number == 3 else client.id,
        client_name="" if number == 3 else client.name,
        opportunity=f"D{number + 1:05}",
        successor=owner,
        score=None if owner is None else Decimal("0.8"),
        status="waiting_manager" if owner is None else "pending",
    )
