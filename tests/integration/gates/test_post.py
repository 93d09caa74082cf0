"""Mail that cannot leave holds nothing up, leaves later and once; and what it may say."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.message import EmailMessage

import pytest
from sqlalchemy import select, update

from activities.approvals import ApprovalActivities
from activities.messages import Links, Post, Try
from models.approvals import CollectDecisions, RecordDecisions
from models.case import Phase
from store import cases, outbox, sending
from store.database import Database
from store.tables import employees
from store.tables import outbox as outbox_table
from tests.approval_case import CASE, Collecting, opening, report, start_case, text_of
from tests.integration.gates.approvals import LATER, SECRET, URL, approvers, decide, outcome, recorded


def waiting(database: Database) -> list[tuple[str, int, str | None]]:
    """Unsent messages: kind, tries, error."""
    with database.begin() as connection:
        rows = connection.execute(
            select(outbox_table.c.kind, outbox_table.c.attempts, outbox_table.c.error)
            .where(outbox_table.c.sent_at.is_(None))
            .order_by(outbox_table.c.id)
        )
        return [(each.kind, each.attempts, each.error) for each in rows]


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


def test_an_ask_whose_sender_died_may_have_left_and_stays_in_the_books(
    desk: ApprovalActivities, database: Database, mailer: Collecting
) -> None:
    mailer.out_of_order = True
    desk.open_gates(opening("finance"))
    mailer.out_of_order = False
    with database.begin() as connection:  # as if it had been taken by a process that never came back
        died = {"error": None, "retry_at": None, "claimed_at": None}
        connection.execute(update(outbox_table).values(died))
    desk.record_decisions(RecordDecisions(case_id=CASE, outcomes=(outcome(),), at=LATER))
    assert mailer.to("F1") == []
    with database.begin() as connection:
        kept = connection.execute(select(outbox_table.c.sent_at).where(outbox_table.c.recipient_id == "F1")).all()
    assert len(kept) == 1
    assert kept[0].sent_at is not None


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
            self.taken_twice.append(sending.claim(connection, CASE, [], at=datetime.now(UTC)) is not None)
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
        assert sending.claim(connection, CASE, [], at=now) is not None
    post = Post(database, mailer, Links(SECRET, URL))
    assert post.deliver(CASE) == 0
    with database.begin() as connection:
        assert sending.claim(connection, CASE, [], at=now + timedelta(minutes=2)) is None
        assert sending.claim(connection, CASE, [], at=now + timedelta(minutes=2, seconds=1)) is not None
        connection.execute(update(outbox_table).values(claimed_at=now - timedelta(minutes=3)))
    assert post.deliver(CASE) == 1
    assert len(mailer.to("F1")) == 1


def test_a_mail_that_failed_is_tried_again_after_pauses_that_grow(
    desk: ApprovalActivities, database: Database, mailer: Collecting, caplog: pytest.LogCaptureFixture
) -> None:
    mailer.refused = {"f1@example.com"}
    desk.open_gates(opening("finance"))
    post, pauses = Post(database, mailer, Links(SECRET, URL)), []
    for _ in range(9):
        assert post.retry_one() is Try.NONE, "its pause is not over"
        [(claimed, retry)] = unsent(database)
        assert claimed is None
        assert retry is not None
        pauses.append(round((retry - datetime.now(UTC)) / timedelta(minutes=1)))
        with database.begin() as connection:
            connection.execute(update(outbox_table).values(retry_at=datetime.now(UTC)))
        assert post.retry_one() is Try.KEPT
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    told = [line.getMessage() for line in caplog.records if line.name == "offboard.mail"]
    assert len(told) == 1, "once, and why"
    assert told[0].startswith("a message to F1 could not leave and is kept: ")


def test_the_end_of_a_case_is_told_although_no_step_of_it_follows(
    desk: ApprovalActivities, database: Database, mailer: Collecting
) -> None:
    desk.open_gates(opening("finance"))
    mailer.out_of_order = True
    with database.begin() as connection:
        cases.set_phase(connection, CASE, Phase.CLOSED, ended_at=LATER)
    announce(database, mailer, Phase.CLOSED, LATER)
    post = Post(database, mailer, Links(SECRET, URL))
    assert post.retry_one() is Try.NONE, "where nobody answers, the others wait"
    mailer.out_of_order = False
    with database.begin() as connection:
        connection.execute(update(outbox_table).values(retry_at=datetime.now(UTC)))
    assert [post.retry_one() for _ in range(3)] == [Try.SETTLED, Try.SETTLED, Try.NONE]
    assert [len(mailer.to(person)) for person in ("H2", "F1")] == [1, 2]
    assert waiting(database) == []


def test_the_outbox_holds_no_name_no_link_and_no_note(desk: ApprovalActivities, database: Database) -> None:
    desk.open_gates(opening("finance"))
    accepted = decide(database, note="一句话")
    desk.record_decisions(recorded(accepted.message(), outcomes=(outcome(),)))
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
