"""Late and silent branches: what is unknown, what has changed, and whether approvals still stand."""

from decimal import Decimal

import pytest

from models.approvals import GateOutcome, Ladder, Seat, Verdict, Vote
from models.case import Branch
from models.policy import Material
from models.report import CaseReport
from models.report_changes import is_material
from models.risk_level import Level
from store import gates
from store.gates import GateRow
from tests.integration.assessment.stored_case import CASE, NOON, Case, money, proposal

VOTE = Vote(decision_id="d", principal="M1", by="M1", verdict=Verdict.APPROVED, at=NOON, round=1)


def round_about(asked: CaseReport) -> GateRow:
    return GateRow(
        case_id=CASE,
        gate="finance",
        round=1,
        approvers=("M1",),
        seats=(Seat(principal="M1"),),
        ladder=Ladder.APPROVER,
        due_at=NOON,
        report_version=asked.version,
        report_digest=asked.digest,
        opened_at=NOON,
    )


def test_a_late_branch_is_unknown_and_never_zero(assessed: Case) -> None:
    assessed.results[Branch.RECEIVABLES] = None
    ref = assessed.merge()
    report = assessed.report()
    assert (ref.provisional, ref.unknowns) == (True, ("receivables",))
    assert report.receivables is None
    assert next(each for each in report.domains if each.domain == "receivables").score == 50
    assert "Receivables could not be read" in report.gaps[0].code


def test_nothing_known_is_fifty_and_provisional(case: Case) -> None:
    ref = case.merge()
    assert (ref.score, ref.level, ref.provisional) == (Decimal("50.0"), Level.MEDIUM, True)
    assert ref.unknowns == ("receivables", "clients", "access", "obligations")


def test_a_late_result_makes_the_next_version_with_the_difference(assessed: Case) -> None:
    late = assessed.results[Branch.RECEIVABLES]
    assessed.results[Branch.RECEIVABLES] = None
    assessed.merge()
    assessed.results[Branch.RECEIVABLES] = late
    ref = assessed.merge()
    assert (ref.version, ref.material, ref.provisional) == (2, True, False)
    assert assessed.changes() == ["The score went from 31.3 to 22.9.", "Now known: receivables."]


def test_a_branch_that_falls_silent_keeps_its_last_known_score_when_that_is_worse(assessed: Case) -> None:
    assessed.has(Branch.RECEIVABLES, money("300", "0"))
    assessed.merge()
    assert assessed.report().level is Level.HIGH
    assessed.results[Branch.RECEIVABLES] = None
    assert assessed.merge().material
    receivables = assessed.report().domains[0]
    assert (receivables.status, receivables.score) == ("unknown", Decimal("70.0"))


@pytest.mark.parametrize(
    ("before", "after", "material"),
    [("300", "300", False), ("300", "330", False), ("300", "331", True), ("300", "200", True), ("0", "1", True)],
)
def test_money_is_material_beyond_the_limit_of_the_policy(
    assessed: Case, before: str, after: str, material: bool
) -> None:
    assessed.has(Branch.RECEIVABLES, money(before, "9000")).merge()
    assert assessed.has(Branch.RECEIVABLES, money(after, "9000")).merge().material is material


@pytest.mark.parametrize(("points", "material"), [("9.9", False), ("10", False), ("10.1", True)])
def test_a_total_that_moved_by_more_points_than_the_policy_allows_is_material(
    assessed: Case, points: str, material: bool
) -> None:
    assessed.merge()
    before = assessed.report()
    after = before.model_copy(update={"score": before.score + Decimal(points)})
    assert is_material(before, after, Material()) is material
    assert not is_material(before, after, Material(score=Decimal(11)))


def test_another_successor_is_material_and_a_transfer_carried_out_is_not(assessed: Case) -> None:
    assessed.merge()
    assert assessed.has(Branch.SUCCESSORS, proposal(c1="E3")).merge().material
    assert assessed.changes() == ["Transfers with another successor than before: 1."]
    assert not assessed.has(Branch.SUCCESSORS, proposal(c1="E3", done=True)).merge().material
    assert assessed.changes() == ["Transfers carried out since then: 3."]


def test_material_is_judged_the_same_when_a_merge_is_asked_for_again(assessed: Case) -> None:
    assessed.merge(key="first")
    assessed.merge(key="second")
    assert assessed.merge(key="first").material
    assert not assessed.merge(key="second").material


def test_small_changes_add_up_against_the_version_that_people_were_asked_about(assessed: Case) -> None:
    assessed.has(Branch.RECEIVABLES, money("300", "9000")).merge()
    asked = assessed.report().version
    steps = [assessed.has(Branch.RECEIVABLES, money(each, "9000")).merge(asked=asked) for each in ("320", "340")]
    assert [step.material for step in steps] == [False, True]


def test_a_report_says_that_an_approval_stands_only_where_the_case_lets_it_stand(assessed: Case) -> None:
    assessed.has(Branch.RECEIVABLES, money("300", "9000")).merge()
    asked = assessed.report()
    approved = GateOutcome(
        gate="finance", verdict=Verdict.APPROVED, by="M1", at=NOON, report_version=asked.version, votes=(VOTE,)
    )
    with assessed.database.begin() as connection:
        gates.open_round(connection, round_about(asked))
    stands = []
    for overdue in ("320", "340"):  # each step is small, both together are not
        step = assessed.has(Branch.RECEIVABLES, money(overdue, "9000")).merge(approved, asked=asked.version)
        [finance] = [each for each in assessed.report().approvals if each.gate == "finance"]
        stands.append((step.material, finance.carried_over_from))
    assert stands == [(False, asked.version), (True, None)]
