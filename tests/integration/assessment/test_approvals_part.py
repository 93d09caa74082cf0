"""The approvals as a report shows them."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, insert

from models.access import ResultClass
from models.approvals import DecisionReceipt, GateOutcome, Refusal, Verdict, Via
from models.case import Branch
from models.risk_level import Level
from store import decisions as store
from store.tables import decisions, gates
from tests.integration.assessment.stored_case import CASE, NOON, Case, approved, locked


def test_approvals_show_who_decided_with_their_note_and_who_is_still_asked(assessed: Case) -> None:
    with assessed.database.begin() as connection:
        for gate, approver in (("finance", "M1"), ("hr", "E3")):
            connection.execute(
                insert(gates).values(
                    case_id=CASE,
                    gate=gate,
                    round=1,
                    approvers=[approver],
                    seats=[{"principal": approver}],
                    ladder="approver",
                    due_at=NOON + timedelta(days=1),
                    report_version=1,
                    report_digest="0" * 64,
                    opened_at=NOON,
                )
            )
        connection.execute(
            insert(decisions).values(
                id="d1",
                case_id=CASE,
                gate="finance",
                round=1,
                verdict="approved",
                by_id="M1",
                number=1,
                via="session",
                mac="",
                note="paid by Friday",
                report_digest="0" * 64,
                accepted_at=NOON,
                state="counted",
            )
        )
    assessed.merge()
    assessed.merge(approved("finance"))

    finance, hr = assessed.report().approvals
    assert (finance.verdict, finance.by, finance.note, finance.late) == ("approved", "M1", "paid by Friday", False)
    assert (hr.verdict, hr.waiting_on, hr.due_at) == (None, ("E3",), NOON + timedelta(days=1))
    assert assessed.changes() == ["Approvals that ended since then: 1."]


def test_silence_is_shown_as_a_timeout_by_nobody(assessed: Case) -> None:
    assessed.merge(GateOutcome(gate="hr", verdict=Verdict.TIMED_OUT, at=NOON, late=True))
    hr = assessed.report().approvals[1]
    assert (hr.verdict, hr.by, hr.late) == ("timed_out", None, True)


def test_a_critical_level_asks_for_the_gate_that_the_policy_keeps_for_it(assessed: Case) -> None:
    assert assessed.has(Branch.ACCESS, locked(ResultClass.FAILED)).merge().level is Level.CRITICAL
    assert [each.gate for each in assessed.report().approvals] == ["finance", "hr", "legal"]


def test_a_decision_that_came_too_late_is_shown_as_late_and_does_not_count(assessed: Case) -> None:
    with assessed.database.begin() as connection:
        connection.execute(insert(gates).values(asked_at_hr(1, ["E3"], NOON)))
        connection.execute(insert(gates).values(asked_at_hr(2, ["M1"], NOON + timedelta(days=2))))
        made = accept_late(connection)
        refusal = DecisionReceipt(decision_id=made.id, gate="hr", counted=False, refusal=Refusal.LATE)
        assert store.settle(connection, made.id, refusal)
    assessed.merge()
    hr = assessed.report().approvals[1]
    assert (hr.verdict, hr.by, hr.late, hr.waiting_on) == (None, None, True, ("M1",))
    assessed.merge(approved("hr").model_copy(update={"round": 2}))
    finance, hr, *_ = assessed.report().approvals
    assert (hr.verdict, hr.by, hr.late, hr.round) == ("approved", "M1", True, 2)
    assert not finance.late


def test_a_decision_refused_for_another_reason_makes_nothing_late(assessed: Case) -> None:
    with assessed.database.begin() as connection:
        connection.execute(insert(gates).values(asked_at_hr(1, ["E3"], NOON)))
        made = accept_late(connection)
        store.settle(
            connection,
            made.id,
            DecisionReceipt(decision_id=made.id, gate="hr", counted=False, refusal=Refusal.ALREADY_DECIDED),
        )
    assessed.merge(approved("hr"))
    assert [each.late for each in assessed.report().approvals] == [False, False]


def asked_at_hr(number: int, approvers: list[str], due_at: datetime) -> dict[str, object]:
    """The row of a round."""
    return {
        "case_id": CASE,
        "gate": "hr",
        "round": number,
        "approvers": approvers,
        "seats": [{"principal": person} for person in approvers],
        "ladder": "approver",
        "due_at": due_at,
        "report_version": 1,
        "report_digest": "0" * 64,
        "opened_at": NOON - timedelta(days=1),
    }


def accept_late(connection: Connection) -> store.AcceptedDecision:
    """E3 answers the first round an hour after its end."""
    return store.accept(
        connection,
        "a key of this test",
        number=1,
        for_id=None,
        via=Via.SESSION,
        case_id=CASE,
        gate="hr",
        round=1,
        verdict=Verdict.DECLINED,
        by="E3",
        note="not yet",
        report_digest="0" * 64,
        accepted_at=NOON + timedelta(hours=1),
    )
