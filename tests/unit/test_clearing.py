"""The rules of following money up, on days and amounts that can be counted by hand."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from models.ageing import AgeingBasis, AgeingPolicy, Bucket
from models.clearing import (
    judged,
    milestones_of,
    next_reading,
    portion_of,
    recovered,
    reminders_of,
    settled_early,
    still_open,
)
from models.collection import ClearingPlan, MilestoneState
from models.exposure import part_of
from models.open_items import ItemKind, LedgerKey, OpenItem
from models.policy import CollectionPolicy, MilestonePolicy
from models.working_days import WorkCalendar

SHANGHAI = WorkCalendar("CN", "Asia/Shanghai", time(18))
TUESDAY = datetime(2026, 11, 24, 4, tzinfo=UTC)
AUDITED_ON = date(2026, 11, 24)
AGEING = AgeingPolicy(
    basis=AgeingBasis.DUE_DATE,
    buckets=(
        Bucket(label="current", upto=0, loss_rate=Decimal("0.01")),
        Bucket(label="1-30", upto=30, loss_rate=Decimal("0.02")),
        Bucket(label="over 30", loss_rate=Decimal("0.1")),
    ),
)
DATES = CollectionPolicy(
    milestones=(
        MilestonePolicy(working_days=1, share=Decimal("0.3333")),
        MilestonePolicy(working_days=5, share=Decimal(1)),
    )
)


def item(document: str, amount: str, *, late: int = 0, issued: date = AUDITED_ON, **fields: object) -> OpenItem:
    money = Decimal(amount)
    values: dict[str, object] = {
        "document": document,
        "client_id": "C1",
        "issued_on": issued,
        "due_on": AUDITED_ON - timedelta(days=late),
        "amount": money,
        "outstanding": money,
        "whole": money,
        "currency": "CNY",
        **fields,
    }
    return OpenItem.model_validate(values)


def plan(audited: str) -> ClearingPlan:
    dates = milestones_of("C1", "CNY", Decimal(audited), DATES, SHANGHAI, TUESDAY)
    return ClearingPlan(
        case_id="offboarding-E1",
        client="C1",
        currency="CNY",
        collector="P1",
        audited=Decimal(audited),
        milestones=dates,
    )


def test_dates_fall_on_the_end_of_working_days_and_amounts_are_whole_cents() -> None:
    first, last = plan("100.01").milestones
    assert (first.at_most, last.at_most) == (Decimal("66.68"), Decimal(0))
    assert first.due_at == datetime(2026, 11, 25, 10, tzinfo=UTC)
    assert last.due_at == datetime(2026, 12, 1, 10, tzinfo=UTC), "the weekend does not count"


def test_credits_have_no_dates() -> None:
    assert plan("-5").milestones == ()
    assert plan("0").milestones == ()


def test_a_date_is_kept_with_exactly_the_amount_and_missed_with_a_cent_more() -> None:
    first, _ = plan("100.01").milestones
    assert judged(first, Decimal("66.68")).state is MilestoneState.MET
    missed = judged(first, Decimal("66.69"))
    assert (missed.state, missed.open_then) == (MilestoneState.MISSED, Decimal("66.69"))


def test_what_was_paid_in_full_or_too_much_keeps_every_date_to_come() -> None:
    assert settled_early(plan("100"), Decimal("0.01")) == ()
    for left in (Decimal(0), Decimal(-3)):
        assert [each.state for each in settled_early(plan("100"), left)] == [MilestoneState.MET, MilestoneState.MET]


def test_only_what_was_audited_counts_and_money_that_came_in_since() -> None:
    later = AUDITED_ON + timedelta(days=1)
    items = [
        item("V1", "100"),
        item("V2", "1000", issued=later),
        item("CN", "-10", kind=ItemKind.CREDIT_NOTE),
        item("A1", "-30", issued=later, kind=ItemKind.UNAPPLIED_CASH),
        item("V3", "7", currency="USD"),
    ]
    assert still_open(items, AUDITED_ON) == {LedgerKey("C1", "CNY"): Decimal(60), LedgerKey("C1", "USD"): Decimal(7)}


def test_a_collector_is_reminded_in_the_morning_before_and_of_the_day_itself() -> None:
    due = datetime(2026, 12, 1, 10, tzinfo=UTC)  # a Tuesday; two working days before is Friday
    before, same_day = reminders_of(due, 2, SHANGHAI)
    assert (before, same_day) == (datetime(2026, 11, 27, 1, tzinfo=UTC), datetime(2026, 12, 1, 1, tzinfo=UTC))
    assert reminders_of(due, 0, SHANGHAI) == (same_day,)


def test_the_books_are_read_on_the_next_working_morning() -> None:
    morning = datetime(2026, 11, 24, 1, tzinfo=UTC)
    assert next_reading(morning - timedelta(minutes=1), SHANGHAI) == morning
    assert next_reading(morning, SHANGHAI) == morning + timedelta(days=1)
    friday = datetime(2026, 11, 27, 1, tzinfo=UTC)
    assert next_reading(friday, SHANGHAI) == datetime(2026, 11, 30, 1, tzinfo=UTC)
    assert next_reading(friday + timedelta(days=1, hours=-2), SHANGHAI) == datetime(2026, 11, 30, 1, tzinfo=UTC)


def test_what_was_recovered_is_counted_where_it_was_audited() -> None:
    before = [item("V1", "100", late=10), item("V2", "50", late=40), item("V3", "20"), item("CN", "-5", late=3)]
    now = [item("V1", "40", late=10), item("V3", "20"), item("V2", "-8", late=40)]
    found = {each.bucket: (each.audited, each.recovered) for each in recovered(before, now, AGEING, AUDITED_ON)}
    assert found == {"current": (20, 0), "1-30": (100, 60), "over 30": (50, 50)}
    assert [each.bucket for each in recovered(before, now, AGEING, AUDITED_ON)] == ["current", "1-30", "over 30"]


@given(
    amount=st.decimals(min_value=0, max_value=10**9, places=2),
    percents=st.lists(st.integers(min_value=1, max_value=40), min_size=1, max_size=2),
)
def test_the_parts_found_again_from_their_widths_add_up_to_the_whole(amount: Decimal, percents: list[int]) -> None:
    shares = [(f"P{number}", Decimal(percent) / 100) for number, percent in enumerate(percents)]
    rest = 1 - sum((part for _, part in shares), Decimal(0))
    holders = [*shares, ("E1", rest)]
    parts = [part_of(amount, portion_of("C1", width, shares, who)) for who, width in holders]
    assert sum(parts, Decimal(0)) == amount
