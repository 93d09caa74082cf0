"""Asking people for real: rounds, links, evidence and mail, once each, whatever is repeated or broken."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.message import EmailMessage

import pytest
from sqlalchemy import func, select, update

from activities.approvals import ApprovalActivities
from activities.messages import Links, Post
from models.approvals import (
    CollectDecisions,
    Decision,
    DecisionReceipt,
    GateOutcome,
    GateRound,
    Ladder,
    OpenedGates,
    RecordDecisions,
    Refusal,
    Remind,
    Verdict,
)
from models.case import Phase
from models.errors import NobodyToAsk, UnknownEmployee
from store import cases, decisions, evidence, gates, outbox, reports
from store.database import Database
from store.decisions import DecisionState
from store.gates import SUPERSEDED, GateRow
from store.links import Purpose, open_link
from store.tables import employees, links
from store.tables import outbox as outbox_table
from tests.approval_case import CASE, DUE, OPENED, Collecting, opening, report, start_case, text_of

SECRET = "a secret of this test"
URL = "https://offboard.example"
LATER = OPENED + timedelta(hours=5)


@pytest.fixture
def mailer() -> Collecting:
    """A mail system that works until it is told not to."""
    return Collecting()


@pytest.fixture
def desk(database: Database, mailer: Collecting) -> ApprovalActivities:
    """The approvals department at work on Li Na's case."""
    start_case(database)
    return ApprovalActivities(database, mailer, SECRET, URL)


def approvers(opened: OpenedGates) -> dict[str, tuple[str, ...]]:
    return {each.gate: each.approvers for each in opened.rounds}


def row(database: Database, gate: str, number: int = 1) -> GateRow:
    with database.begin() as connection:
        found = gates.of_round(connection, CASE, gate, number)
    assert found is not None
    return found


def chain(database: Database, kind: str) -> list[dict[str, object]]:
    """Bodies of the evidence of one kind; the whole chain must hold."""
    with database.begin() as connection:
        assert evidence.verify(connection, CASE)[1] is None
        return [entry.body for entry in evidence.read(connection, CASE) if entry.kind == kind]


def decide(
    database: Database, gate: str = "finance", by: str = "F1", verdict: Verdict = Verdict.APPROVED, **more: object
) -> decisions.AcceptedDecision:
    fields: dict[str, object] = {"round": 1, "note": "", "accepted_at": LATER, "report_digest": report(1).digest}
    with database.begin() as connection:
        return decisions.accept(connection, case_id=CASE, gate=gate, verdict=verdict, by=by, **(fields | more))  # type: ignore[arg-type]


def counted(decision: Decision) -> DecisionReceipt:
    return DecisionReceipt(
        decision_id=decision.decision_id,
        gate=decision.gate,
        counted=True,
        verdict=decision.verdict,
        decided_by=decision.by,
    )


def outcome(
    gate: str = "finance", verdict: Verdict = Verdict.APPROVED, by: str | None = "F1", **more: object
) -> GateOutcome:
    return GateOutcome.model_validate({"gate": gate, "verdict": verdict, "by": by, "at": LATER} | more)


def waiting(database: Database) -> list[tuple[str, int, str | None]]:
    """Unsent messages: kind, tries, error."""
    with database.begin() as connection:
        rows = connection.execute(
            select(outbox_table.c.kind, outbox_table.c.attempts, outbox_table.c.error)
            .where(outbox_table.c.sent_at.is_(None))
            .order_by(outbox_table.c.id)
        )
        return [(each.kind, each.attempts, each.error) for each in rows]


# ---- opening ------------------------------------------------------------------------------------------------------


def test_every_gate_asks_the_person_that_it_is_meant_for(desk: ApprovalActivities, database: Database) -> None:
    opened = desk.open_gates(opening("sales_manager", "finance", "hr", "it", "legal"))
    assert approvers(opened) == {
        "sales_manager": ("M1",),
        "finance": ("F1",),
        "hr": ("H1",),
        "it": ("I1",),
        "legal": ("L1",),
    }
    assert opened.rounds[1] == GateRound(
        gate="finance",
        round=1,
        ladder=Ladder.APPROVER,
        approvers=("F1",),
        due_at=DUE,
        report_version=1,
        report_digest=report(1).digest,
        # From 10:00 in Shanghai on the first of three working days to 18:00 on the third, nine hours a day.
        reminders_at=(datetime(2026, 11, 25, 6, tzinfo=UTC), datetime(2026, 11, 26, 7, 24, tzinfo=UTC)),
    )
    assert row(database, "finance").closed_at is None
    with database.begin() as connection:
        assert cases.get(connection, CASE).phase is Phase.APPROVING
        assert [each.gate for each in gates.newest_of(connection, CASE)] == sorted(approvers(opened))


