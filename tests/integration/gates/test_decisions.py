"""What becomes of a decision: kept once, collected when nobody heard it, counted or refused, and told."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from activities.approvals import ApprovalActivities
from models.approvals import CollectDecisions, DecisionReceipt, Ladder, RecordDecisions, Refusal, Verdict
from models.errors import UnknownEmployee
from store import decisions
from store.database import Database
from store.decisions import DecisionState
from store.links import Purpose, open_link
from tests.approval_case import CASE, DUE, Collecting, opening, text_of
from tests.integration.gates.approvals import LATER, SECRET, chain, decide, link, outcome, recorded, row


def test_the_first_decision_of_a_person_in_a_round_stands(desk: ApprovalActivities, database: Database) -> None:
    desk.open_gates(opening("finance"))
    first = decide(database)
    second = decide(database, verdict=Verdict.DECLINED, note="changed my mind", accepted_at=LATER + timedelta(hours=1))
    assert (first.created, second.created) == (True, False)
    assert second.model_copy(update={"created": True}) == first
    assert len(chain(database, "decision.accepted")) == 1


def test_a_double_click_on_two_connections_is_one_decision(desk: ApprovalActivities, database: Database) -> None:
    desk.open_gates(opening("finance"))
    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(lambda _: decide(database), range(6)))
    assert sum(each.created for each in made) == 1
    assert len({each.id for each in made}) == 1


def test_a_decision_by_nobody_is_refused(desk: ApprovalActivities, database: Database) -> None:
    desk.open_gates(opening("finance"))
    with pytest.raises(UnknownEmployee):
        decide(database, by="nobody")


def test_the_note_stays_out_of_history_and_evidence(desk: ApprovalActivities, database: Database) -> None:
    desk.open_gates(opening("finance"))
    decide(database, verdict=Verdict.DECLINED, note="苏州客户还没谈妥")
    found = desk.collect_decisions(CollectDecisions(case_id=CASE, gate="finance", round=1))
    assert found.decisions[0].has_note
    assert "苏州" not in found.model_dump_json()
    assert "苏州" not in str(chain(database, "decision.accepted"))


def test_what_nobody_heard_is_collected_in_order_of_acceptance(desk: ApprovalActivities, database: Database) -> None:
    desk.open_gates(opening("finance", "hr"))
    late = decide(database, accepted_at=LATER + timedelta(minutes=1))
    early = decide(database, by="D1", accepted_at=LATER)
    decide(database, gate="hr", by="H1")
    asked = CollectDecisions(case_id=CASE, gate="finance", round=1)
    assert [each.decision_id for each in desk.collect_decisions(asked).decisions] == [early.id, late.id]
    desk.record_decisions(recorded(early.message()))
    assert [each.decision_id for each in desk.collect_decisions(asked).decisions] == [late.id]


def test_a_decision_of_an_earlier_round_is_not_forgotten(desk: ApprovalActivities, database: Database) -> None:
    desk.open_gates(opening("finance"))
    forgotten = decide(database, accepted_at=DUE + timedelta(minutes=1))
    desk.open_gates(opening("finance", round=2, ladder=Ladder.ESCALATION, at=DUE))
    found = desk.collect_decisions(CollectDecisions(case_id=CASE, gate="finance", round=2))
    assert [each.decision_id for each in found.decisions] == [forgotten.id]


def test_an_approval_is_written_once_and_the_starter_hears_of_it(
    desk: ApprovalActivities, database: Database, mailer: Collecting
) -> None:
    desk.open_gates(opening("finance"))
    accepted = decide(database, note="同意，先谈妥苏州客户")
    record = recorded(accepted.message(), outcomes=(outcome(),))
    desk.record_decisions(record)
    desk.record_decisions(record)
    closed = row(database, "finance")
    assert (closed.verdict, closed.decided_by, closed.closed_at) == (Verdict.APPROVED, "F1", LATER)
    with database.begin() as connection:
        [stored] = decisions.of_gate(connection, CASE, "finance")
    assert stored.state is DecisionState.COUNTED
    assert len(chain(database, "decision.counted")) == len(chain(database, "gate.closed")) == 1
    [mail] = mailer.to("H2")
    assert text_of(mail).startswith("Office F1代表财务同意了Li Na的离职流程。")
    assert "同意，先谈妥苏州客户" in text_of(mail)


def test_the_starter_gets_a_link_that_only_follows(
    desk: ApprovalActivities, database: Database, mailer: Collecting
) -> None:
    desk.open_gates(opening("finance"))
    desk.record_decisions(RecordDecisions(case_id=CASE, outcomes=(outcome(),), at=LATER))
    with database.begin() as connection:
        opened = open_link(connection, SECRET, link(mailer.to("H2")[0]).rpartition("/")[2], at=LATER)
    assert (opened.purpose, opened.approver_id) == (Purpose.FOLLOW, "H2")


def test_a_refused_decision_is_told_to_the_one_who_was_asked(
    desk: ApprovalActivities, database: Database, mailer: Collecting
) -> None:
    desk.open_gates(opening("finance"))
    late, stranger = decide(database, accepted_at=DUE + timedelta(hours=1)), decide(database, by="P1")
    receipts = (
        DecisionReceipt(decision_id=late.id, gate="finance", counted=False, refusal=Refusal.LATE),
        DecisionReceipt(decision_id=stranger.id, gate="finance", counted=False, refusal=Refusal.NOT_AN_APPROVER),
        DecisionReceipt(decision_id="from elsewhere", gate="finance", counted=False, refusal=Refusal.MALFORMED),
    )
    for _ in range(2):
        desk.record_decisions(RecordDecisions(case_id=CASE, receipts=receipts, at=DUE + timedelta(hours=2)))
    assert [body["refusal"] for body in chain(database, "decision.refused")] == [
        "late",
        "not_an_approver",
    ]
    assert [body["decision"] for body in chain(database, "decision.forged")] == ["from elsewhere"]
    _, mail = mailer.to("F1")
    assert "未计入的原因：提交时已过截止时间。" in text_of(mail)
    assert mailer.to("P1") == []


def test_the_first_receipt_of_a_decision_stands(desk: ApprovalActivities, database: Database) -> None:
    desk.open_gates(opening("finance"))
    accepted = decide(database).message()
    again = DecisionReceipt(
        decision_id=accepted.decision_id, gate="finance", counted=False, refusal=Refusal.ALREADY_DECIDED
    )
    desk.record_decisions(recorded(accepted))
    desk.record_decisions(RecordDecisions(case_id=CASE, receipts=(again,), at=LATER))
    with database.begin() as connection:
        [stored] = decisions.of_gate(connection, CASE, "finance")
    assert (stored.state, stored.refusal) == (DecisionState.COUNTED, None)
    assert chain(database, "decision.refused") == []


def test_a_silence_is_written_as_timed_out_with_nobody_behind_it(
    desk: ApprovalActivities, database: Database, mailer: Collecting
) -> None:
    desk.open_gates(opening("legal"))
    silent = outcome("legal", Verdict.TIMED_OUT, None)
    desk.record_decisions(RecordDecisions(case_id=CASE, outcomes=(silent,), at=LATER))
    assert (row(database, "legal").verdict, row(database, "legal").decided_by) == (Verdict.TIMED_OUT, None)
    assert "逾期不等于同意" in text_of(mailer.to("H2")[0])
