"""Domain scores by hand-made figures, and what the total must always keep."""

import ast
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.access import AccessRecord, AccessState, AccessStep, Grade, ResultClass
from models.amounts import split_points
from models.assessment import assess
from models.clients import BookOfBusiness, Client, ClientFacts, ClientLine
from models.handover import SuccessorPlan, Transfer, TransferStatus
from models.inventory import Asset, Inventory
from models.policy import Weights
from models.reasons import Reason
from models.risk import Domain, DomainScore, DomainStatus
from models.risk_level import Level, level_of
from models.scoring import (
    no_exfiltration_data,
    score_access,
    score_clients,
    score_obligations,
    unknown,
)
from reports.language import language
from store.policies import load_policy
from tests.score_points import points_in

TODAY = date(2026, 11, 24)
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
POLICY = load_policy("ifrs")
ROOMS = [
    f"models/{name}.py"
    for name in ("scoring", "scored_money", "assessment", "report_changes", "open_items", "loss_drivers", "commission")
]
ROOT = Path(__file__).parent.parent.parent


def book(*clients: tuple[str, str | None, bool], currency: str = "USD") -> BookOfBusiness:
    """A book of (client, annual value, at risk) lines."""
    lines = tuple(
        ClientLine(
            facts=ClientFacts(
                client=Client(
                    id=name,
                    name=name,
                    owner_id="E1",
                    annual_value=None if value is None else Decimal(value),
                    currency=currency,
                ),
                contacts=1,
                last_touch=None,
                touches_known=False,
                open_opportunities=0,
                open_value=Decimal(0),
                orders=0,
                ordered_value=Decimal(0),
            ),
            at_risk=at_risk,
            reasons=(),
        )
        for name, value, at_risk in clients
    )
    return BookOfBusiness(
        as_of=TODAY,
        clients=lines,
        open_opportunities=(),
        won=0,
        lost=0,
        won_value=Decimal(0),
        won_currency="",
        gaps=(Reason(code="No contact log is fed: clients that nobody has touched cannot be found."),),
    )


def plan(**successors: str | None) -> SuccessorPlan:
    """A proposal by client; None waits for the manager."""
    transfers = tuple(
        Transfer(
            kind="client",
            id=client,
            client_id=client,
            successor=successor,
            status=TransferStatus.PENDING if successor else TransferStatus.WAITING_MANAGER,
        )
        for client, successor in successors.items()
    )
    return SuccessorPlan(transfers=transfers, interim_owner="E9", total_fit=Decimal(1))


def step(right: str, grade: Grade, result: ResultClass) -> AccessStep:
    return AccessStep(
        grade=grade,
        target=right,
        entitlement_id=right,
        before=AccessState.ACTIVE,
        after=AccessState.SUSPENDED,
        result=result,
        at=NOON,
    )


def test_clients_are_weighed_by_value_when_every_value_is_known() -> None:
    known = book(("C1", "900", True), ("C2", "100", False))
    assert score_clients(known, plan(C1="E2", C2="E2")).score == Decimal("90.0")


@pytest.mark.parametrize(
    "unweighable", [book(("C1", None, True), ("C2", "100", False)), book(("C1", "0", True), ("C2", "0", False))]
)
def test_clients_are_counted_when_values_say_nothing(unweighable: BookOfBusiness) -> None:
    assert score_clients(unweighable, plan(C1="E2", C2="E2")).score == Decimal("50.0")


def test_a_client_without_a_successor_is_at_risk() -> None:
    found = score_clients(book(("C1", "900", False), ("C2", "100", False)), plan(C1="E2", C2=None))
    assert (found.status, found.score) == (DomainStatus.ASSESSED, Decimal("10.0"))


def test_without_a_proposal_clients_are_unknown_and_no_better_than_what_is_seen() -> None:
    seen = book(("C1", "900", True), ("C2", "100", False))
    assert score_clients(seen, None).status is DomainStatus.UNKNOWN
    assert score_clients(seen, None).score == Decimal("90.0")
    assert score_clients(book(("C1", "1", False)), None, Decimal("60")).score == Decimal("60.0")


def test_gaps_of_the_book_stand_with_the_score() -> None:
    assert "No contact log is fed" in score_clients(book(("C1", "1", False)), plan(C1="E2")).reasons[-1].code


def test_access_counts_only_what_was_read_back_and_weighs_by_grade() -> None:
    record = AccessRecord(
        steps=(
            step("export", Grade.EXPORT, ResultClass.FAILED),
            step("export", Grade.EXPORT, ResultClass.OBSERVED),  # the second try of the same right
            step("api", Grade.EXPORT, ResultClass.OBSERVED),
            step("account", Grade.ACCOUNT, ResultClass.ACKNOWLEDGED),
        ),
        remaining=0,
        total=3,
    )
    found = score_access(record)
    assert found.score == Decimal("9.1")  # weight 1 of 5 + 5 + 1
    assert found.reasons[0].params == {"locked": "2", "due": "3"}


def test_no_right_on_record_is_no_data_and_none_due_is_no_risk() -> None:
    assert score_access(AccessRecord(remaining=0, total=0)).status is DomainStatus.NO_DATA
    assert score_access(AccessRecord(remaining=3, total=3)).score == 0


def test_obligations_count_half_until_the_last_day_is_over() -> None:
    things = tuple(Asset(id=str(each), employee_id="E1", kind="laptop", returned=each == 0) for each in range(2))
    left = Inventory(assets=things, duties={"direct_reports": 2})
    assert score_obligations(left, overdue=True).score == Decimal("75.0")
    assert score_obligations(left, overdue=False).score == Decimal("37.5")
    assert score_obligations(Inventory(assets=()), overdue=True).status is DomainStatus.NO_DATA