def test_asking_twice_asks_once(desk: ApprovalActivities, database: Database, mailer: Collecting) -> None:
    first = desk.open_gates(opening("finance", "hr"))
    assert desk.open_gates(opening("finance", "hr")) == first
    assert len(mailer.taken) == 2
    assert len(chain(database, "gate.opened")) == 2
    with database.begin() as connection:
        assert connection.execute(select(func.count()).select_from(links)).scalar_one() == 2


def test_two_workers_at_once_ask_once(desk: ApprovalActivities, database: Database, mailer: Collecting) -> None:
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: desk.open_gates(opening("finance", "hr", "it")), range(6)))
    assert all(answer == answers[0] for answer in answers)
    assert sorted(str(mail["To"].addresses[0].username) for mail in mailer.taken) == ["f1", "h1", "i1"]
    assert len(chain(database, "gate.opened")) == 3


def test_nobody_to_ask_opens_nothing_and_sends_nothing(
    desk: ApprovalActivities, database: Database, mailer: Collecting
) -> None:
    with database.begin() as connection:
        connection.execute(update(employees).where(employees.c.id.in_(["F1", "H1"])).values(status="left"))
    with pytest.raises(NobodyToAsk, match="finance_reviewer"):
        desk.open_gates(opening("it", "finance"))
    with database.begin() as connection:
        assert gates.all_of(connection, CASE) == []
        assert cases.get(connection, CASE).phase is Phase.ASSESSING
    assert mailer.taken == []


def test_the_one_who_started_the_case_is_never_asked(desk: ApprovalActivities, database: Database) -> None:
    with database.begin() as connection:
        connection.execute(update(employees).where(employees.c.id == "H1").values(status="left"))
    with pytest.raises(NobodyToAsk):  # H2 is left, who started the case; not even a caller who forgets it can ask H2
        desk.open_gates(opening("hr", barred=("E1",)))


def test_those_who_are_to_receive_the_clients_are_not_asked(desk: ApprovalActivities) -> None:
    assert approvers(desk.open_gates(opening("sales_manager", barred=("E1", "H2", "M1")))) == {"sales_manager": ("D1",)}


def test_a_circle_in_the_org_chart_does_no_harm(desk: ApprovalActivities, database: Database) -> None:
    with database.begin() as connection:
        connection.execute(update(employees).where(employees.c.id == "D1").values(manager_id="M1"))
        connection.execute(update(employees).where(employees.c.id == "M1").values(status="left"))
    assert approvers(desk.open_gates(opening("sales_manager"))) == {"sales_manager": ("D1",)}


def test_evidence_of_an_ask_holds_ids_and_no_names(desk: ApprovalActivities, database: Database) -> None:
    desk.open_gates(opening("finance"))
    [body] = chain(database, "gate.opened")
    assert body["approvers"] == ["F1"]
    assert body["found_as"] == "approver"
    assert body["report_digest"] == report(1).digest
    assert "Office" not in str(body)


# ---- escalation and new rounds ------------------------------------------------------------------------------------


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


# ---- decisions ----------------------------------------------------------------------------------------------------


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
    desk.record_decisions(RecordDecisions(case_id=CASE, receipts=(counted(early.message()),), at=LATER))
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
    record = RecordDecisions(case_id=CASE, receipts=(counted(accepted.message()),), outcomes=(outcome(),), at=LATER)
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
        "malformed",
    ]
    _, mail = mailer.to("F1")
    assert "未计入的原因：提交时已过截止时间。" in text_of(mail)
    assert mailer.to("P1") == []


def test_the_first_receipt_of_a_decision_stands(desk: ApprovalActivities, database: Database) -> None:
    desk.open_gates(opening("finance"))
    accepted = decide(database).message()
    again = DecisionReceipt(
        decision_id=accepted.decision_id, gate="finance", counted=False, refusal=Refusal.ALREADY_DECIDED
    )
    for receipt in (counted(accepted), again):
        desk.record_decisions(RecordDecisions(case_id=CASE, receipts=(receipt,), at=LATER))
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
    assert "沉默绝不等于同意" in text_of(mailer.to("H2")[0])


# ---- mail that cannot leave ---------------------------------------------------------------------------------------


def test_a_dead_mail_server_never_holds_a_gate_and_the_mail_leaves_later(
    desk: ApprovalActivities, database: Database, mailer: Collecting
) -> None:
    mailer.out_of_order = True
    opened = desk.open_gates(opening("finance", "hr"))
    assert approvers(opened) == {"finance": ("F1",), "hr": ("H1",)}
    assert [tries for _, tries, _ in waiting(database)] == [1, 0]  # where nobody answers, the second is not even tried
    assert waiting(database)[0][2] is not None
    mailer.out_of_order = False
    desk.collect_decisions(CollectDecisions(case_id=CASE, gate="finance", round=1))
    assert waiting(database) == []
    assert [len(mailer.to(person)) for person in ("F1", "H1")] == [1, 1]


