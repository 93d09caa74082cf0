"""The answer to a plan that was sent back: another proposal, without those who are to receive nothing."""

from temporalio.testing import ActivityEnvironment

from activities.approvals import ApprovalActivities
from models.approvals import Decision, Refusal, Verdict
from models.case import BranchRequest
from models.handover import SuccessorSummary
from models.judging import judge
from services.inbox import inbox
from store import cases, evidence, gates, reports, standing
from store.database import Database
from tests.approval_case import CASE, opening, report
from tests.company import AS_OF, Company
from tests.handover_desk import Desk
from tests.integration.gates.approvals import LATER, decide, outcome, recorded

WHO = {"finance": "F1", "hr": "H1"}


def refusal_now(database: Database, gate: str) -> Refusal | None:
    """Why the answer of whoever is asked at a gate would not count now, by its newest round."""
    with database.begin() as connection:
        row = gates.current(connection, CASE, gate)
        assert row is not None
        case = cases.get(connection, CASE)
        facts = standing.standing_of(connection, case, gate, row, at=LATER)
    answer = Decision(
        decision_id="d",
        gate=gate,
        verdict=Verdict.APPROVED,
        by=WHO[gate],
        accepted_at=LATER,
        report_digest=row.report_digest,
        round=row.round,
    )
    return judge(answer, facts)


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


def test_who_sent_a_plan_back_and_comes_later_does_not_keep_the_others_from_the_new_one(
    desk: ApprovalActivities, database: Database
) -> None:
    """Where one gate comes after another, the later one is asked again only when the first has approved."""
    desk.open_gates(opening("finance", "hr"))
    said = decide(database, "hr", "H1", Verdict.SENT_BACK, note="who takes C1?")
    ended = outcome("hr", Verdict.SENT_BACK, "H1", report_digest=report(1).digest, report_version=1)
    desk.record_decisions(recorded(said.message(), outcomes=(ended,)))
    assert {gate: refusal_now(database, gate) for gate in WHO} == dict.fromkeys(WHO, Refusal.PLAN_SENT_BACK)
    desk.open_gates(opening("finance", round=2, version=2))
    assert {gate: refusal_now(database, gate) for gate in WHO} == {"finance": None, "hr": Refusal.PLAN_SENT_BACK}
    desk.open_gates(opening("hr", round=2, version=2))
    assert {gate: refusal_now(database, gate) for gate in WHO} == {"finance": None, "hr": None}


def test_a_gate_that_waits_for_another_answers_no_more_about_an_older_report(
    desk: ApprovalActivities, database: Database
) -> None:
    desk.open_gates(opening("finance", "hr"))
    with database.begin() as connection:
        reports.save(connection, report(2), "late result", at=LATER)
    desk.open_gates(opening("finance", round=2, version=2))  # materially changed: finance is asked first again
    assert {gate: refusal_now(database, gate) for gate in WHO} == {"finance": None, "hr": Refusal.REPORT_CHANGED}
    assert [each.gate for each in inbox(database, person=None, now=LATER)] == ["finance"]
