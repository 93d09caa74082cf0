"""Kill -9 the worker, PostgreSQL and Temporal at every step of a case: it ends the same, nothing twice, nothing lost.

Every crash point has a case of its own; a wave of cases is held at its points and then one server dies under all of
them. The same company lives the same days in another home, where nothing dies.
"""

from collections import Counter

import pytest

from models.case import Phase
from tests.chaos.outcome import Outcome, comparable
from tests.chaos.play import Play
from tests.chaos.points import DATABASE, EVERYBODY, INSIDE, STEPS, WORKER
from tests.chaos.stage import Crash
from tests.chaos.teams import CLIENTS_OF_A_LEAVER, case_of, leaver

pytestmark = pytest.mark.chaos

# How often these happen depends on who answers when, and on a branch that came late because its worker was killed.
ON_THE_WAY = ("decision.", "gate.", "report.")
RIGHTS = 7


def settled(kinds: Counter[str]) -> Counter[str]:
    """Evidence of what was done to the company."""
    return Counter({kind: number for kind, number in kinds.items() if not kind.startswith(ON_THE_WAY)})


def named(crashes: list[Crash]) -> list[str]:
    """What a failing test prints."""
    return [f"{case_of(one.team)} {one.name}" for one in crashes]


async def test_every_step_of_a_case_has_its_points(twin: Play) -> None:
    called = {kind for case in twin.cases.values() for kind in case.calls}
    assert called == {activity for activity, _ in STEPS}, (
        "a step of the case has no crash point, or the other way round"
    )


async def test_every_point_fired_and_everything_that_died_came_back(chaos: Play) -> None:
    assert chaos.stage.not_reached(EVERYBODY) == []
    assert len(EVERYBODY) == 4 * len(STEPS) + len(INSIDE)
    assert chaos.reborn == ["worker", "postgres", "temporal"]


async def test_what_was_interrupted_ran_again(chaos: Play) -> None:
    # A result that waits for Temporal to come back is reported by the same attempt, so the third wave proves itself by
    # its ends only.
    once = [one for one in (*WORKER.crashes, *DATABASE.crashes) if chaos.cases[one.team].attempts[one.activity] < 2]
    assert named(once) == []


async def test_every_case_closes(chaos: Play, twin: Play) -> None:
    for performed in (chaos, twin):
        ends = {team: (case.phase, case.finished) for team, case in performed.cases.items()}
        assert ends == {one.team: (Phase.CLOSED, True) for one in EVERYBODY}


def ended(versions: int, *voted_on: int, verdict: str = "approved") -> Outcome:
    """A closed case of so many reports whose gate was voted on in these."""
    votes = [{"by": "M1", "verdict": verdict, "version": version} for version in voted_on]
    gate = {"gate": "hr", "votes": votes, "carried_over_from": voted_on[-1]}
    return Outcome(Phase.CLOSED, {"approvals": [gate], "total": 3}, Counter(), True, versions=versions)


@pytest.mark.parametrize(
    ("mine", "other", "same"),
    [
        (ended(3, 2), ended(2, 1), True),  # one version more by a late branch, and the votes after it
        (ended(3, 1), ended(2, 1), True),
        (ended(3, 2), ended(3, 1), False),  # as many versions, and another one was voted on
        (ended(3, 2, verdict="declined"), ended(2, 1), False),
        (ended(3, 2, 2), ended(2, 1), False),
    ],
)
def test_a_late_branch_and_nothing_else_changes_the_version_that_is_voted_on(
    mine: Outcome, other: Outcome, same: bool
) -> None:
    for first, second in (comparable(mine, other), comparable(other, mine)):
        assert (first == second) is same


@pytest.mark.parametrize("part", ["clients", "receivables", "access", "inventory", "approvals", "domains"])
async def test_the_last_report_says_the_same(chaos: Play, twin: Play, part: str) -> None:
    for one in EVERYBODY:
        mine, other = comparable(chaos.cases[one.team], twin.cases[one.team])
        assert mine[part] == other[part], one.name


async def test_the_whole_last_report_is_the_same(chaos: Play, twin: Play) -> None:
    reports = {one: comparable(chaos.cases[one.team], twin.cases[one.team]) for one in EVERYBODY}
    different = {
        f"{case_of(one.team)} {one.name}: {part}": (mine.get(part), other.get(part))
        for one, (mine, other) in reports.items()
        for part in mine.keys() | other.keys()
        if mine.get(part) != other.get(part)
    }
    assert different == {}
    assert all(case.report["provisional"] is False and case.report["unknowns"] == [] for case in chaos.cases.values())


@pytest.mark.parametrize("book", ["employees", "clients", "deals", "items", "rights", "tasks"])
async def test_the_company_is_left_as_the_twin_is(chaos: Play, twin: Play, book: str) -> None:
    assert chaos.books[book] == twin.books[book]
    assert chaos.books[book]


async def test_every_client_changes_hands_once_and_is_never_without_owner(chaos: Play, twin: Play) -> None:
    # Reading the ledger has checked that terms touch end to end.
    assert chaos.ownership == twin.ownership
    moved = {client: terms for client, terms in chaos.ownership.items() if terms[0][0].startswith("L")}
    assert len(moved) >= len(EVERYBODY) * CLIENTS_OF_A_LEAVER
    by_case = Counter(terms[-1][2] for terms in moved.values() if len(terms) == 2)
    assert by_case == {case_of(one.team): CLIENTS_OF_A_LEAVER for one in EVERYBODY}


async def test_every_right_is_taken_once(chaos: Play) -> None:
    assert {team: case.evidence["access.lock"] for team, case in chaos.cases.items()} == {
        one.team: RIGHTS for one in EVERYBODY
    }
    again = {team: case.evidence["access.lock_again"] for team, case in chaos.cases.items()}
    assert not any(again.values()), again
    states = Counter(state for right, state in chaos.books["rights"] if right.startswith(leaver(1)[0]))
    assert states["suspended"] == RIGHTS * len(EVERYBODY)


async def test_effects_and_evidence_are_those_of_the_twin(chaos: Play, twin: Play) -> None:
    for one in EVERYBODY:
        mine, other = chaos.cases[one.team], twin.cases[one.team]
        assert settled(mine.evidence) == settled(other.evidence), one.name
        assert mine.chain_holds, one.name
        assert mine.evidence["report.made"] == mine.versions, one.name


async def test_a_case_without_a_late_branch_makes_the_same_calls(chaos: Play, twin: Play) -> None:
    # Two decisions that come together are written down by one call, so their number says nothing.
    same = 0
    for one in EVERYBODY:
        mine, other = chaos.cases[one.team], twin.cases[one.team]
        if mine.versions == other.versions:
            same += 1
            assert {**mine.calls, "record_decisions": 0} == {**other.calls, "record_decisions": 0}, one.name
    assert same >= len(EVERYBODY) // 2


async def test_every_letter_leaves_once(chaos: Play) -> None:
    due, left_behind = chaos.letters_due
    assert (len(chaos.letters), left_behind) == (due, 0)
    twice = {key: number for key, number in chaos.letters.items() if number > 1}
    assert twice == {}


async def test_no_workflow_task_fails(chaos: Play, twin: Play) -> None:
    for performed in (chaos, twin):
        assert {team: case.troubles for team, case in performed.cases.items() if case.troubles} == {}


async def test_nobody_is_told_that_their_decision_was_not_kept(chaos: Play) -> None:
    assert set(chaos.stage.answers.values()) <= {"counted", "stored", "report_changed"}, chaos.stage.answers
