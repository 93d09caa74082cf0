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
from models.amounts import ONE, split_points
from models.assessment import assess
from models.clients import BookOfBusiness, Client, ClientFacts, ClientLine
from models.exchange import Quote
from models.exposure import lines_of
from models.handover import SuccessorPlan, Transfer, TransferStatus
from models.inventory import Asset, Inventory
from models.open_items import OWN_SUMS_ONLY, LedgerKey, SourceNote
from models.policy import Weights
from models.reasons import Reason
from models.receivable_audit import AuditFacts, audit
from models.receivables import ReceivableAudit, SingleAssessment, Standing
from models.risk import Domain, DomainScore, DomainStatus
from models.risk_level import Level, level_of
from models.scoring import (
    no_exfiltration_data,
    no_independent_ledger,
    score_access,
    score_clients,
    score_obligations,
    score_receivables,
    unknown,
    unreconciled,
)
from reports.language import language
from store.policies import load_policy
from tests.client_books import ledger_of, owes

TODAY = date(2026, 11, 24)
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
POLICY = load_policy("ifrs")
ROOMS = [
    f"models/{name}.py"
    for name in ("scoring", "scored_money", "assessment", "report_changes", "open_items", "loss_drivers", "commission")
]
ROOT = Path(__file__).parent.parent.parent


def owed(
    *items: tuple[str, str, str, date],
    source: SourceNote | None = None,
    rates: dict[str, str] | None = None,
    bankrupt: tuple[str, ...] = (),
) -> ReceivableAudit:
    """An audit of (client, currency, amount, due date) lines that agrees with the ledger.

    With `rates` it is reported in yuan too, as far as they go. Nothing is expected of the `bankrupt`.
    """
    open_items = [
        owes(amount, past_due=(TODAY - due).days, client=client, currency=currency)
        for client, currency, amount, due in items
    ]
    lines = lines_of(open_items, POLICY.ageing, TODAY)
    reporting = None if rates is None else "CNY"
    facts = AuditFacts(
        quotes=tuple(Quote(currency, "CNY", TODAY, Decimal(rate)) for currency, rate in (rates or {}).items()),
        singly={
            client: SingleAssessment(client=client, standing=Standing.BANKRUPT, loss_rate=ONE, assessed_on=TODAY)
            for client in bankrupt
        },
    )
    ageing = POLICY.ageing.model_copy(update={"reporting_currency": reporting})
    return audit(lines, ledger_of(open_items), facts, ageing, TODAY, source=source)


LATE, NOT_DUE = date(2026, 11, 1), date(2026, 12, 24)


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


def points_in(reasons: tuple[Reason, ...]) -> Decimal:
    return sum((Decimal(reason.params["points"]) for reason in reasons if "points" in reason.params), Decimal(0))


def test_receivables_weigh_lateness_loss_and_concentration_and_the_points_add_up() -> None:
    found = score_receivables(owed(("C1", "USD", "300", LATE), ("C2", "USD", "700", NOT_DUE)), Decimal("69"))
    # overdue share .3, ECL 300 x .016 + 700 x .003 = 6.9, a tenth of the limit, largest client .7
    assert found.score == Decimal("32.0")
    assert [reason.params["points"] for reason in found.reasons] == ["15", "3", "14"]
    assert points_in(found.reasons) == found.score


def test_without_rates_the_worst_currency_is_scored_and_the_others_are_named() -> None:
    found = score_receivables(
        owed(("C1", "USD", "1", NOT_DUE), ("C2", "USD", "1", NOT_DUE), ("C3", "EUR", "9000", LATE)), Decimal("90000")
    )
    assert found.score == Decimal("70.0")
    assert found.reasons[0].params["currency"] == "EUR"
    assert found.reasons[-1].code.startswith("Currencies are not added up here")
    assert found.reasons[-1].params == {"amounts": "2 USD"}


