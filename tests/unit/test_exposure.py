"""How open items age and are added up: boundary days on both bases, leap years, parts of shared accounts."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.exposure import bucket_of, days_past_due, lines_of, part_of
from models.open_items import ExposureLine, Portion
from store.policies import load_policy
from tests.client_books import TODAY, Books, owes
from tests.random_books import books

IFRS = load_policy("ifrs").ageing
PRC = load_policy("prc").ageing


@pytest.mark.parametrize(
    ("past_due", "label"),
    [(-400, "current"), (-1, "current"), (0, "current"), (1, "1-30"), (30, "1-30"), (31, "31-60"), (60, "31-60"),
     (61, "61-90"), (90, "61-90"), (91, "90+"), (4000, "90+")],
)  # fmt: skip
def test_days_past_due_at_every_boundary(past_due: int, label: str) -> None:
    (line,) = lines_of([owes("100", past_due=past_due)], IFRS, TODAY)
    assert line.bucket == bucket_of(past_due, IFRS.buckets) == label
    assert line.overdue == (100 if past_due > 0 else 0)
    assert line.oldest_days == max(0, past_due)


@pytest.mark.parametrize(
    ("past_due", "label"),
    [(0, "current"), (1, "1-30"), (30, "1-30"), (31, "31-60"), (60, "31-60"), (61, "61-90"), (90, "61-90"),
     (91, "91-180"), (180, "91-180"), (181, "181-365"), (365, "181-365"), (366, "365+")],
)  # fmt: skip
def test_days_past_due_stand_beside_the_chinese_ageing(past_due: int, label: str) -> None:
    (line,) = lines_of([owes("100", past_due=past_due)], PRC, TODAY)
    assert line.also == label


YEARS = [
    (0, "<=1y"), (365, "<=1y"), (366, "1-2y"), (730, "1-2y"), (731, "2-3y"), (1095, "2-3y"), (1096, "3-4y"),
    (1460, "3-4y"), (1461, "4-5y"), (1825, "4-5y"), (1826, ">5y"),
]  # fmt: skip


@pytest.mark.parametrize(("age", "label"), YEARS)
def test_years_from_the_invoice_at_every_boundary_on_both_policies(age: int, label: str) -> None:
    item = owes("100", past_due=-5, age=age)
    assert [line.bucket for line in lines_of([item], PRC, TODAY)] == [label]
    assert [line.also for line in lines_of([item], IFRS, TODAY)] == [label]
    assert lines_of([item], PRC, TODAY)[0].overdue == 0  # past due is counted from the due date on either basis


@pytest.mark.parametrize(
    ("due_on", "as_of", "days", "label"),
    [
        (date(2024, 2, 28), date(2024, 3, 29), 30, "1-30"),  # a leap year has one day more
        (date(2024, 2, 28), date(2024, 3, 30), 31, "31-60"),
        (date(2023, 2, 28), date(2023, 3, 30), 30, "1-30"),
        (date(2024, 2, 29), date(2024, 2, 29), 0, "current"),
        (date(2024, 1, 31), date(2024, 3, 31), 60, "31-60"),
        (date(2023, 1, 31), date(2023, 3, 31), 59, "31-60"),
        (date(2024, 1, 30), date(2024, 3, 31), 61, "61-90"),
    ],
)
def test_february_counts_its_own_days(due_on: date, as_of: date, days: int, label: str) -> None:
    item = owes("100").model_copy(update={"due_on": due_on})
    assert days_past_due(item, as_of) == days
    assert [line.bucket for line in lines_of([item], IFRS, as_of)] == [label]


def test_a_year_over_a_leap_day_is_over_one_day_before_its_anniversary() -> None:
    item = owes("100").model_copy(update={"issued_on": date(2023, 3, 1)})
    assert [line.bucket for line in lines_of([item], PRC, date(2024, 2, 29))] == ["<=1y"]
    assert [line.bucket for line in lines_of([item], PRC, date(2024, 3, 1))] == ["1-2y"]


def test_items_that_share_client_currency_and_buckets_are_one_line() -> None:
    items = [
        owes("10.05", past_due=45, disputed="4", document="a"),
        owes("20", past_due=50, document="b"),
        owes("-5", past_due=59, document="c"),
        owes("7", past_due=45, currency="CNY"),
    ]
    assert lines_of(items, IFRS, TODAY) == [
        ExposureLine("C1", "CNY", "31-60", "<=1y", 1, *_four("7", "7", "7", "0"), 0, 45),
        ExposureLine("C1", "USD", "31-60", "<=1y", 3, *_four("25.05", "25.05", "25.05", "4"), 1, 50),
    ]


def _four(*amounts: str) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    one, two, three, four = map(Decimal, amounts)
    return one, two, three, four


def test_without_limits_of_the_other_basis_there_is_no_other_bucket() -> None:
    (line,) = lines_of([owes("1")], IFRS.model_copy(update={"also": ()}), TODAY)
    assert line.also == ""


def test_lines_come_by_client_currency_and_age() -> None:
    items = [
        owes("1", client=client, currency=currency, past_due=late)
        for client in ("c", "B", "Ä")
        for currency in ("USD", "CNY")
        for late in (95, 0, 40)
    ]
    found = [(line.client, line.currency, line.bucket) for line in lines_of(items, IFRS, TODAY)]
    ages = ["current", "31-60", "90+"]
    assert found == [(who, what, age) for who in ("B", "c", "Ä") for what in ("CNY", "USD") for age in ages]


@pytest.mark.parametrize(
    ("amount", "parts"),
    [
        ("100.00", ["33.33", "33.34", "33.33"]),
        ("0.01", ["0", "0.01", "0"]),
        ("-100.00", ["-33.33", "-33.34", "-33.33"]),
        ("0.02", ["0.01", "0", "0.01"]),
        ("10.0001", ["3.33", "3.34", "3.3301"]),  # what is smaller than a cent goes to the last
    ],
)
def test_three_holders_of_a_third(amount: str, parts: list[str]) -> None:
    borders = [Decimal(0), Decimal("0.3333"), Decimal("0.6667"), Decimal(1)]
    holders = [Portion(key="k", low=low, high=high) for low, high in pairwise(borders)]
    assert [part_of(Decimal(amount), holder) for holder in holders] == [Decimal(part) for part in parts]


amounts = st.decimals(min_value=-1_000_000, max_value=1_000_000, places=4)
borders_inside = st.lists(st.decimals(min_value=0, max_value=1, places=6), max_size=6, unique=True).map(sorted)


@given(amounts, borders_inside)
def test_parts_of_holders_who_stand_end_to_end_add_up_to_the_whole(amount: Decimal, inside: list[Decimal]) -> None:
    borders = [Decimal(0), *inside, Decimal(1)]
    holders = [Portion(key="k", low=low, high=high) for low, high in pairwise(borders)]
    parts = [part_of(amount, holder) for holder in holders]
    assert sum(parts) == amount
    assert all(part * amount >= 0 or abs(part) < Decimal("0.01") for part in parts)
    fair = (amount * (holder.high - holder.low) for holder in holders)
    assert all(abs(part - exact) <= Decimal("0.01") for part, exact in zip(parts, fair, strict=True))


@given(books(), st.randoms(use_true_random=False))
def test_the_order_and_the_paging_of_items_change_no_line(ledger: Books, chance: Random) -> None:
    items = ledger.items()
    lines = lines_of(items, IFRS, TODAY)
    chance.shuffle(items)
    pages = [items[start : start + 3] for start in range(0, len(items), 3)]
    assert lines_of((item for page in pages for item in page), IFRS, TODAY) == lines
    assert sum(line.items for line in lines) == len(items)


def test_a_day_later_nothing_is_lost_and_what_was_due_is_late() -> None:
    items = [owes("5", past_due=0), owes("3", past_due=30)]
    tomorrow = lines_of(items, IFRS, TODAY + timedelta(days=1))
    assert {line.bucket: line.outstanding for line in tomorrow} == {"1-30": 5, "31-60": 3}
