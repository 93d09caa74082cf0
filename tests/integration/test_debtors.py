"""What our books say about debtors, and whose client it is."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from models.ageing import AgeingPolicy
from models.amounts import plain
from models.commission import CLAWBACK_AGREEMENT
from models.exchange import Quote
from models.loss_history import Entry, Flow, PastItem, flows_of, observed_rates
from models.open_items import Portion
from models.receivables import Standing
from store.database import Database
from store.debtors import commissions_of, facts_of, has_signed
from store.loss_experience import flows_by_currency, forget, rates_of
from store.policies import load_policy
from store.receivable_book import portions_of, portions_of_all
from tests.company import AS_OF, Company
from tests.ledgers import FIRST, Ledger, Row, ledgers

UNTIL = date(2026, 10, 31)
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def company(database: Database) -> Company:
    return Company.build(database, clients=3, peers=3)


def share(company: Company, connection: Connection, client: str, person: str, percent: str) -> None:
    key = f"{client}-{person}"
    company.insert(
        connection, "client_shares", id=key, client_id=client, employee_id=person, percent=Decimal(percent)
    )  # fmt: skip


def portion(key: str, low: str, high: str) -> Portion:
    return Portion(key=key, low=Decimal(low), high=Decimal(high))


def test_an_owner_has_what_the_sharers_leave_and_all_stand_end_to_end(company: Company) -> None:
    with company.database.begin() as connection:
        share(company, connection, "C001", "P2", "20.5")
        share(company, connection, "C001", "P1", "33.3333")
        share(company, connection, "C001", "E1", "5")  # the owner's own row says nothing
        share(company, connection, "C002", "P1", "100")
        mine = portions_of(connection, "E1")
        assert mine == {"C001": portion("C001", "0.538333", "1"), "C003": portion("C003", "0", "1")}
        assert portions_of(connection, "P1") == {
            "C001": portion("C001", "0", "0.333333"),
            "C002": portion("C002", "0", "1"),
        }
        assert portions_of(connection, "P2") == {"C001": portion("C001", "0.333333", "0.538333")}
        everybody = portions_of_all(connection)
        assert everybody == {person: portions_of(connection, person) for person in ("E1", "P1", "P2")}
        assert portions_of(connection, "H1") == {}


def test_assessments_rates_commissions_and_agreements_hold_on_their_days(company: Company) -> None:
    def assessed(key: str, client: str, rate: str, on: int, ended: int | None = None) -> None:
        company.insert(
            connection, "debtor_assessments", id=key, client_id=client, standing="bankrupt", loss_rate=Decimal(rate),
            assessed_on=AS_OF - timedelta(on), ended_on=None if ended is None else AS_OF - timedelta(ended),
        )  # fmt: skip

    with company.database.begin() as connection:
        assessed("A1", "C001", "0.5", 90)
        assessed("A2", "C001", "0.9", 10)
        assessed("A3", "C001", "1", -1)
        assessed("A4", "C002", "0.7", 30, ended=1)
        assessed("A5", "C003", "0.6", 30, ended=0)
        for day, rate in ((40, "7.1"), (3, "7.2"), (-1, "7.3")):
            company.insert(connection, "exchange_rates", id=f"R{day}", currency="USD", quoted_in="CNY",
                           on_day=AS_OF - timedelta(day), rate=Decimal(rate))  # fmt: skip
        company.insert(connection, "commissions", id="K1", employee_id="E1", invoice_id="V1-late", earned_on=AS_OF,
                       amount=Decimal(5), currency="CNY")  # fmt: skip
        company.insert(connection, "commissions", id="K2", employee_id="E1", invoice_id="V1-late", amount=Decimal(5),
                       earned_on=AS_OF + timedelta(1), currency="CNY")  # fmt: skip
        company.insert(connection, "agreements", id="G1", employee_id="E1", kind=CLAWBACK_AGREEMENT,
                       signed_on=AS_OF - timedelta(9), ended_on=AS_OF)  # fmt: skip
        found = facts_of(connection, ("C001", "C002", "C003"), AS_OF)
        [earned] = commissions_of(connection, "E1", AS_OF)
        held = [has_signed(connection, "E1", CLAWBACK_AGREEMENT, AS_OF + timedelta(day)) for day in (-10, -9, 0, 1)]
    assert {client: each.loss_rate for client, each in found.singly.items()} == {
        "C001": Decimal("0.9"),
        "C003": Decimal("0.6"),
    }
    assert found.singly["C001"].standing is Standing.BANKRUPT
    assert found.quotes == (Quote("USD", "CNY", AS_OF - timedelta(3), Decimal("7.2")),)
    assert found.segments == dict.fromkeys(("C001", "C002", "C003"), "retail")
    assert (earned.commission, earned.document, earned.client, earned.given_up) == ("K1", "V1-late", "C001", False)
    assert held == [False, True, True, False]


def test_commission_says_whether_its_invoice_was_written_off_by_then(database: Database) -> None:
    company = Company.build(database, clients=2, peers=1)
    with database.begin() as connection:
        for number, (kind, invoice, day) in enumerate(
            (("write_off", "V1-late", 0), ("payment", "V2-late", 0), ("write_off", "V2-late", 1))
        ):
            company.insert(connection, "payments", id=f"W{number}", invoice_id=invoice, amount=Decimal(1),
                           currency="CNY", paid_on=AS_OF + timedelta(day), kind=kind)  # fmt: skip
            company.insert(connection, "commissions", id=f"K{number}", employee_id="E1", invoice_id=invoice,
                           earned_on=AS_OF, amount=Decimal(5), currency="CNY")  # fmt: skip
        earned = commissions_of(connection, "E1", AS_OF)
    assert {each.document: each.given_up for each in earned} == {"V1-late": True, "V2-late": False}


def past_of(ledger: Ledger, currency: str) -> list[PastItem]:
    """The invoices of a ledger as the rules see them."""

    def entry(row: Row) -> Entry:
        return Entry(row["paid_on"], row["amount"])

    items = []
    for row in ledger.invoices:
        if row["amount"] <= 0 or row["currency"] != currency:
            continue
        paid = [each for each in ledger.payments
                if each["invoice_id"] == row["id"] and each["currency"] == currency]  # fmt: skip
        notes = [Entry(note["issued_on"], -note["amount"]) for note in ledger.invoices
                 if note["credits_id"] == row["id"] and note["currency"] == currency]  # fmt: skip
        settled = [entry(each) for each in paid if each["kind"] == "payment"]
        given_up = tuple(entry(each) for each in paid if each["kind"] == "write_off")
        dates = (row["issued_on"], row["due_on"])
        items.append(PastItem(ledger.client, *dates, row["amount"], (*settled, *notes), given_up))
    return items


def tidy(flows: list[Flow]) -> list[Flow]:
    return [flow._replace(reached=plain(flow.reached), lost=plain(flow.lost)) for flow in flows]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    books=st.tuples(ledgers("C1"), ledgers("C2")), days=st.integers(400, 900), policy=st.sampled_from(("ifrs", "prc"))
)
def test_the_past_is_added_up_as_the_rules_say(
    database: Database, books: tuple[Ledger, Ledger], days: int, policy: str
) -> None:
    ageing: AgeingPolicy = load_policy(policy).ageing
    ageing = ageing.model_copy(update={"buckets": (*ageing.buckets[:3], ageing.buckets[-1])})
    until = FIRST + timedelta(days=days)
    with database.begin() as connection:
        connection.execute(text("TRUNCATE clients, invoices, instalments, payments CASCADE"))
        for book in books:
            book.insert(connection)
        connection.execute(text("UPDATE clients SET segment = 'retail' WHERE id = 'C2'"))
        found = flows_by_currency(connection, ageing, until)
    for currency in ("CNY", "USD"):
        past = [item for book in books for item in past_of(book, currency)]
        assert tidy(found.get(currency, [])) == tidy(flows_of(past, {"C2": "retail"}, ageing, until))


def test_rates_of_the_past_are_kept_until_the_month_or_the_past_changes(company: Company) -> None:
    ageing = load_policy("ifrs").ageing
    with company.database.begin() as connection:
        due = UNTIL - timedelta(600)
        company.insert(connection, "invoices", id="old", client_id="C001", issued_on=due, due_on=due,
                       amount=Decimal(1000), currency="CNY")  # fmt: skip
        [made] = rates_of(connection, ageing, AS_OF, NOON)
        assert made == observed_rates(flows_by_currency(connection, ageing, UNTIL)["CNY"], ageing, "CNY", UNTIL)
        assert {each.bucket for each in made.rates if each.observed == 1} == {each.label for each in ageing.buckets}
        company.insert(connection, "payments", id="paid", invoice_id="old", paid_on=due, amount=Decimal(1000),
                       currency="CNY")  # fmt: skip
        assert rates_of(connection, ageing, AS_OF, NOON) == (made,)
        forget(connection)
        [again] = rates_of(connection, ageing, AS_OF, NOON)
        everybody = [each.observed for each in again.rates if not each.segment]
        assert everybody == [0, *[None] * (len(ageing.buckets) - 1)]
        stricter = ageing.model_copy(update={"observations": 7})
        assert rates_of(connection, stricter, AS_OF, NOON)[0].rates != again.rates
