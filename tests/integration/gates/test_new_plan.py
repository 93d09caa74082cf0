"""The answer to a plan that was sent back: another proposal, without those who are to receive nothing."""

from temporalio.testing import ActivityEnvironment

from models.case import BranchRequest
from models.handover import SuccessorSummary
from store import evidence
from store.database import Database
from tests.company import AS_OF, Company
from tests.handover_desk import Desk


def test_a_new_plan_leaves_out_whom_it_was_asked_to_and_names_who_asked(database: Database) -> None:
    desk = Desk(Company.build(database, clients=6))
    before = desk.propose()
    left_out = desk.plan(before.digest).transfers[0].successor
    assert left_out in before.successors
    asked = BranchRequest(
        case_id=desk.case,
        employee_id=desk.leaver,
        as_of=AS_OF,
        exclude=(left_out,),
        renewed=True,
        requested_by="H1",
    )
    made: list[SuccessorSummary] = [ActivityEnvironment().run(desk.hands.propose_successors, asked) for _ in range(2)]
    assert made[0] == made[1]
    assert left_out not in made[0].successors
    assert made[0].clients == before.clients, "nothing is left without a place in the plan"
    with database.begin() as connection:
        [entry] = [each for each in evidence.read(connection, desk.case) if each.kind == "plan.renewed"]
    assert (entry.actor, entry.body["excluded"]) == ("H1", [left_out])
