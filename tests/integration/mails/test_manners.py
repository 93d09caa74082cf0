"""When messages leave and which way: quiet hours, digests, chats that refuse, and rounds that change meanwhile."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from activities.manners import GATHERING
from models.approvals import Refusal, Seat, Verdict, Via
from models.errors import Refused, UnknownEmployee
from models.people import Employee
from models.preferences import Preferences
from store import decisions, people, preferences
from store.database import Database
from store.outbox import MessageKind, Tidings
from store.tables import employees
from tests.approval_case import CASE, DUE, text_of
from tests.integration.mails.crowd import SECRET, URL, Crowd

MANY = 300
NIGHT = {"quiet_from": "22:00", "quiet_until": "08:00"}
AT_NIGHT = datetime(2026, 11, 24, 15, tzinfo=UTC)  # 23:00 in Shanghai
MORNING = datetime(2026, 11, 25, 0, tzinfo=UTC)  # 08:00 there


def lines(text: str) -> list[str]:
    return re.findall(r"\(offboarding-\w+\)", text)


def test_three_hundred_questions_that_wait_at_once_are_one_mail(crowd: Crowd) -> None:
    for number in range(MANY):
        crowd.asks(crowd.another_case(number))
    crowd.send_all()
    [mail] = crowd.mailer.to("F1")
    assert len(set(lines(text_of(mail)))) == MANY
    assert str(mail["Subject"]) == "300 messages from Offboard"
    assert [word for word in text_of(mail).split() if word.startswith(URL)] == [f"{URL}/inbox"]
    assert crowd.waiting() == 0


def test_many_cases_that_open_one_after_the_other_are_a_few_mails_and_one_that_lists_the_rest(crowd: Crowd) -> None:
    for number in range(40):
        case_id = crowd.later(seconds=1).another_case(number)
        crowd.asks(case_id)
        crowd.post.deliver(case_id)
    assert (len(crowd.mailer.taken), crowd.waiting()) == (5, 35)
    crowd.later(seconds=1).send_all()
    assert len(crowd.mailer.taken) == 5
    crowd.later(seconds=GATHERING.total_seconds()).send_all()
    assert (len(crowd.mailer.taken), crowd.waiting()) == (6, 0)
    assert len(lines(text_of(crowd.mailer.taken[-1]))) == 35


def test_the_mails_of_one_case_are_never_gathered_while_they_come_singly(crowd: Crowd) -> None:
    for number in range(12):
        crowd.tells(MessageKind.DECIDED, Tidings(gate="finance", verdict=Verdict.APPROVED, by="F1"), key=str(number))
        crowd.later(seconds=1).send_all()
    assert len(crowd.mailer.taken) == 12


def test_a_night_is_quiet_and_the_morning_brings_the_mail(crowd: Crowd) -> None:
    crowd.now = AT_NIGHT
    crowd.prefers(**NIGHT)
    crowd.asks(due_at=AT_NIGHT + timedelta(days=3))
    assert crowd.post.deliver(CASE) == 0
    crowd.send_all()
    crowd.now = MORNING - timedelta(seconds=1)
    crowd.send_all()
    assert crowd.post.deliver(CASE) == 0
    assert (crowd.mailer.taken, crowd.waiting(), crowd.errors()) == ([], 1, [])
    crowd.now = MORNING
    crowd.send_all()
    assert (len(crowd.mailer.to("F1")), crowd.waiting()) == (1, 0)


def test_a_deadline_does_not_wait_for_the_morning(crowd: Crowd) -> None:
    crowd.now = AT_NIGHT
    crowd.prefers(**NIGHT)
    crowd.asks(due_at=AT_NIGHT + timedelta(hours=4))
    crowd.later(hours=1.99).send_all()
    assert crowd.mailer.taken == []
    crowd.later(hours=0.01).send_all()
    assert len(crowd.mailer.to("F1")) == 1


def test_the_answer_to_an_act_of_their_own_does_not_wait(crowd: Crowd) -> None:
    crowd.now = AT_NIGHT
    crowd.prefers(**NIGHT, digest=True)
    crowd.asks(due_at=AT_NIGHT + timedelta(days=3), told=())
    crowd.tells(MessageKind.REFUSED, Tidings(gate="finance", round=1, refusal=Refusal.LATE, at=AT_NIGHT))
    crowd.send_all()
    assert len(crowd.mailer.to("F1")) == 1


def test_who_wants_one_mail_a_day_gets_it_in_the_morning(crowd: Crowd) -> None:
    crowd.now = AT_NIGHT
    crowd.prefers(digest=True)
    crowd.asks(due_at=AT_NIGHT + timedelta(days=3))
    crowd.asks(crowd.another_case(1), due_at=AT_NIGHT + timedelta(days=3))
    crowd.send_all()
    assert crowd.mailer.taken == []
    crowd.now = MORNING + timedelta(hours=1)
    crowd.send_all()
    [mail] = crowd.mailer.to("F1")
    assert len(lines(text_of(mail))) == 2
    assert crowd.waiting() == 0


def test_one_message_alone_is_no_digest(crowd: Crowd) -> None:
    crowd.prefers(digest=True)
    crowd.asks()
    crowd.later(days=1).send_all()
    [mail] = crowd.mailer.to("F1")
    assert f"{URL}/d/" in text_of(mail)


def test_a_digest_leaves_out_what_is_settled(crowd: Crowd) -> None:
    cases = [crowd.another_case(number) for number in range(8)]
    for case_id in cases:
        crowd.asks(case_id)
    crowd.asks(cases[0], seats=(Seat(principal="F2"),), number=2, told=())
    crowd.send_all()
    [mail] = crowd.mailer.to("F1")
    assert len(lines(text_of(mail))) == 7
    assert crowd.waiting() == 0


def test_a_digest_that_cannot_leave_is_kept_whole_and_leaves_once(crowd: Crowd) -> None:
    for number in range(8):
        crowd.asks(crowd.another_case(number))
    crowd.mailer.out_of_order = True
    crowd.send_all()
    assert (crowd.waiting(), len(crowd.errors())) == (8, 8)
    crowd.mailer.out_of_order = False
    crowd.later(minutes=1).send_all()
    assert (crowd.waiting(), len(crowd.mailer.taken), crowd.errors()) == (0, 1, [])


# ---- chats ----


def test_a_chat_is_told_that_something_waits_and_neither_who_nor_how_much(crowd: Crowd) -> None:
    crowd.prefers(channel="team")
    crowd.asks()
    crowd.send_all()
    assert crowd.mailer.taken == []
    [said] = crowd.chat.taken
    assert said.text.splitlines()[:2] == ["Something waits for a decision in Offboard.", f"Case: {CASE}"]
    assert said.link == f"{URL}/inbox"
    for secret in ("Li Na", "Office", "/d/", "CNY"):
        assert secret not in said.content


def test_a_chat_that_refuses_three_times_is_passed_by_and_that_can_be_seen(crowd: Crowd) -> None:
    crowd.prefers(channel="team")
    crowd.chat.refusing = True
    crowd.asks()
    for pause in (0, 1, 2):
        crowd.later(minutes=pause).send_all()
    assert (crowd.chat.tries, len(crowd.mailer.taken), crowd.waiting()) == (3, 0, 1)
    assert "310000" in crowd.errors()[0]
    crowd.later(minutes=4).send_all()
    assert (crowd.chat.tries, len(crowd.mailer.to("F1")), crowd.waiting()) == (3, 1, 0)
    assert crowd.errors() == ["the channel team failed 3 times; sent by mail"]


def test_a_chat_that_fails_holds_nobody_else_up(crowd: Crowd) -> None:
    crowd.prefers(channel="team")
    crowd.chat.refusing = True
    crowd.asks(told=("F1", "H2"), seats=(Seat(principal="F1", delegate="H2"),))
    crowd.post.deliver(CASE)
    assert (len(crowd.mailer.to("H2")), crowd.waiting()) == (1, 1)


def test_a_channel_that_is_gone_is_a_mail_and_that_can_be_seen(crowd: Crowd) -> None:
    crowd.prefers(channel="gone")
    crowd.asks()
    crowd.send_all()
    assert len(crowd.mailer.to("F1")) == 1
    assert crowd.errors() == ["the channel gone is not in the channels file; sent by mail"]


# ---- what is asked changes while a message waits ----


def test_a_question_that_moved_on_while_it_waited_is_asked_about_as_it_is_now(crowd: Crowd) -> None:
    crowd.prefers(digest=True)
    crowd.asks()
    seats = (Seat(principal="F1", delegate="H1"),)
    crowd.asks(seats=seats, number=2, told=())
    crowd.later(days=1).send_all()
    assert len(crowd.mailer.to("F1")) == 1
    assert crowd.waiting() == 0


def test_a_new_round_that_has_a_message_of_its_own_is_asked_about_once(crowd: Crowd) -> None:
    crowd.prefers(digest=True)
    crowd.asks()
    crowd.asks(number=2)
    crowd.later(days=1).send_all()
    assert len(crowd.mailer.to("F1")) == 1


def test_nobody_is_reminded_whose_vote_is_there(crowd: Crowd) -> None:
    crowd.asks(seats=(Seat(principal="F1"), Seat(principal="H1")), told=("F1", "H1"))
    with crowd.database.begin() as connection:
        decisions.accept(
            connection,
            SECRET,
            case_id=CASE,
            gate="finance",
            round=1,
            number=1,
            verdict=Verdict.APPROVED,
            by="F1",
            for_id=None,
            via=Via.SESSION,
            note="",
            report_digest="d" * 64,
            accepted_at=crowd.now,
        )
    crowd.send_all()
    assert [len(crowd.mailer.to(person)) for person in ("F1", "H1")] == [0, 1]


def test_all_mails_about_a_case_are_one_thread(crowd: Crowd) -> None:
    crowd.asks()
    kinds = (MessageKind.REMINDER, MessageKind.ESCALATION, MessageKind.HANDED_OVER)
    for kind in kinds:
        crowd.tells(kind, Tidings(gate="finance", round=1))
    crowd.tells(MessageKind.DECIDED, Tidings(gate="finance", round=1, verdict=Verdict.APPROVED, by="H1", at=DUE))
    crowd.post.deliver(CASE)
    crowd.send_all()
    if len(crowd.mailer.taken) == 1:
        pytest.fail("five messages of one case are no crowd")
    first, *answers = sorted(crowd.mailer.taken, key=lambda mail: mail["In-Reply-To"] is not None)
    assert first["In-Reply-To"] is None
    assert {(mail["In-Reply-To"], mail["References"]) for mail in answers} == {(first["Message-ID"],) * 2}


# ---- codes and choices ----


def reader(database: Database, person: str = "F1") -> Employee:
    with database.begin() as connection:
        return people.get(connection, person)


def test_a_code_leaves_at_once_and_is_kept_nowhere(crowd: Crowd) -> None:
    crowd.prefers(**NIGHT, digest=True, channel="team")
    crowd.post.send_code(reader(crowd.database), "493027", AT_NIGHT)
    [mail] = crowd.mailer.to("F1")
    assert "493027" in text_of(mail)
    assert (crowd.chat.taken, crowd.waiting()) == ([], 0)


def test_a_code_for_somebody_without_an_address_is_refused(crowd: Crowd) -> None:
    with crowd.database.begin() as connection:
        connection.execute(update(employees).where(employees.c.id == "F1").values(email=None))
    with pytest.raises(Refused, match="no usable e-mail address"):
        crowd.post.send_code(reader(crowd.database), "493027", AT_NIGHT)


def test_what_somebody_chose_is_read_as_it_was_written(crowd: Crowd) -> None:
    with crowd.database.begin() as connection:
        assert preferences.get(connection, "F1") == Preferences(employee_id="F1")
        chosen = Preferences.model_validate({"employee_id": "F1", "channel": "team", "digest": True, **NIGHT})
        preferences.put(connection, chosen, at=AT_NIGHT)
        preferences.put(connection, chosen, at=AT_NIGHT)
        assert preferences.get(connection, "F1") == chosen
        with pytest.raises(UnknownEmployee):
            preferences.put(connection, Preferences(employee_id="nobody"), at=AT_NIGHT)
