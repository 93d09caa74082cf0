"""Planning on made-up companies: nobody over capacity, nobody who leaves, nothing dropped, the best total."""

import itertools
import random
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activities import assignment
from activities.assignment import NOBODY, assign
from activities.fit_matrix import points_of
from activities.successor_planning import propose
from models.clients import Client, ClientFacts, Opportunity, OpportunityStatus
from models.handover import Candidate, SuccessorPlan, TransferStatus
from models.people import Employee, EmployeeStatus, Role
from systems.clients.port import OwnedClient

LEAVER = Employee(id="E0", name="Leaver", role=Role.SALESPERSON, manager_id="M1", region="East")


def facts(key: str, value: int | None = 1, segment: str = "s1", owner: str = "E0") -> ClientFacts:
    return ClientFacts(
        client=Client(
            id=key,
            name=key,
            owner_id=owner,
            segment=segment,
            annual_value=None if value is None else Decimal(value),
            currency="CNY",
        ),
        contacts=None,
        last_touch=None,
        touches_known=False,
        open_opportunities=0,
        open_value=Decimal(0),
        orders=0,
        ordered_value=Decimal(0),
    )


def person(
    key: str,
    free: int = 5,
    segments: dict[str, int] | None = None,
    status: EmployeeStatus = EmployeeStatus.ACTIVE,
    manager: str = "M1",
) -> Candidate:
    employee = Employee(id=key, name=key, role=Role.SALESPERSON, status=status, manager_id=manager, region="East")
    return Candidate(employee=employee, load=0, capacity=free, segments=segments or {})


def deal(key: str, client: str | None = None, amount: int | None = 1) -> Opportunity:
    return Opportunity(
        id=key,
        client_id=client,
        owner_id="E0",
        status=OpportunityStatus.OPEN,
        amount=None if amount is None else Decimal(amount),
        currency="CNY",
    )


def owned(client: str, owner: str, active: bool) -> OwnedClient:
    return OwnedClient(client=Client(id=client, name=client, owner_id=owner), owner_active=active)


OTHERS = {"X1": owned("X1", "B1", active=True), "X2": owned("X2", "B2", active=False)}
segments = st.sampled_from(["s1", "s2", "s3"])
books = st.lists(st.tuples(st.one_of(st.none(), st.integers(0, 1000)), segments), max_size=8).map(
    lambda rows: [facts(f"C{n}", value, segment) for n, (value, segment) in enumerate(rows)]
)
pools = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.dictionaries(segments, st.integers(1, 6), max_size=3),
        st.sampled_from(EmployeeStatus),
        st.sampled_from(["M1", "M2"]),
    ),
    max_size=6,
).map(lambda rows: [person("E0"), *(person(f"P{n}", *row) for n, row in enumerate(rows))])
deals = st.lists(st.sampled_from([None, "C0", "C1", "X1", "X2"]), max_size=9)


def plan_of(book: list[ClientFacts], pool: list[Candidate], wanted: list[str | None]) -> SuccessorPlan:
    own = {one.client.id for one in book}
    open_deals = [
        deal(f"O{n}", client) for n, client in enumerate(wanted) if client is None or client in own or client in OTHERS
    ]
    return propose(LEAVER, book, open_deals, OTHERS, pool, "M1")


@settings(max_examples=150, deadline=None)
@given(books, pools, deals)
def test_the_rules_hold_for_any_company(
    book: list[ClientFacts], pool: list[Candidate], wanted: list[str | None]
) -> None:
    plan = plan_of(book, pool, wanted)
    clients = [one for one in plan.transfers if one.kind == "client"]
    deals_moved = [one for one in plan.transfers if one.kind == "opportunity"]
    able = {one.employee.id: one for one in pool if one.employee.status == "active" and one.employee.id != "E0"}

    assert [one.id for one in clients] == sorted(one.client.id for one in book), "each client exactly once"
    assert len({one.id for one in deals_moved}) == len(deals_moved)
    for one in plan.transfers:
        assert (one.successor is None) == (one.status is TransferStatus.WAITING_MANAGER)
        assert one.successor is None or one.successor in able or one.client_id == "X1"
        assert one.runner_up is None or (one.runner_up in able and one.runner_up != one.successor)
        assert one.reasons, "every line says why"
    for key, candidate in able.items():
        assert sum(one.successor == key for one in clients) <= candidate.free
    room = sum(one.free for one in able.values())
    assert sum(one.successor is not None for one in clients) == min(len(clients), room), "room is never wasted"
    assert all(one.successor for one in deals_moved if able and one.client_id not in {c.id for c in clients})
    assert 0 <= plan.total_fit <= 1


@settings(max_examples=60, deadline=None)
@given(books, pools, deals, st.randoms(use_true_random=False))
def test_the_order_of_the_input_makes_no_difference(
    book: list[ClientFacts], pool: list[Candidate], wanted: list[str | None], shuffled: random.Random
) -> None:
    open_deals = [deal(f"O{n}", client) for n, client in enumerate(wanted) if client is None or client in OTHERS]
    first = propose(LEAVER, book, open_deals, OTHERS, pool, "M1")
    for items in (book, pool, open_deals):
        shuffled.shuffle(items)
    assert propose(LEAVER, book, open_deals, OTHERS, pool, "M1") == first