def scores(**by_domain: str | None) -> list[DomainScore]:
    """Assessed domains; None is a domain without data."""
    return [
        DomainScore(
            domain=Domain(name),
            status=DomainStatus.NO_DATA if score is None else DomainStatus.ASSESSED,
            score=None if score is None else Decimal(score),
        )
        for name, score in by_domain.items()
    ]


def test_the_weight_of_a_domain_without_data_goes_to_the_others() -> None:
    found = assess(
        [*scores(receivables="40", clients="20", access="0", obligations="0"), no_exfiltration_data()], POLICY.weights
    )
    assert found.score == Decimal("24.0")  # .4 x 40 + .4 x 20
    assert found.reasons[0].params == {"points": "16", "score": "40", "weight": "40"}
    assert not found.provisional


@pytest.mark.parametrize(
    ("worst", "score", "level"),
    [
        ("66.4", "13.3", Level.LOW),
        ("67", "67.0", Level.HIGH),
        ("84.4", "67.0", Level.HIGH),
        ("85", "85.0", Level.CRITICAL),
        ("100", "85.0", Level.CRITICAL),
    ],
)
def test_one_bad_domain_cannot_be_averaged_away(worst: str, score: str, level: Level) -> None:
    weights = Weights.model_validate(dict.fromkeys(Domain, Decimal("0.2")))
    calm = scores(receivables="0", clients="0", data_exfiltration="0", access="0", obligations=worst)
    found = assess(calm, weights)
    assert (found.score, found.level) == (Decimal(score), level)
    assert points_in(found.reasons) == found.score


def test_a_stand_in_for_an_unknown_domain_never_lifts_the_total() -> None:
    found = assess([*scores(clients="0"), unknown(Domain.RECEIVABLES, Decimal("90"))], POLICY.weights)
    assert (found.score, found.provisional, found.unknowns) == (Decimal("45.0"), True, (Domain.RECEIVABLES,))


def test_nothing_to_go_by_is_fifty_and_provisional() -> None:
    found = assess([no_exfiltration_data()], POLICY.weights)
    assert (found.score, found.provisional) == (Decimal("50.0"), True)


any_score = st.decimals(min_value=0, max_value=100, places=2)
shares = st.lists(st.integers(0, 20), min_size=5, max_size=5).filter(any)


@st.composite
def weightings(draw: st.DrawFn) -> Weights:
    parts = [Decimal(part) for part in draw(shares)]
    exact = [(part / sum(parts)).quantize(Decimal("0.001")) for part in parts]
    largest = exact.index(max(exact))
    exact[largest] += 1 - sum(exact)
    return Weights.model_validate(dict(zip(Domain, exact, strict=True)))


@st.composite
def domain_scores(draw: st.DrawFn) -> list[DomainScore]:
    statuses = draw(st.lists(st.sampled_from(DomainStatus), min_size=5, max_size=5))
    return [
        DomainScore(domain=domain, status=status, score=None if status is DomainStatus.NO_DATA else draw(any_score))
        for domain, status in zip(Domain, statuses, strict=True)
    ]


@given(domain_scores(), weightings())
def test_the_total_lies_between_its_domains_unless_lifted_and_the_points_explain_it(
    domains: list[DomainScore], weights: Weights
) -> None:
    found = assess(domains, weights)
    counted = [
        each.score for each in found.domains if each.score is not None and getattr(weights, each.domain.value) > 0
    ]
    assert 0 <= found.score <= 100
    assert found.level is level_of(found.score)
    assert found.provisional == bool(found.unknowns) or not counted
    if counted:
        assert points_in(found.reasons) == found.score
        assert found.score >= min(counted)
        assert found.score <= max(counted) or found.score in (67, 85)


@given(domain_scores(), weightings(), st.sampled_from(Domain), any_score)
def test_an_unknown_domain_never_lowers_the_total_below_what_fifty_would_give(
    domains: list[DomainScore], weights: Weights, domain: Domain, last_known: Decimal
) -> None:
    others = [each for each in domains if each.domain is not domain]
    middling = DomainScore(domain=domain, status=DomainStatus.ASSESSED, score=Decimal(50))
    fifty = assess([*others, middling], weights).score
    assert assess([*others, unknown(domain, last_known)], weights).score >= fifty
    assert assess([*others, unknown(domain)], weights).score == fifty


@given(st.lists(any_score, min_size=1, max_size=6))
def test_rounded_points_always_add_up(parts: list[Decimal]) -> None:
    total = sum(parts, Decimal(0)).quantize(Decimal("0.1"))
    points = split_points(parts, total)
    assert sum(points) == total
    assert all(abs(point - part) <= Decimal("0.1") for point, part in zip(points, parts, strict=True))


def sentences() -> set[str]:
    """Every sentence that these modules can give as a reason."""
    found = set()
    for room in ROOMS:
        tree = ast.parse((ROOT / room).read_text(encoding="utf-8"))
        documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
                found |= {node.value} if " " in node.value and node.value.endswith(".") else set()
    return found


def test_every_reason_is_written_in_chinese_with_the_same_figures() -> None:
    assert len(sentences()) > 35
    for sentence in sorted(sentences()):
        chinese = language("zh-CN").words.gettext(sentence)
        assert chinese != sentence
        assert set(re.findall(r"{\w+}", chinese)) == set(re.findall(r"{\w+}", sentence)), sentence
