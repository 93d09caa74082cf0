"""Later rounds of a gate: silences that go up, changed reports that are asked about again, and reminders."""

from datetime import UTC, datetime, timedelta

import pytest

from activities.approvals import ApprovalActivities
from models.approvals import Ladder, RecordDecisions, Remind, Verdict
from store import reports
from store.database import Database
from store.gates import SUPERSEDED
from tests.approval_case import CASE, DUE, Collecting, opening, report, text_of
from tests.integration.gates.approvals import LATER, approvers, chain, link, outcome, row


def test_a_silence_goes_up_and_is_recorded_as_such(
    desk: ApprovalActivities, database: Database, mailer: Collecting
) -> None:
    desk.open_gates(opening("finance"))
    second = opening("finance", round=2, ladder=Ladder.ESCALATION, due_at=DUE + timedelta(days=2), at=DUE)
    assert approvers(desk.open_gates(second)) == {"finance": ("D1",)}
    assert (row(database, "finance").verdict, row(database, "finance").closed_at) == (Verdict.TIMED_OUT, DUE)
    assert row(database, "finance", 2).closed_at is None
    [mail] = mailer.to("D1")
    assert "Office F1未在截止时间前答复" in text_of(mail)
    third = opening("finance", round=3, ladder=Ladder.FALLBACK, due_at=DUE + timedelta(days=4), at=DUE + timedelta(2))
    assert approvers(desk.open_gates(third)) == {"finance": ("H1",)}


@pytest.mark.parametrize(
    ("ladder", "asked_on", "due_on"),
    [
        (Ladder.ESCALATION, 26, datetime(2026, 11, 30, 10, tzinfo=UTC)),  # two working days after a Thursday
        (Ladder.FALLBACK, 27, datetime(2026, 12, 1, 10, tzinfo=UTC)),
        (Ladder.APPROVER, 27, datetime(2026, 12, 2, 10, tzinfo=UTC)),  # asked again: the whole time of the gate
    ],
)
def test_a_later_round_ends_with_a_working_day_and_reminds_in_working_time(
    desk: ApprovalActivities, database: Database, ladder: Ladder, asked_on: int, due_on: datetime
) -> None:
    desk.open_gates(opening("legal"))
    wanted = opening("legal", round=2, ladder=ladder, at=datetime(2026, 11, asked_on, 10, tzinfo=UTC))
    asks = tuple(ask.model_copy(update={"due_at": None}) for ask in wanted.asks)
    (opened,) = desk.open_gates(wanted.model_copy(update={"asks": asks})).rounds
    assert opened.due_at == row(database, "legal", 2).due_at == due_on
    first, last = opened.reminders_at or ()
    assert wanted.at < first < last < due_on
    assert {moment.weekday() for moment in (first, last)} <= set(range(5))
    assert opened == desk.open_gates(wanted.model_copy(update={"asks": asks})).rounds[0], "a retry hears the same"


def test_a_decision_in_time_ends_the_gate_although_somebody_else_is_asked_by_now(
    desk: ApprovalActivities, database: Database
) -> None:
    desk.open_gates(opening("finance"))
    desk.open_gates(opening("finance", round=2, ladder=Ladder.ESCALATION, due_at=DUE + timedelta(days=4), at=DUE))
    ended = outcome(report_digest=report(1).digest)
    for _ in range(2):
        desk.record_decisions(RecordDecisions(case_id=CASE, outcomes=(ended,), at=DUE))
    rows = [row(database, "finance", number) for number in (1, 2)]
    assert [(each.verdict, each.decided_by, each.closed_at) for each in rows] == [(Verdict.APPROVED, "F1", LATER)] * 2
    assert len(chain(database, "gate.closed")) == 1


def test_a_decision_about_an_older_report_leaves_the_new_question_open(
    desk: ApprovalActivities, database: Database
) -> None:
    desk.open_gates(opening("finance"))
    with database.begin() as connection:
        reports.save(connection, report(2), "late result", at=LATER)
    desk.open_gates(opening("finance", round=2, version=2, at=LATER))
    ended = outcome(report_digest=report(1).digest)
    desk.record_decisions(RecordDecisions(case_id=CASE, outcomes=(ended,), at=LATER))
    assert [row(database, "finance", number).verdict for number in (1, 2)] == [Verdict.APPROVED, None]


def test_a_changed_report_asks_the_same_person_again(
    desk: ApprovalActivities, database: Database, mailer: Collecting
) -> None:
    desk.open_gates(opening("finance"))
    with database.begin() as connection:
        reports.save(connection, report(2), "late result", at=LATER)
    again = desk.open_gates(opening("finance", round=2, version=2, at=LATER))
    assert approvers(again) == {"finance": ("F1",)}
    assert row(database, "finance").verdict == SUPERSEDED
    first, second = mailer.to("F1")
    assert second["In-Reply-To"] == first["Message-ID"]
    assert first["In-Reply-To"] is None


def test_a_decision_that_lapsed_keeps_its_verdict(desk: ApprovalActivities, database: Database) -> None:
    desk.open_gates(opening("finance"))
    desk.record_decisions(RecordDecisions(case_id=CASE, outcomes=(outcome(),), at=LATER))
    desk.open_gates(opening("finance", round=2, at=LATER))
    assert row(database, "finance").verdict is Verdict.APPROVED


def test_a_decision_written_down_after_the_new_ask_is_still_written(
    desk: ApprovalActivities, database: Database
) -> None:
    desk.open_gates(opening("finance"))
    desk.open_gates(opening("finance", round=2, at=LATER))
    desk.record_decisions(RecordDecisions(case_id=CASE, outcomes=(outcome(),), at=LATER))
    assert row(database, "finance").verdict is Verdict.APPROVED
    assert row(database, "finance", 2).closed_at is None


# ---- reminders ----------------------------------------------------------------------------------------------------


def test_a_reminder_goes_out_once_in_the_thread_of_the_first_mail(
    desk: ApprovalActivities, database: Database, mailer: Collecting
) -> None:
    desk.open_gates(opening("finance"))
    remind = Remind(case_id=CASE, gate="finance", round=1, number=1, at=LATER)
    desk.remind(remind)
    desk.remind(remind)
    ask, reminder = mailer.to("F1")
    assert reminder["References"] == ask["Message-ID"]
    assert str(reminder["Subject"]).startswith("催办")
    assert [link(reminder)] == [link(ask)]
    assert len(chain(database, "gate.reminded")) == 1
    desk.remind(remind.model_copy(update={"number": 2}))
    assert len(mailer.to("F1")) == 3


def test_nobody_is_reminded_of_a_decided_gate(desk: ApprovalActivities, database: Database, mailer: Collecting) -> None:
    desk.open_gates(opening("finance"))
    desk.record_decisions(RecordDecisions(case_id=CASE, outcomes=(outcome(),), at=LATER))
    desk.remind(Remind(case_id=CASE, gate="finance", round=1, number=1, at=LATER))
    assert len(mailer.to("F1")) == 1
    assert chain(database, "gate.reminded") == []