@settings(max_examples=80, deadline=None)
@given(
    st.integers(1, 5).flatmap(
        lambda rows: st.integers(1, 3).flatmap(
            lambda columns: st.tuples(
                st.lists(
                    st.lists(st.integers(0, 10_000), min_size=columns, max_size=columns), min_size=rows, max_size=rows
                ),
                st.lists(st.integers(1, 100), min_size=rows, max_size=rows),
                st.lists(st.integers(0, 3), min_size=columns, max_size=columns),
            )
        )
    )
)
def test_no_other_assignment_is_better(case: tuple[list[list[int]], list[int], list[int]]) -> None:
    points, weights, room = (np.array(part, dtype=np.int64) for part in case)

    def worth(choice: tuple[int, ...]) -> tuple[int, int]:
        placed = [(row, column) for row, column in enumerate(choice) if column != NOBODY]
        # Somebody unassigned weighs on the total by the value of the client: the small ones wait.
        lost = sum(int(weights[row]) * 20_000 for row, column in enumerate(choice) if column == NOBODY)
        return len(placed), sum(int(weights[r] * points[r, c] - weights[r] * 10_000) for r, c in placed) - lost

    every = itertools.product([NOBODY, *range(len(room))], repeat=len(weights))
    feasible = [one for one in every if all(one.count(column) <= room[column] for column in range(len(room)))]
    found = tuple(int(column) for column in assign(points, weights, room))
    assert found in feasible
    assert worth(found) == max(worth(one) for one in feasible)


def test_equal_candidates_are_taken_by_id() -> None:
    plan = propose(LEAVER, [facts("C1")], [], {}, [person("P3"), person("P2"), person("P9")], "M1")
    assert (plan.transfers[0].successor, plan.transfers[0].runner_up) == ("P2", "P3")


def test_the_valuable_client_gets_the_last_place_and_the_other_waits_for_the_manager() -> None:
    plan = propose(LEAVER, [facts("C1", 10), facts("C2", 900)], [], {}, [person("P1", free=1)], "M7")
    assert [one.successor for one in plan.transfers] == [None, "P1"]
    assert plan.transfers[0].status is TransferStatus.WAITING_MANAGER
    assert plan.interim_owner == "M7"


def test_a_deal_goes_with_its_client_or_to_its_owner_or_to_the_team() -> None:
    pool = [person("P1"), person("P2"), person("Z1", free=50, manager="M2")]
    open_deals = [deal("O1", "C1"), deal("O2", "X1"), deal("O3", "X2"), deal("O4"), deal("O5")]
    plan = propose(LEAVER, [facts("C1")], open_deals, OTHERS, pool, "M1")
    taken = {one.id: one.successor for one in plan.transfers}
    assert taken["O1"] == taken["C1"]
    assert taken["O2"] == "B1"
    assert taken["O3"] in {"P1", "P2", "Z1"}
    assert {taken["O4"], taken["O5"]} == {"P1", "P2"}, "shared out evenly, within the team"


@pytest.mark.parametrize("number", [1, 7, 100])
def test_deals_without_a_client_are_spread_evenly_even_when_everybody_is_full(number: int) -> None:
    pool = [person(f"P{n}", free=0) for n in range(8)]
    plan = propose(LEAVER, [], [deal(f"O{n:03d}", amount=n) for n in range(number)], {}, pool, "M1")
    shares = [sum(one.successor == who.employee.id for one in plan.transfers) for who in pool]
    assert sum(shares) == number
    assert max(shares) <= -(-number // 8)


def test_a_very_large_book_is_planned_in_rounds_and_nobody_waits_while_there_is_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(assignment, "DENSE", 120)
    numbers = np.random.default_rng(7)
    points, weights = numbers.integers(0, 10_001, (60, 12)), numbers.integers(1, 101, 60)
    room = np.full(12, 5, dtype=np.int64)
    chosen = assign(points, weights, room)
    assert np.bincount(chosen, minlength=12).tolist() == [5] * 12


def test_ten_thousand_clients_are_all_planned_within_capacity() -> None:
    numbers = random.Random(3)
    book = [facts(f"C{n:05d}", numbers.randint(1, 10**6), f"s{numbers.randint(1, 20)}") for n in range(10_000)]
    pool = [person(f"P{n:03d}", 51, {f"s{numbers.randint(1, 20)}": 5}) for n in range(200)]
    plan = propose(LEAVER, book, [], {}, pool, "M1")
    loads = [sum(one.successor == who.employee.id for one in plan.transfers) for who in pool]
    assert (sum(loads), max(loads)) == (10_000, 51)
    assert points_of([], pool).shape == (0, 200)
