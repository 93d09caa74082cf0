"""The leaver's book of business for a report: clients, what they owe, and who is to take them."""

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from models.ageing import AgeingPolicy
from models.amounts import tidy
from models.clients import Client, ClientFacts, ClientLine
from models.collection_figures import SalesWindow
from models.exchange import Quote
from models.exposure import lines_of
from models.open_items import ItemKind, LedgerKey, OpenItem, Portion, SourceNote
from models.payment_forecast import ClientForecast, CurrencyForecast, ForecastMethod, PaymentForecast
from models.reasons import because
from models.receivable_audit import AuditFacts, audit
from models.receivables import (
    CommissionExposure,
    HeldCommission,
    ObservedRate,
    RateTable,
    SingleAssessment,
    Standing,
)
from models.report import ReportClients, ReportReceivables, ReportTransfer
from store.policies import load_policy

MADE_AT = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
AS_OF = date(2026, 11, 23)
CENT = Decimal("0.01")
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


def open_items_of(dice: random.Random, lines: tuple[ClientLine, ...]) -> tuple[OpenItem, ...]:
    """One to three open items of half of the clients, in two currencies, in the order of a source."""
    of_currency = {"CNY": [], "USD": []}
    for line in lines:
        of_currency[line.facts.client.currency].append(line.facts.client.id)
    owing = [("CNY", each) for each in of_currency["CNY"][::2]] + [("USD", each) for each in of_currency["USD"][:3]]
    items = (
        _open_item(dice, client, currency, number)
        for currency, client in owing
        for number in range(dice.choice((1, 1, 2, 3)))
    )
    return tuple(sorted(items, key=lambda each: (each.client_id, each.due_on, each.document)))


def _open_item(dice: random.Random, client: str, currency: str, number: int) -> OpenItem:
    due_on = AS_OF - timedelta(days=dice.randrange(-40, 140))
    amount = Decimal(dice.randrange(80_000, 9_000_000)) / 100
    credit = number == 2
    credited, contested = (-amount / 10).quantize(CENT), (amount / 2).quantize(CENT)
    return OpenItem(
        document=f"{'CN' if credit else 'INV'}-{client[1:]}-{number + 1}",
        kind=ItemKind.CREDIT_NOTE if credit else ItemKind.INVOICE,
        client_id=client,
        issued_on=due_on if credit else due_on - timedelta(days=30),
        due_on=due_on,
        amount=credited if credit else amount,
        outstanding=credited if credit else amount,
        whole=credited if credit else amount,
        currency=currency,
        disputed=contested if not credit and dice.random() < 0.2 else Decimal(0),
    )


def receivables_of(items: tuple[OpenItem, ...]) -> ReportReceivables:
    """What the rules make of open items, with everything that an audit may know beside them. Nothing open: None."""
    ageing = load_policy("ifrs").ageing.model_copy(update={"reporting_currency": "CNY"})
    lines = lines_of(items, ageing, AS_OF)
    ledger: dict[LedgerKey, Decimal] = {}
    for line in lines:
        key = LedgerKey(line.client, line.currency)
        ledger[key] = ledger.get(key, Decimal(0)) + line.whole
    note = SourceNote(system="Tryton", read_at=MADE_AT - timedelta(minutes=5))
    result = audit(lines, ledger, _facts(items, ageing), ageing, AS_OF, source=note)
    assert result.main is not None
    beside = {name: part for name, part in result if name not in ("main", "basis", "as_of")}
    return tidy(ReportReceivables(**dict(result.main), **beside, as_of=AS_OF, basis=result.basis, audit="a" * 64))


def _facts(items: tuple[OpenItem, ...], ageing: AgeingPolicy) -> AuditFacts:
    first = items[0].client_id
    alone = SingleAssessment(client=first, standing=Standing.BANKRUPT, loss_rate=Decimal("0.8"), assessed_on=AS_OF)
    debts = {item.document: item for item in items if item.outstanding > 0}
    held = tuple(
        HeldCommission(
            commission=f"K{document}",
            document=document,
            client=item.client_id,
            amount=(item.outstanding / 50).quantize(Decimal("0.01")),
            currency=item.currency,
            paid_on=None if number % 2 else AS_OF - timedelta(days=40),
        )
        for number, (document, item) in enumerate(list(debts.items())[:6])
    )
    return AuditFacts(
        singly={first: alone},
        portions={items[-1].client_id: Portion(key="x", low=Decimal("0.4"))},
        observed=(_observed("CNY", ageing),),
        quotes=(Quote("USD", "CNY", AS_OF - timedelta(days=1), Decimal("7.1034")),),
        windows=tuple(SalesWindow(currency, 90, Decimal(900_000), Decimal(1_200_000)) for currency in ("CNY", "USD")),
        forecast=_forecast(items),
        commission=CommissionExposure(
            hold=tuple(each for each in held if each.paid_on is None),
            clawback=tuple(each for each in held if each.paid_on),
            window_days=180,
            reasons=(because("The policy does not allow commission to be held back in {country}.", country="CN"),),
        ),
    )


def _observed(currency: str, ageing: AgeingPolicy) -> RateTable:
    rates = tuple(
        ObservedRate(
            segment="",
            bucket=bucket.label,
            items=900 // (number + 1) ** 2,
            reached=Decimal(1_000_000),
            lost=Decimal(4_000 * (number + 1)),
            observed=Decimal("0.004") * (number + 1),
            policy=bucket.loss_rate,
            used=(Decimal("0.004") * (number + 1) + bucket.loss_rate) / 2,
        )
        for number, bucket in enumerate(ageing.buckets)
    )
    return RateTable(currency=currency, until=AS_OF.replace(day=1) - timedelta(days=1), rates=rates)


def _forecast(items: tuple[OpenItem, ...]) -> PaymentForecast:
    debts: dict[tuple[str, str], Decimal] = {}
    for item in items:
        if item.outstanding > 0:
            key = (item.currency, item.client_id)
            debts[key] = debts.get(key, Decimal(0)) + item.outstanding
    clients = tuple(
        ClientForecast(
            client=client,
            currency=currency,
            open=owed,
            expected_days_late=Decimal(10 + number % 30),
            cash_30=(owed / 3).quantize(Decimal("0.01")),
            cash_60=(owed / 2).quantize(Decimal("0.01")),
            cash_90=(owed * 3 / 4).quantize(Decimal("0.01")),
            late_probability=Decimal("0.62"),
            observations=14,
        )
        for number, ((currency, client), owed) in enumerate(sorted(debts.items(), key=lambda each: -each[1]))
    )
    totals = tuple(
        CurrencyForecast(
            currency=currency,
            **{
                name: sum((getattr(each, name) for each in clients if each.currency == currency), Decimal(0))
                for name in ("open", "cash_30", "cash_60", "cash_90")
            },
        )
        for currency in dict.fromkeys(each.currency for each in clients)
    )
    return PaymentForecast(as_of=AS_OF, method=ForecastMethod.PAST_LATE_RATE, clients=clients, totals=totals)


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
