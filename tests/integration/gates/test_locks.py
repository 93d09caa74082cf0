"""Who works on a case keeps nobody waiting who only refers to it: two who wait for one another would both fail."""

from sqlalchemy import text

from activities.approvals import ApprovalActivities
from store import cases, evidence, nudges
from store.database import Database
from tests.approval_case import CASE, opening
from tests.integration.gates.approvals import LATER, chain, decide


def test_a_delegation_and_a_step_of_the_case_never_wait_for_one_another(
    desk: ApprovalActivities, database: Database
) -> None:
    desk.open_gates(opening("finance"))
    with database.begin() as step:
        cases.get(step, CASE, lock=True)
        with database.begin() as delegating:  # evidence first, then the nudge; a step of the case goes the other way
            delegating.execute(text("SET LOCAL lock_timeout = '2s'"))
            evidence.append(delegating, CASE, "delegation.made", {"delegation": "d"}, at=LATER)
            nudges.put(delegating, [CASE], "delegation.made", LATER)
        decide(database)
        evidence.append(step, CASE, "gate.closed", {"gate": "finance"}, at=LATER)
    assert [len(chain(database, kind)) for kind in ("delegation.made", "decision.accepted", "gate.closed")] == [1, 1, 1]


def test_two_steps_of_a_case_still_come_one_after_the_other(desk: ApprovalActivities, database: Database) -> None:
    free = text("SELECT id FROM cases WHERE id = :case FOR NO KEY UPDATE SKIP LOCKED")
    with database.begin() as step:
        cases.get(step, CASE, lock=True)
        with database.begin() as another:
            assert another.execute(free, {"case": CASE}).all() == []
    with database.begin() as another:
        assert len(another.execute(free, {"case": CASE}).all()) == 1
