"""The fit of a person with a client: the weights of the formula, and the same points pair by pair and all at once."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.fit_matrix import points_of, weights_of
from models.clients import Client
from models.handover import Candidate
from models.people import Employee, EmployeeStatus, Role
from models.successor_fit import as_score, fit, may_take_over, why

LEAVER = Employee(id="E0", name="Leaver", role=Role.SALESPERSON)


def client(**fields: object) -> Client:
    return Client.model_validate(
        {
            "id": "C1",
            "name": "Acme",
            "owner_id": "E0",
            "segment": "retail",
            "tier": 1,
            "region": "East",
            "country": "CN",
            "language": "zh-CN",
            **fields,
        }
    )


def candidate(load: int = 0, capacity: int = 10, **fields: object) -> Candidate:
    person = {"id": "P1", "name": "Peer", "role": "salesperson", "region": "West", "country": "US", "language": "en"}
    known = {key: fields.pop(key) for key in ("segments", "tiers", "earlier_contact") if key in fields}
    return Candidate.model_validate(
        {"employee": Employee.model_validate({**person, **fields}), "load": load, "capacity": capacity, **known}
    )


@pytest.mark.parametrize(
    ("who", "score"),
    [
        (candidate(load=10), "0.0000"),
        (candidate(), "0.2500"),
        (candidate(load=5), "0.1250"),
        (candidate(load=12), "0.0000"),
        (candidate(capacity=0), "0.0000"),
        (candidate(load=10, segments={"retail": 5}), "0.3000"),
        (candidate(load=10, segments={"retail": 50}), "0.3000"),
        (candidate(load=10, segments={"retail": 1}), "0.0600"),
        (candidate(load=10, segments={"banks": 5}), "0.0000"),
        (candidate(load=10, earlier_contact=frozenset({"C1"})), "0.2000"),
        (candidate(load=10, earlier_contact=frozenset({"C2"})), "0.0000"),
        (candidate(load=10, region="East"), "0.0750"),
        (candidate(load=10, country="CN"), "0.0375"),
        (candidate(load=10, language="zh"), "0.0750"),
        (candidate(load=10, tiers={1: 5}), "0.1000"),
        (
            candidate(
                segments={"retail": 9},
                tiers={1: 9},
                earlier_contact=frozenset({"C1"}),
                region="East",
                language="zh-CN",
            ),
            "1.0000",
        ),
    ],
)
def test_each_part_weighs_what_the_formula_says(who: Candidate, score: str) -> None:
    assert as_score(fit(client(), who).points) == Decimal(score)
    assert bool(list(why(client(), who))) is (Decimal(score) > 0)


def test_what_is_unknown_about_a_client_matches_nobody() -> None:
    unknown = client(segment="", region="", country="", language="", tier=0)
    who = candidate(load=10, segments={"": 9}, region="", country="", language="")
    assert fit(unknown, who).points == 0


@pytest.mark.parametrize(
    ("employee", "may"),
    [
        (Employee(id="P1", name="P", role=Role.SALESPERSON), True),
        (Employee(id="P1", name="P", role=Role.SALES_MANAGER, extra_roles=(Role.SALESPERSON,)), True),
        (Employee(id="P1", name="P", role=Role.SALES_MANAGER), False),
        (Employee(id="P1", name="P", role=Role.SALESPERSON, status=EmployeeStatus.LEAVING), False),
        (Employee(id="P1", name="P", role=Role.SALESPERSON, status=EmployeeStatus.LEFT), False),
        (LEAVER, False),
    ],
)
def test_the_hard_rules(employee: Employee, may: bool) -> None:
    assert may_take_over(employee, LEAVER) is may


words = st.sampled_from(["", "a", "b", "zh-CN", "zh"])


@st.composite
def some_clients(draw: st.DrawFn) -> list[Client]:
    rows = draw(st.lists(st.tuples(words, words, words, words, st.integers(0, 3)), max_size=6))
    return [
        client(id=f"C{n}", segment=a, region=b, country=c, language=d, tier=tier)
        for n, (a, b, c, d, tier) in enumerate(rows)
    ]


@st.composite
def some_candidates(draw: st.DrawFn) -> list[Candidate]:
    rows = draw(st.lists(st.tuples(words, words, words, st.integers(0, 9), st.integers(0, 9)), max_size=5))
    return [
        candidate(
            id=f"P{n}",
            region=a,
            country=b,
            language=c,
            load=load,
            capacity=capacity,
            segments=draw(st.dictionaries(words, st.integers(1, 9), max_size=3)),
            tiers=draw(st.dictionaries(st.integers(0, 3), st.integers(1, 9), max_size=3)),
            earlier_contact=draw(st.frozensets(st.sampled_from(["C0", "C1", "C2", "C99"]))),
        )
        for n, (a, b, c, load, capacity) in enumerate(rows)
    ]


@given(some_clients(), some_candidates())
def test_all_at_once_gives_the_points_of_each_pair(clients: list[Client], pool: list[Candidate]) -> None:
    expected = [[fit(one, who).points for who in pool] for one in clients]
    assert points_of(clients, pool).tolist() == expected
    assert all(0 <= points <= 10_000 for row in expected for points in row)


def test_weights_compare_values_within_a_currency_only() -> None:
    values = [("CNY", Decimal(500)), ("CNY", Decimal(1000)), ("USD", Decimal(3)), ("CNY", Decimal(0)), ("", None)]
    assert weights_of(values).tolist() == [500, 1000, 1000, 1, 500]
    assert weights_of([("", None), ("", None)]).tolist() == [1, 1]
    assert weights_of([]).dtype == np.int64