def test_one_refused_address_does_not_hold_up_the_others(
    desk: ApprovalActivities, database: Database, mailer: Collecting
) -> None:
    mailer.refused = {"f1@example.com"}
    desk.open_gates(opening("finance", "hr"))
    assert [(kind, tries) for kind, tries, _ in waiting(database)] == [("ask", 1)]
    assert len(mailer.to("H1")) == 1


def test_somebody_without_an_address_is_still_asked(
    desk: ApprovalActivities, database: Database, mailer: Collecting
) -> None:
    with database.begin() as connection:
        connection.execute(update(employees).where(employees.c.id == "F1").values(email=None))
    assert approvers(desk.open_gates(opening("finance", "hr"))) == {"finance": ("F1",), "hr": ("H1",)}
    [(_, _, error)] = waiting(database)
    assert error is not None
    assert "employee F1 has no usable e-mail address" in error
    assert len(mailer.to("H1")) == 1


def test_an_ask_that_never_left_is_dropped_once_the_gate_is_decided(
    desk: ApprovalActivities, database: Database, mailer: Collecting
) -> None:
    mailer.out_of_order = True
    desk.open_gates(opening("finance"))
    mailer.out_of_order = False
    desk.record_decisions(RecordDecisions(case_id=CASE, outcomes=(outcome(),), at=LATER))
    assert mailer.to("F1") == []
    assert len(mailer.to("H2")) == 1
    assert waiting(database) == []


def test_two_senders_at_once_send_every_mail_once(
    desk: ApprovalActivities, database: Database, mailer: Collecting
) -> None:
    mailer.out_of_order = True
    desk.open_gates(opening("sales_manager", "finance", "hr", "it", "legal"))
    mailer.out_of_order = False
    with ThreadPoolExecutor(4) as pool:
        sent = list(pool.map(lambda _: Post(database, mailer, Links(SECRET, URL)).deliver(CASE), range(4)))
    assert sum(sent) == len(mailer.taken) == 5
    assert len({str(mail["Message-ID"]) for mail in mailer.taken}) == 5


