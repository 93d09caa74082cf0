"""Loss rates out of a company's own past: by amount, from invoices whose story is over, shrunk towards the policy."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.ageing import AgeingPolicy, SegmentMatrix
from models.loss_history import Entry, Flow, PastItem, flows_of, known_after, observed_rates
from models.loss_rates import policy_rate
from models.receivables import ObservedRate
from store.policies import load_policy

IFRS = load_policy("ifrs").ageing
PRC = load_policy("prc").ageing
UNTIL = date(2026, 10, 31)
DUE = UNTIL - timedelta(days=500)


def past(
    amount: str | int,
    *paid: tuple[int, str | int],
    written_off: tuple[int, str | int] | None = None,
    due_on: date = DUE,
    client: str = "C1",
) -> PastItem:
    """An invoice of 30 days; `paid` are (days after the due date, amount)."""
    entries = tuple(Entry(due_on + timedelta(days=days), Decimal(part)) for days, part in paid)
    given_up = (Entry(due_on + timedelta(days=written_off[0]), Decimal(written_off[1])),) if written_off else ()
    return PastItem(client, due_on - timedelta(days=30), due_on, Decimal(amount), entries, given_up)


def reached_and_lost(
    *items: PastItem, ageing: AgeingPolicy = IFRS, until: date = UNTIL
) -> dict[str, tuple[int, int, int]]:
    """Everybody's flows: bucket -> (items, reached, lost)."""
    flows = flows_of(items, {}, ageing, until)
    return {flow.bucket: (flow.items, int(flow.reached), int(flow.lost)) for flow in flows if not flow.segment}


def row(rates: tuple[ObservedRate, ...], bucket: str, segment: str = "") -> ObservedRate:
    return next(each for each in rates if (each.segment, each.bucket) == (segment, bucket))


def test_a_cohort_that_flows_from_bucket_to_bucket() -> None:
    """The example of IFRScommunity: 100,000 sold, 50,000 paid on time, 27,000, 15,000 and 6,000 ever later."""
    sales = [past(1000)] * 2 + [past(1000, (day, 1000)) for day in [0] * 50 + [30] * 27 + [60] * 15 + [90] * 6]
    assert reached_and_lost(*sales) == {
        "current": (100, 100_000, 2_000),
        "1-30": (50, 50_000, 2_000),
        "31-60": (23, 23_000, 2_000),
        "61-90": (8, 8_000, 2_000),
        "90+": (2, 2_000, 2_000),
    }
    rates = observed_rates(flows_of(sales, {}, IFRS, UNTIL), IFRS, "CNY", UNTIL).rates
    assert [str(each.observed) for each in rates] == ["0.02", "0.04", "0.086957", "0.25", "1"]


@pytest.mark.parametrize(
    ("day", "last_bucket"), [(-5, "current"), (0, "current"), (1, "current"), (2, "1-30"), (30, "1-30"), (31, "1-30"),
                             (32, "31-60"), (91, "61-90"), (92, "90+")],
)  # fmt: skip
def test_a_bucket_is_reached_by_what_is_open_at_the_end_of_its_first_day(day: int, last_bucket: str) -> None:
    assert list(reached_and_lost(past(10, (day, 10))))[-1] == last_bucket


def test_only_the_part_that_was_open_reaches_a_bucket_and_only_what_was_never_paid_is_lost() -> None:
    assert reached_and_lost(past(100, (0, 40), (45, 25))) == {
        "current": (1, 100, 35),
        "1-30": (1, 60, 35),
        "31-60": (1, 60, 35),
        "61-90": (1, 35, 35),
        "90+": (1, 35, 35),
    }


def test_what_was_written_off_is_lost_and_reaches_nothing_later() -> None:
    assert reached_and_lost(past(100, (10, 20), written_off=(50, 80))) == {
        "current": (1, 100, 80),
        "1-30": (1, 100, 80),
        "31-60": (1, 80, 80),
    }


def test_money_that_came_after_a_write_off_was_not_lost() -> None:
    found = reached_and_lost(past(100, (400, 70), written_off=(50, 100)))
    assert found == {"current": (1, 100, 30), "1-30": (1, 100, 30), "31-60": (1, 100, 30)}


def test_an_overpayment_is_no_gain() -> None:
    assert reached_and_lost(past(100, (5, 130))) == {"current": (1, 100, 0), "1-30": (1, 100, 0)}


@pytest.mark.parametrize(("ageing", "days"), [(IFRS, 455), (PRC, 2190)])
def test_only_invoices_whose_story_is_over_take_part_paid_or_not(ageing: AgeingPolicy, days: int) -> None:
    assert known_after(ageing) == days
    start = UNTIL - timedelta(days=days)
    over = PastItem("C1", start, start, Decimal(5))
    still_running = (
        PastItem("C1", start + timedelta(days=1), start + timedelta(days=1), Decimal(7)),
        PastItem("C1", UNTIL, UNTIL, Decimal(7), (Entry(UNTIL, Decimal(7)),)),
    )
    found = reached_and_lost(over, *still_running, ageing=ageing)
    assert {reached for _, reached, _ in found.values()} == {5}


