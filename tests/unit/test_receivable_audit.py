"""Ageing, expected credit loss and the check against the ledger, by hand-made figures and by properties."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.amounts import plain
from models.receivable_audit import audit, days_past_due
from models.receivables import AgeingBasis, AgeingPolicy, Bucket, CurrencyAudit, OpenItem, ReceivableAudit
from store.policies import load_policy

TODAY = date(2026, 11, 24)
IFRS = load_policy("ifrs").ageing
PRC = load_policy("prc").ageing


def owes(
    outstanding: str | Decimal,
    *,
    past_due: int = 0,
    client: str = "C1",
    currency: str = "USD",
    invoice: str = "",
    age: int | None = None,
    disputed: bool = False,
) -> OpenItem:
    """An open item that fell due `past_due` days ago and was issued `age` days ago."""
    amount = Decimal(outstanding)
    due = TODAY - timedelta(days=past_due)
    return OpenItem(
        invoice_id=invoice or f"{client}-{past_due}-{amount}",
        client_id=client,
        issued_on=due - timedelta(days=30) if age is None else TODAY - timedelta(days=age),
        due_on=due,
        amount=abs(amount),
        outstanding=amount,
        currency=currency,
        disputed=disputed,
    )


def in_main_currency(
    items: list[OpenItem], ledger: dict[str, Decimal] | None = None, policy: AgeingPolicy = IFRS
) -> CurrencyAudit:
    balances = ledger if ledger is not None else ledger_of(items)
    main = audit(items, balances, policy, TODAY).main
    assert main is not None
    return main


def ledger_of(items: list[OpenItem]) -> dict[str, Decimal]:
    balances: dict[str, Decimal] = {}
    for item in items:
        balances[item.currency] = balances.get(item.currency, Decimal(0)) + item.outstanding
    return balances


def test_illustrative_example_12_of_ifrs_9() -> None:
    found = in_main_currency(
        [
            owes("15000000", past_due=0),
            owes("7500000", past_due=30),
            owes("4000000", past_due=60),
            owes("2500000", past_due=90),
            owes("1000000", past_due=91),
        ]
    )
    assert found.expected_credit_loss == 580_000
    assert found.bad_debt_coefficient == Decimal("0.019333")
    assert list(found.buckets) == ["current", "1-30", "31-60", "61-90", "90+"]
    assert str(found.total) == "30000000"
    assert found.overdue == 15_000_000


@pytest.mark.parametrize(
    ("past_due", "label"),
    [
        (-1, "current"),
        (0, "current"),
        (1, "1-30"),
        (30, "1-30"),
        (31, "31-60"),
        (60, "31-60"),
        (61, "61-90"),
        (90, "61-90"),
        (91, "90+"),
    ],
)
def test_days_past_due_at_every_boundary(past_due: int, label: str) -> None:
    found = in_main_currency([owes("100", past_due=past_due)])
    assert {name for name, balance in found.buckets.items() if balance} == {label}
    assert found.bucket_items[label] == 1
    assert found.overdue == (100 if past_due > 0 else 0)


@pytest.mark.parametrize(("age", "label"), [(0, "<=1y"), (365, "<=1y"), (366, "1-2y"), (1825, "4-5y"), (1826, ">5y")])
def test_invoice_date_basis_ages_from_issue_but_overdue_stays_by_due_date(age: int, label: str) -> None:
    found = in_main_currency([owes("100", past_due=-5, age=age)], policy=PRC)
    assert found.buckets[label] == 100
    assert found.overdue == 0
    assert audit([], {}, PRC, TODAY).basis is AgeingBasis.INVOICE_DATE


def test_an_overpayment_lowers_its_client_and_bucket_but_nobody_elses_expected_loss() -> None:
    items = [
        owes("100", past_due=10, client="C1"),
        owes("-30", past_due=20, client="C1"),
        owes("-500", past_due=15, client="C2"),
    ]
    found = in_main_currency(items)
    assert found.buckets["1-30"] == -430
    assert found.total == -430
    assert found.expected_credit_loss == Decimal("1.12")  # 1.6 % of the 70 that C1 still owes
    assert found.bad_debt_coefficient == 0
    assert found.largest_client_share == 1
    assert found.reconciled


def test_currencies_are_never_added_and_the_one_with_most_items_leads() -> None:
    items = [owes("1", client="C1"), owes("2", client="C2"), owes("900", currency="EUR"), owes("5", currency="CNY")]
    result = audit(items, ledger_of(items), IFRS, TODAY)
    assert result.main is not None
    assert (result.main.currency, result.main.total) == ("USD", 3)
    assert [other.currency for other in result.others] == ["CNY", "EUR"]


def test_nothing_open_is_no_currency_at_all() -> None:
    assert audit([], {"USD": Decimal("0.0000")}, IFRS, TODAY).main is None


@pytest.mark.parametrize(
    ("ledger", "reconciled"),
    [
        ({"USD": Decimal("100.01")}, True),
        ({"USD": Decimal("99.99")}, True),
        ({"USD": Decimal("100.02")}, False),
        ({"EUR": Decimal("100")}, False),
        ({}, False),
    ],
)
def test_reconciled_means_within_a_cent_in_the_same_currency(ledger: dict[str, Decimal], reconciled: bool) -> None:
    result = audit([owes("100")], ledger, IFRS, TODAY)
    found = next(each for each in (result.main, *result.others) if each and each.currency == "USD")
    assert found.reconciled is reconciled


def test_a_ledger_balance_without_open_items_is_shown_as_unreconciled() -> None:
    found = in_main_currency([], {"EUR": Decimal("12.5")})
    assert (found.currency, found.total, found.reconciled, str(found.ledger_balance)) == ("EUR", 0, False, "12.5")


def test_no_more_than_everything_can_be_lost() -> None:
    policy = AgeingPolicy(
        basis=AgeingBasis.DUE_DATE,
        buckets=(Bucket(label="all", loss_rate=Decimal("0.8")),),
        forward_looking_factor=Decimal("1.5"),
    )
    found = in_main_currency([owes("200")], policy=policy)
    assert found.expected_credit_loss == 200
    assert found.bad_debt_coefficient == 1


def test_disputes_and_the_oldest_debt_are_counted_per_client() -> None:
    found = in_main_currency([owes("10", past_due=45, disputed=True), owes("20", past_due=3), owes("-5", past_due=400)])
    line = found.clients[0]
    assert (line.open_items, line.disputed_items, line.oldest_days_past_due) == (3, 1, 45)
    assert (found.disputed_items, found.disputed) == (1, 10)


@pytest.mark.parametrize(
    ("padded", "spelled"),
    [("1708.7700", "1708.77"), ("4.2233E+5", "422330"), ("0.0000", "0"), ("-0.00", "0"), ("-7.50", "-7.5")],
)
def test_one_number_has_one_spelling(padded: str, spelled: str) -> None:
    assert str(plain(Decimal(padded))) == spelled


amounts = st.decimals(min_value=-10_000, max_value=1_000_000, places=4).filter(bool)
open_items = st.builds(
    owes,
    amounts,
    past_due=st.sampled_from([-40, -1, 0, 1, 30, 31, 60, 61, 90, 91, 800]),
    client=st.sampled_from(["C1", "C2", "C3"]),
    currency=st.sampled_from(["USD", "CNY"]),
    disputed=st.booleans(),
)
factors = st.decimals(min_value="0.1", max_value=3, places=6)


def with_factor(factor: Decimal) -> AgeingPolicy:
    return IFRS.model_copy(update={"forward_looking_factor": factor})


@given(st.lists(open_items, max_size=12), factors)
def test_buckets_and_clients_add_up_to_the_total_exactly(items: list[OpenItem], factor: Decimal) -> None:
    result = audit(items, ledger_of(items), with_factor(factor), TODAY)
    for found in (result.main, *result.others):
        if found is None:
            continue
        mine = [item for item in items if item.currency == found.currency]
        assert sum(found.buckets.values()) == found.total == sum(item.outstanding for item in mine)
        assert sum(found.bucket_items.values()) == found.open_items == len(mine)
        assert found.overdue == found.total - found.buckets["current"]
        assert sum(client.total for client in found.clients) == found.total
        assert sum(client.overdue for client in found.clients) == found.overdue
        assert sum(client.expected_credit_loss for client in found.clients) == found.expected_credit_loss
        assert found.overdue == sum(item.outstanding for item in mine if days_past_due(item, TODAY) > 0)
        assert found.reconciled
        assert 0 <= found.bad_debt_coefficient <= 1
        assert 0 <= found.largest_client_share <= 1


@given(st.lists(open_items, max_size=10).flatmap(lambda items: st.tuples(st.just(items), st.permutations(items))))
def test_the_order_of_items_changes_nothing(pair: tuple[list[OpenItem], list[OpenItem]]) -> None:
    items, shuffled = pair
    balances = ledger_of(items)
    first = audit(items, balances, IFRS, TODAY)
    assert first.model_dump_json() == audit(shuffled, balances, IFRS, TODAY).model_dump_json()


@given(st.lists(open_items, min_size=1, max_size=8), st.decimals(min_value="0.0001", max_value="0.9999", places=4))
def test_splitting_an_invoice_changes_no_amount(items: list[OpenItem], share: Decimal) -> None:
    whole = items[0]
    part = whole.outstanding * share
    split = [
        whole.model_copy(update={"invoice_id": "a", "outstanding": part}),
        whole.model_copy(update={"invoice_id": "b", "outstanding": whole.outstanding - part}),
        *items[1:],
    ]
    before, after = (audit(each, ledger_of(items), IFRS, TODAY) for each in (items, split))
    assert amounts_by_currency(before) == amounts_by_currency(after)


def amounts_by_currency(result: ReceivableAudit) -> dict[str, object]:
    counted = {"open_items", "disputed_items", "bucket_items", "clients"}
    return {
        each.currency: (
            each.model_dump(exclude=counted),
            {line.client: (line.total, line.overdue, line.expected_credit_loss) for line in each.clients},
        )
        for each in (result.main, *result.others)
        if each
    }