def test_with_every_rate_known_there_is_one_score_of_all_currencies() -> None:
    debts = (("C1", "CNY", "600", NOT_DUE), ("C2", "CNY", "200", NOT_DUE), ("C1", "USD", "100", LATE))
    found = score_receivables(owed(*debts, rates={"USD": "7"}), Decimal("40"))
    # 700 of 1500 overdue; ECL 800 x .003 + 700 x .016 = 13.6 of 40; C1 owes 600 + 700 of 1500
    assert found.score == Decimal("50.9")
    assert [reason.params.get("points") for reason in found.reasons] == ["23.4", "10.2", "17.3", None]
    assert (found.reasons[0].params["overdue"], found.reasons[0].params["total"]) == ("700", "1500")
    assert found.reasons[-1].params == {"currency": "CNY", "amounts": "800 CNY, 100 USD"}
    assert points_in(found.reasons) == found.score


def test_one_client_in_two_currencies_is_one_client_only_by_a_rate() -> None:
    debts = (("C1", "CNY", "700", NOT_DUE), ("C2", "CNY", "700", NOT_DUE), ("C1", "USD", "100", NOT_DUE))
    shares = [
        score_receivables(owed(*debts, rates=rates), Decimal("1")).reasons[2].params["share"]
        for rates in ({"USD": "7"}, {"USD": "14"}, {"USD": "0.0001"})
    ]
    assert shares == ["66.7", "75", "50"]


def test_a_report_in_one_currency_needs_no_words_about_rates() -> None:
    debts = (("C1", "CNY", "300", LATE), ("C2", "CNY", "700", NOT_DUE))
    assert score_receivables(owed(*debts, rates={}), Decimal("69")) == score_receivables(owed(*debts), Decimal("69"))


DOLLARS_AND_A_BANKRUPT = (
    ("C1", "CNY", "900", NOT_DUE),
    ("C2", "CNY", "758", NOT_DUE),
    ("C3", "USD", "26.89", LATE),
)


@pytest.mark.parametrize("rates", [None, {}, {"EUR": "8"}])
def test_a_trifle_without_a_rate_makes_no_level_and_is_named(rates: dict[str, str] | None) -> None:
    found = score_receivables(owed(*DOLLARS_AND_A_BANKRUPT, rates=rates, bankrupt=("C2",)), Decimal("100000"))
    assert found.score == Decimal("11.1")  # ECL 758 + 2.7 of 100,000; C1 owes 900 of 1658
    assert found.reasons[0].params["total"] == "1658"
    assert found.reasons[-1].code.startswith("Too little to be scored")
    assert found.reasons[-1].params == {"least": "10000", "amounts": "26.89 USD"}


def test_a_trifle_with_a_rate_is_part_of_the_whole() -> None:
    found = score_receivables(owed(*DOLLARS_AND_A_BANKRUPT, rates={"USD": "7.1"}, bankrupt=("C2",)), Decimal("100000"))
    assert found.score == Decimal("15.1")  # 190.92 of 1848.92 overdue; C1 owes 900 of it
    assert found.reasons[-1].params["amounts"] == "1658 CNY, 26.89 USD"


@pytest.mark.parametrize(("amount", "scored"), [("10000", True), ("9999.99", False)])
def test_another_currency_is_scored_from_a_tenth_of_the_materiality_on(amount: str, scored: bool) -> None:
    debts = (("C1", "CNY", "1", NOT_DUE), ("C2", "CNY", "1", NOT_DUE), ("C3", "USD", amount, LATE))
    found = score_receivables(owed(*debts), Decimal("100000"))
    assert (found.reasons[0].params["currency"] == "USD") is scored


def test_the_main_currency_is_scored_however_little_it_is() -> None:
    assert score_receivables(owed(("C1", "USD", "26.89", LATE)), Decimal("100000")).score == Decimal("70.0")