def test_what_was_paid_after_the_day_is_not_known_on_it() -> None:
    assert reached_and_lost(past(100, (600, 100)))["90+"] == (1, 100, 100)
    assert reached_and_lost(past(100, (600, 100)), until=UNTIL + timedelta(days=200))["90+"] == (1, 100, 0)


def test_everybody_and_each_segment_have_flows_of_their_own() -> None:
    items = [past(10, (0, 10), client="C1"), past(20, client="C2"), past(30, (0, 30), client="C3")]
    flows = flows_of(items, {"C1": "retail", "C2": "retail"}, IFRS, UNTIL)
    current = {flow.segment: flow for flow in flows if flow.bucket == "current"}
    assert current == {
        "": Flow("", "current", 3, Decimal(60), Decimal(20)),
        "retail": Flow("retail", "current", 2, Decimal(30), Decimal(20)),
    }
    assert [flow.segment for flow in flows] == [""] * 5 + ["retail"] * 5


def test_a_rate_is_shrunk_towards_the_policy_by_the_number_of_items() -> None:
    flows = [Flow("", "1-30", 150, Decimal(1000), Decimal(100))]
    found = row(observed_rates(flows, IFRS, "CNY", UNTIL).rates, "1-30")
    # (150 x 10 % + 50 x 1.6 %) / 200
    assert (found.observed, found.policy, found.used) == (Decimal("0.1"), Decimal("0.016"), Decimal("0.079"))
    assert (found.items, found.reached, found.lost) == (150, 1000, 100)


def test_without_a_past_the_policys_rate_is_used_and_nothing_is_said_to_be_observed() -> None:
    table = observed_rates([], IFRS, "CNY", UNTIL)
    assert (table.currency, table.until) == ("CNY", UNTIL)
    assert [(each.bucket, each.observed, each.items) for each in table.rates] == [
        (bucket.label, None, 0) for bucket in IFRS.buckets
    ]
    assert all(each.used == each.policy == policy_rate(IFRS, each.bucket) for each in table.rates)


def test_segments_of_the_policy_always_have_a_row_and_others_where_they_have_a_past() -> None:
    careful = SegmentMatrix(segment="retail", loss_rates={"90+": Decimal("0.4")})
    ageing = IFRS.model_copy(update={"segments": (careful,)})
    flows = [Flow("state", "1-30", 1, Decimal(10), Decimal(0))]
    rates = observed_rates(flows, ageing, "CNY", UNTIL).rates
    assert [each.segment for each in rates] == [""] * 5 + ["retail"] * 5 + ["state"]
    assert row(rates, "90+", "retail").used == Decimal("0.4")
    assert row(rates, "1-30", "state").used == Decimal("0.015686")  # 50 x 1.6 % / 51


def test_rates_go_by_amount_because_small_invoices_are_lost_more_often() -> None:
    """One in ten of the small, one in a hundred of the large: by number the loss would be three points too high."""
    small = [past(100)] * 10 + [past(100, (20, 100))] * 90
    large = [past(10_000)] + [past(10_000, (20, 10_000))] * 99
    rates = observed_rates(flows_of([*small, *large], {}, IFRS, UNTIL), IFRS, "CNY", UNTIL).rates
    by_amount = row(rates, "current").observed
    by_number = Decimal(11) / 200
    owed = Decimal(100 * 100 + 100 * 10_000)
    truly_lost = Decimal(10 * 100 + 10_000)
    assert by_amount is not None
    assert abs(by_amount * owed - truly_lost) < 1
    assert by_number - by_amount > Decimal("0.03")
    assert by_number * owed - truly_lost > Decimal("0.03") * owed


entries = st.lists(st.tuples(st.integers(-20, 700), st.decimals(min_value="0.01", max_value=900, places=2)), max_size=4)
past_items = st.builds(
    lambda amount, paid, given_up: past(amount, *paid, written_off=given_up),
    st.decimals(min_value="0.01", max_value=1000, places=2),
    entries,
    st.none() | st.tuples(st.integers(0, 600), st.decimals(min_value="0.01", max_value=900, places=2)),
)


@given(st.lists(past_items, max_size=6))
def test_a_rate_of_the_past_is_a_share_and_what_flows_on_never_grows(items: list[PastItem]) -> None:
    flows = [flow for flow in flows_of(items, {}, IFRS, UNTIL) if not flow.segment]
    assert all(0 <= flow.lost <= flow.reached for flow in flows)
    amounts = [flow.reached for flow in flows]
    assert amounts == sorted(amounts, reverse=True)
    assert all(
        each.observed is None or (0 <= each.observed <= 1 and 0 <= each.used <= 1)
        for each in observed_rates(flows, IFRS, "CNY", UNTIL).rates
    )
