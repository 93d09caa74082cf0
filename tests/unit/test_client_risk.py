"""A client is at risk for what is known, never for what is missing."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.client_risk import assess_book, assess_client, gaps
from models.clients import Client, ClientFacts
from models.policy import ClientRisk

AS_OF = date(2026, 11, 24)
RULES = ClientRisk(renewal_within_days=90, untouched_for_days=60, min_contacts=2)


def facts(
    key: str = "C1",
    contacts: int | None = 2,
    touched_days_ago: int | None = 1,
    touches_known: bool = True,
    renewal_in: int | None = None,
    value: int | None = 100,
) -> ClientFacts:
    touched = datetime(2026, 11, 24, 9, tzinfo=UTC) - timedelta(days=touched_days_ago or 0)
    return ClientFacts(
        client=Client(
            id=key,
            name="Acme",
            owner_id="E1",
            annual_value=None if value is None else Decimal(value),
            currency="CNY",
            renewal_on=None if renewal_in is None else AS_OF + timedelta(days=renewal_in),
        ),
        contacts=contacts,
        last_touch=None if touched_days_ago is None else touched,
        touches_known=touches_known,
        open_opportunities=0,
        open_value=Decimal(0),
        orders=0,
        ordered_value=Decimal(0),
    )


@pytest.mark.parametrize(
    ("client", "at_risk"),
    [
        (facts(), False),
        (facts(contacts=1), True),
        (facts(contacts=0), True),
        (facts(contacts=None), False),
        (facts(touched_days_ago=60), False),
        (facts(touched_days_ago=61), True),
        (facts(touched_days_ago=None), True),
        (facts(touched_days_ago=None, touches_known=False), False),
        (facts(renewal_in=91), False),
        (facts(renewal_in=90), True),
        (facts(renewal_in=0), True),
        (facts(renewal_in=-1), True),
    ],
)
def test_the_limits_of_each_rule(client: ClientFacts, at_risk: bool) -> None:
    line = assess_client(client, RULES, AS_OF)
    assert line.at_risk is at_risk
    assert bool(line.reasons) is at_risk


def test_every_rule_that_is_met_gives_its_own_reason_with_figures() -> None:
    line = assess_client(facts(contacts=1, touched_days_ago=75, renewal_in=30), RULES, AS_OF)
    assert [reason.params for reason in line.reasons] == [
        {"contacts": "1", "minimum": "2"},
        {"day": "2026-12-24", "days": "30"},
        {"day": "2026-09-10", "days": "75"},
    ]


def test_missing_feeds_are_gaps_of_the_book() -> None:
    book = (facts(contacts=None, touches_known=False, value=None), facts("C2", renewal_in=400))
    codes = [gap.code for gap in gaps(book, ("USD", "CNY"))]
    assert len(codes) == 5
    assert gaps((facts(renewal_in=400),), ("USD",)) == ()


@given(st.permutations([("A", 1, 100), ("B", 2, 900), ("C", 1, 900), ("D", 2, None), ("E", 2, 900)]))
def test_the_urgent_ones_stand_on_top_whatever_the_order(order: list[tuple[str, int, int | None]]) -> None:
    lines = assess_book([facts(key, contacts=n, value=value) for key, n, value in order], RULES, AS_OF)
    assert [line.facts.client.id for line in lines] == ["C", "A", "B", "E", "D"]