def test_what_one_client_is_owed_does_not_hide_what_another_will_not_pay() -> None:
    debts = (("C1", "CNY", "1", NOT_DUE), ("C2", "CNY", "1", NOT_DUE), ("C4", "CNY", "1", NOT_DUE))
    found = score_receivables(
        owed(*debts, ("C3", "USD", "500000", LATE), ("C4", "USD", "-500000", LATE), bankrupt=("C3",)),
        Decimal("100000"),
    )
    assert found.score == Decimal("50.0")  # the whole limit is lost, all of it by C3
    assert found.reasons[1].params["currency"] == "USD"


def test_a_currency_in_which_nothing_is_open_is_not_called_too_little() -> None:
    ledger = {LedgerKey("C1", "USD"): Decimal("50"), LedgerKey("C1", "CNY"): Decimal("5")}
    found = score_receivables(audit([], ledger, AuditFacts(), POLICY.ageing, TODAY), Decimal("1"))
    assert [reason.code.split(":")[0] for reason in found.reasons[3:]] == ["Unreconciled", "Unreconciled"]


yuan = st.tuples(
    st.sampled_from(["C1", "C2", "C3"]),
    st.just("CNY"),
    st.decimals(-900, 9000, places=2).filter(bool).map(str),
    st.sampled_from([LATE, NOT_DUE]),
)


@given(
    st.lists(yuan, min_size=1, max_size=5).filter(lambda debts: sum(Decimal(each[2]) for each in debts) >= 100),
    st.sampled_from(["C1", "C2", "C9"]),
    st.decimals("0.01", 400, places=2),
    st.decimals("0.01", 20, places=2),
    st.booleans(),
)
def test_a_trifle_in_another_currency_never_raises_the_score_by_more_than_its_weight(
    debts: list[tuple[str, str, str, date]], client: str, amount: Decimal, rate: Decimal, lost: bool
) -> None:
    limit = Decimal("5000")
    rates, bankrupt = {"USD": str(rate)}, ("C9",) if lost else ()
    before = score_receivables(owed(*debts, rates=rates, bankrupt=bankrupt), limit)
    after = score_receivables(owed(*debts, (client, "USD", str(amount), LATE), rates=rates, bankrupt=bankrupt), limit)
    assert before.score is not None
    assert after.score is not None
    worth = amount * rate
    weight = worth / (worth + sum(Decimal(each[2]) for each in debts))
    rounding = Decimal("0.11")  # both scores to tenths, and amounts to cents
    assert after.score - before.score <= 70 * weight + 30 * min(ONE, worth / limit) + rounding
    assert points_in(after.reasons) == after.score


def test_nothing_owed_scores_zero_and_a_gap_to_the_ledger_is_named() -> None:
    assert score_receivables(owed(), Decimal("1")).score == 0
    differs = audit([], {LedgerKey("C1", "USD"): Decimal("50")}, AuditFacts(), POLICY.ageing, TODAY)
    assert "Unreconciled" in score_receivables(differs, Decimal("1")).reasons[-1].code


def test_a_gap_to_the_ledger_is_named_in_every_currency() -> None:
    ledger = {LedgerKey("C1", "USD"): Decimal("50"), LedgerKey("C1", "CNY"): Decimal("5")}
    differs = audit([], ledger, AuditFacts(), POLICY.ageing, TODAY)
    assert [reason.params["currency"] for reason in unreconciled(differs)] == ["CNY", "USD"]


def test_a_ledger_that_is_no_book_of_its_own_is_said_to_be_none() -> None:
    debt = ("C1", "USD", "9", LATE)
    own_sums = SourceNote(system="offboard", read_at=NOON, cannot=(OWN_SUMS_ONLY,))
    of_an_erp = SourceNote(
        system="erp", read_at=NOON, cannot=(Reason(code="It does not say which items are disputed."),)
    )
    assert no_independent_ledger(owed(debt, source=own_sums)) == (OWN_SUMS_ONLY,)
    assert no_independent_ledger(owed(debt)) == (OWN_SUMS_ONLY,)
    assert no_independent_ledger(owed(debt, source=of_an_erp)) == ()
    assert no_independent_ledger(owed(source=own_sums)) == ()


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