class Looking(Collecting):
    """A mail system that, while it sends, tries to take the row of the message, as another sender would."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self.database = database
        self.locked: list[bool] = []
        self.taken_twice: list[bool] = []

    def send(self, message: EmailMessage) -> None:
        with self.database.begin() as connection:
            free = connection.execute(select(outbox_table.c.id).with_for_update(skip_locked=True)).all()
            self.locked.append(len(free) == 0)
            self.taken_twice.append(outbox.claim(connection, CASE, [], at=datetime.now(UTC)) is not None)
        super().send(message)


def test_nothing_is_locked_while_the_mail_server_is_spoken_to(database: Database) -> None:
    start_case(database)
    mailer = Looking(database)
    ApprovalActivities(database, mailer, SECRET, URL).open_gates(opening("finance"))
    assert (mailer.locked, mailer.taken_twice) == ([False], [False])
    assert waiting(database) == []


def unsent(database: Database) -> list[tuple[datetime | None, datetime | None]]:
    with database.begin() as connection:
        rows = connection.execute(
            select(outbox_table.c.claimed_at, outbox_table.c.retry_at).where(outbox_table.c.sent_at.is_(None))
        )
        return [(each.claimed_at, each.retry_at) for each in rows]


def test_the_claim_of_a_sender_that_died_is_taken_over_after_two_minutes(
    desk: ApprovalActivities, database: Database, mailer: Collecting
) -> None:
    mailer.out_of_order = True
    desk.open_gates(opening("finance"))
    mailer.out_of_order = False
    now = datetime.now(UTC)
    with database.begin() as connection:
        assert outbox.claim(connection, CASE, [], at=now) is not None
    post = Post(database, mailer, Links(SECRET, URL))
    assert post.deliver(CASE) == 0
    with database.begin() as connection:
        assert outbox.claim(connection, CASE, [], at=now + timedelta(minutes=2)) is None
        assert outbox.claim(connection, CASE, [], at=now + timedelta(minutes=2, seconds=1)) is not None
        connection.execute(update(outbox_table).values(claimed_at=now - timedelta(minutes=3)))
    assert post.deliver(CASE) == 1
    assert len(mailer.to("F1")) == 1


def test_a_mail_that_failed_is_tried_again_after_pauses_that_grow(
    desk: ApprovalActivities, database: Database, mailer: Collecting
) -> None:
    mailer.refused = {"f1@example.com"}
    desk.open_gates(opening("finance"))
    post, pauses = Post(database, mailer, Links(SECRET, URL)), []
    for _ in range(9):
        assert not post.retry_one(), "its pause is not over"
        [(claimed, retry)] = unsent(database)
        assert claimed is None
        assert retry is not None
        pauses.append(round((retry - datetime.now(UTC)) / timedelta(minutes=1)))
        with database.begin() as connection:
            connection.execute(update(outbox_table).values(retry_at=datetime.now(UTC)))
        assert post.retry_one()
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_the_end_of_a_case_is_told_although_no_step_of_it_follows(
    desk: ApprovalActivities, database: Database, mailer: Collecting
) -> None:
    desk.open_gates(opening("finance"))
    mailer.out_of_order = True
    with database.begin() as connection:
        cases.set_phase(connection, CASE, Phase.CLOSED, ended_at=LATER)
    announce(database, mailer, Phase.CLOSED, LATER)
    post = Post(database, mailer, Links(SECRET, URL))
    assert not post.retry_one(), "where nobody answers, the others wait"
    mailer.out_of_order = False
    with database.begin() as connection:
        connection.execute(update(outbox_table).values(retry_at=datetime.now(UTC)))
    assert [post.retry_one() for _ in range(3)] == [True, True, False]
    assert [len(mailer.to(person)) for person in ("H2", "F1")] == [1, 2]
    assert waiting(database) == []


def test_the_outbox_holds_no_name_no_link_and_no_note(desk: ApprovalActivities, database: Database) -> None:
    desk.open_gates(opening("finance"))
    accepted = decide(database, note="一句话")
    record = RecordDecisions(case_id=CASE, receipts=(counted(accepted.message()),), outcomes=(outcome(),), at=LATER)
    desk.record_decisions(record)
    with database.begin() as connection:
        rows = connection.execute(select(outbox_table.c.id, outbox_table.c.payload)).all()
    assert len(rows) == 2
    for secret in ("Office", "Li Na", "https://", "一句话"):
        assert secret not in str(rows)


def test_the_mail_shows_the_money_of_the_report_that_is_decided_on(
    desk: ApprovalActivities, mailer: Collecting
) -> None:
    desk.open_gates(opening("finance"))
    money = report(1).receivables
    assert money is not None
    assert f"{money.total:,}" in text_of(mailer.to("F1")[0])
    assert money.total > Decimal(0)


def test_money_that_could_not_be_read_is_not_called_nothing(database: Database, mailer: Collecting) -> None:
    start_case(database, known_money=False)
    ApprovalActivities(database, mailer, SECRET, URL).open_gates(opening("finance"))
    assert "尚不明确" in text_of(mailer.to("F1")[0])


def announce(database: Database, mailer: Collecting, phase: Phase, at: datetime) -> None:
    with database.begin() as connection:
        outbox.announce_end(connection, CASE, phase, at=at)
    Post(database, mailer, Links(SECRET, URL)).deliver(CASE)


@pytest.mark.parametrize("phase", [Phase.CLOSED, Phase.DECLINED, Phase.WITHDRAWN])
def test_the_end_of_a_case_is_told_once_to_all_who_were_in_it(
    desk: ApprovalActivities, database: Database, mailer: Collecting, phase: Phase
) -> None:
    desk.open_gates(opening("finance", "hr"))
    with database.begin() as connection:
        cases.set_phase(connection, CASE, phase, ended_at=LATER)
    for at in (LATER, LATER + timedelta(minutes=1)):
        announce(database, mailer, phase, at)
    assert {person: len(mailer.to(person)) for person in ("H2", "F1", "H1")} == {"H2": 1, "F1": 2, "H1": 2}


def test_a_case_without_any_gate_ends_without_a_link(database: Database, mailer: Collecting) -> None:
    start_case(database)
    announce(database, mailer, Phase.WITHDRAWN, LATER)
    assert "https://" not in text_of(mailer.to("H2")[0])


def test_a_case_that_nobody_started_tells_nobody(database: Database, mailer: Collecting) -> None:
    start_case(database, started_by=None)
    desk = ApprovalActivities(database, mailer, SECRET, URL)
    desk.open_gates(opening("finance"))
    desk.record_decisions(RecordDecisions(case_id=CASE, outcomes=(outcome(),), at=LATER))
    assert [str(mail["To"].addresses[0].username) for mail in mailer.taken] == ["f1"]


def link(mail: object) -> str:
    """The one address in a mail."""
    return next(word for word in text_of(mail).split() if word.startswith(URL))  # type: ignore[arg-type]
