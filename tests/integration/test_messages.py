"""Mails as people read them: both languages, both forms, one link, one thread, nothing slipped in."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, default
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from models.approvals import Ladder, Refusal, Verdict
from models.case import Phase
from models.errors import Refused
from models.people import Employee
from reports.digest_letter import digest_letter
from reports.language import language
from reports.letter_words import GATES
from reports.letters import Facts, Sum, VoteLine
from reports.messages import cleaned, compose, envelope, mail_id, one_line
from reports.sign_in_letter import sign_in_letter
from store.outbox import ASKING, MessageKind
from tests.approval_case import text_of

DUE = datetime(2026, 11, 26, 10, tzinfo=UTC)
SENT = datetime(2026, 11, 24, 2, tzinfo=UTC)
LINK = "https://offboard.example/d/" + "x" * 180
MONEY = (Sum(currency="CNY", total=Decimal("1708.77"), overdue=Decimal("185.52")),)
ENGLISH = Employee(id="M1", name="Wang Wei", email="wang@example.com", language="en", time_zone="America/New_York")
CHINESE = ENGLISH.model_copy(update={"language": "zh-CN", "time_zone": "Asia/Shanghai", "name": "王伟"})

ASK = Facts(
    kind=MessageKind.ASK,
    case_id="offboarding-E1",
    leaver="李娜",
    last_working_day=date(2026, 12, 18),
    link=LINK,
    gate="finance",
    due_at=DUE,
    money=MONEY,
)


def told(**changed: object) -> Facts:
    return ASK.model_copy(update=changed)


def decided(verdict: Verdict, note: str = "") -> Facts:
    return told(kind=MessageKind.DECIDED, verdict=verdict, by="赵敏", at=SENT, note=note, due_at=None)


VOTES = (
    VoteLine(by="赵敏", verdict=Verdict.APPROVED),
    VoteLine(by="孙丽", principal="钱进", verdict=Verdict.DECLINED),
    VoteLine(by="周迅", verdict=Verdict.SENT_BACK),
)
QUESTION = told(kind=MessageKind.QUESTION, by="赵敏", question="苏州客户怎么办？")
ANSWER = told(kind=MessageKind.ANSWER, by="孙丽", question="苏州客户怎么办？", answer="由钱进接手。")
EVERY_MAIL = [
    *(told(gate=gate) for gate in GATES),
    *(told(kind=kind, ladder=ladder, silent="赵敏") for kind in ASKING for ladder in Ladder),
    *(told(kind=kind, principal="钱进", people=3, needed=2) for kind in ASKING),
    QUESTION,
    ANSWER,
    told(money=None),
    told(money=()),
    told(money=(*MONEY, *MONEY)),
    decided(Verdict.APPROVED),
    decided(Verdict.DECLINED, "先谈妥"),
    decided(Verdict.SENT_BACK, "换人接手").model_copy(update={"votes": VOTES, "principal": "钱进"}),
    told(kind=MessageKind.TIMED_OUT, at=SENT),
    *(told(kind=MessageKind.REFUSED, refusal=refusal, at=SENT) for refusal in Refusal),
    *(
        told(kind=MessageKind.CASE_ENDED, phase=phase, at=SENT, gate="", due_at=None)
        for phase in (Phase.CLOSED, Phase.DECLINED, Phase.WITHDRAWN)
    ),
]


class Page(HTMLParser):
    """What a mail program would show of an HTML mail, and what it would fetch."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: list[str] = []
        self.words: list[str] = []
        self._hidden = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._hidden += tag in ("title", "style")
        self.links += [value for name, value in attrs if name in ("href", "src", "background") and value]

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("title", "style")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.words.append(data)


def mail(facts: Facts, recipient: Employee = ENGLISH, *, own: str = "ask", thread: str = "ask") -> EmailMessage:
    """The mail as it arrives: written, sent as bytes, read again."""
    made = compose(
        recipient,
        facts,
        message_id=mail_id(own, "offboard.example"),
        thread_id=mail_id(thread, "offboard.example"),
        sent_at=SENT,
    )
    return message_from_bytes(made.as_bytes(), policy=default)


def page_of(message: EmailMessage) -> Page:
    body = message.get_body(("html",))
    assert body is not None
    return Page(str(body.get_content()))


def words_of(text: str) -> str:
    return re.sub(r"\s", "", text)


@pytest.mark.parametrize("reader", [ENGLISH, CHINESE], ids=["en", "zh"])
@pytest.mark.parametrize("facts", EVERY_MAIL, ids=lambda facts: facts.kind.value)
def test_text_and_page_say_the_same_with_one_link_and_no_picture(facts: Facts, reader: Employee) -> None:
    message = mail(facts, reader)
    page = page_of(message)
    assert message.get_content_type() == "multipart/alternative"
    assert words_of(text_of(message)).replace(LINK, "") == words_of("".join(page.words))
    assert page.links == [LINK]
    assert re.findall(r"https?://\S+", text_of(message)) == [LINK]
    assert not {"img", "script", "link", "iframe", "style", "form"} & set(page.tags)


@pytest.mark.parametrize("facts", EVERY_MAIL, ids=lambda facts: facts.kind.value)
def test_a_chinese_mail_has_no_english_words_left(facts: Facts) -> None:
    message = mail(facts, CHINESE)
    own_words = text_of(message).replace(LINK, "") + str(message["Subject"])
    for known in ("offboarding-E1", "Asia/Shanghai", "CNY", "IT"):
        own_words = own_words.replace(known, "")
    assert re.findall(r"[A-Za-z]{2,}", own_words) == []


def test_the_key_message_comes_first_and_then_the_facts() -> None:
    text = text_of(mail(ASK))
    first, *facts = [line for line in text.splitlines() if line]
    assert first == (
        "李娜 is leaving. Please approve or decline for finance by Nov 26, 2026, 5:00:00\u202fAM (America/New_York)."
    )
    assert facts[0] == "Who leaves: 李娜, last working day Dec 18, 2026"
    assert facts[1] == "Case: offboarding-E1"
    assert "Money at risk: 1,708.77 CNY owed by this person's clients, 185.52 CNY of it overdue" in facts


def test_a_chinese_reader_gets_the_time_of_their_own_zone() -> None:
    text = text_of(mail(ASK, CHINESE))
    assert text.splitlines()[0] == (
        "李娜即将离职。请代表财务在 2026年11月26日 18:00:00 (Asia/Shanghai) 之前同意或拒绝。"
    )
    assert "金额：名下客户应收账款 1,708.77 CNY，其中逾期 185.52 CNY" in text


def test_unknown_money_is_called_unknown_and_not_nothing() -> None:
    assert "Money at risk: not known yet" in text_of(mail(told(money=None)))
    assert "Money at risk: none" in text_of(mail(told(money=())))


def test_an_escalation_says_who_was_silent_and_why_the_reader_is_asked() -> None:
    text = text_of(mail(told(kind=MessageKind.ESCALATION, ladder=Ladder.ESCALATION, silent="Zhao Min")))
    assert text.startswith("Zhao Min did not answer in time, so the question comes to you")
    assert "Why you: You are next in line after the person who did not answer." in text


def test_a_silence_is_never_called_an_approval() -> None:
    text = text_of(mail(told(kind=MessageKind.TIMED_OUT, at=SENT)))
    assert "Nobody answered for finance in time. Silence is never an approval" in text


def test_a_refusal_carries_its_reason() -> None:
    assert "Reason given: 先谈妥苏州客户" in text_of(mail(decided(Verdict.DECLINED, "先谈妥苏州客户")))


@pytest.mark.parametrize("facts", EVERY_MAIL, ids=lambda facts: facts.kind.value)
def test_a_subject_names_the_person_and_the_case_but_no_amount(facts: Facts) -> None:
    subject = str(mail(facts)["Subject"])
    assert subject.endswith("李娜 (offboarding-E1)") or "李娜 is leaving (offboarding-E1)" in subject
    assert not any(figure in subject for figure in ("1,708", "1708", "185", "CNY"))


def test_the_first_mail_starts_the_thread_and_the_next_ones_answer_it() -> None:
    first, second = mail(ASK), mail(ASK, own="reminder")
    assert first["In-Reply-To"] is None
    assert second["In-Reply-To"] == second["References"] == first["Message-ID"]
    assert second["Message-ID"] != first["Message-ID"]
    assert first["Auto-Submitted"] == "auto-generated"


def test_a_message_id_is_the_same_on_every_try_and_tells_nothing() -> None:
    made = mail_id("offboarding-E1/ask/finance/1/F1", "offboard.example")
    assert made == mail_id("offboarding-E1/ask/finance/1/F1", "offboard.example")
    assert re.fullmatch(r"<[0-9a-f]{40}@offboard\.example>", made)
    assert mail_id("x", "::1").endswith("@1>")
    assert mail_id("x", "").endswith("@offboard>")


@given(st.text(max_size=60))
@example("000000000000;\\")  # what Python's own folding of a quoted name once let through
@example("000000000000000")
def test_no_name_can_slip_in_a_header_or_markup(name: str) -> None:
    attack = f"Li\r\nBcc: thief@example.com\n{name}<img src='https://thief.example/x'>"
    votes = (VoteLine(by=attack, principal=attack, verdict=Verdict.APPROVED),)
    hostile = told(
        leaver=attack, silent=attack, note=attack, principal=attack, votes=votes, kind=MessageKind.ESCALATION
    )
    reader = ENGLISH.model_copy(update={"name": attack})
    message = mail(hostile, reader)
    expected = {
        "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Language", "MIME-Version", "Content-Type",
    }  # fmt: skip
    assert set(message.keys()) == expected
    assert [address.addr_spec for address in message["To"].addresses] == ["wang@example.com"]
    page = page_of(message)
    assert page.links == [LINK]
    assert "img" not in page.tags


@given(st.text())
def test_one_line_is_one_line(text: str) -> None:
    line = one_line(text)
    assert len(line.splitlines()) <= 1
    assert line == one_line(line)
    assert not set(line) & set("\u202e\u2066\x00\x85\u2028")


@pytest.mark.parametrize(
    "email", [None, "", "nobody", "a b@x", "a@", "@x", "a@b, c@d", "a@b\r\nBcc: c@d", '"a <c@d>"@b', "李@b.cn", "a@b."]
)
def test_somebody_without_a_usable_address_is_named_by_id(email: str | None) -> None:
    with pytest.raises(Refused, match="employee M1 has no usable e-mail address") as refused:
        mail(ASK, ENGLISH.model_copy(update={"email": email}))
    assert refused.value.detail == {"employee": "M1"}


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "America", "../etc/passwd"])
def test_an_unknown_zone_of_the_reader_becomes_utc(zone: str) -> None:
    text = text_of(mail(ASK, ENGLISH.model_copy(update={"time_zone": zone})))
    assert "10:00:00\u202fAM (UTC)" in text


def test_a_mail_without_a_link_invites_to_nothing() -> None:
    ended = told(kind=MessageKind.CASE_ENDED, phase=Phase.WITHDRAWN, link=None)
    message = mail(ended)
    assert "See the case" not in text_of(message)
    assert page_of(message).links == []


def test_every_line_of_a_mail_fits_what_servers_take() -> None:
    made = compose(CHINESE, told(leaver="李" * 300), message_id="<a@b>", thread_id="<a@b>", sent_at=SENT)
    assert max(len(line) for line in made.as_bytes(policy=SMTP).split(b"\r\n")) <= 998


# ---- seats, questions, digests, codes ----


def test_who_answers_for_somebody_reads_for_whom_and_how_many_must_approve() -> None:
    text = text_of(mail(told(kind=MessageKind.HANDED_OVER, principal="Qian Jin", people=3, needed=2)))
    assert text.startswith("The question was handed to you: 李娜 is leaving.")
    assert "Why you: Qian Jin is asked for finance, and you may answer in their place." in text
    assert "Must approve: 2 of the 3 people who are asked" in text


def test_a_vote_for_somebody_is_shown_as_b_for_a() -> None:
    facts = decided(Verdict.DECLINED).model_copy(update={"by": "Sun Li", "principal": "Qian Jin", "votes": VOTES})
    text = text_of(mail(facts))
    assert text.startswith("Sun Li for Qian Jin declined the departure of 李娜 for finance.")
    assert "Votes: 赵敏 approved; 孙丽 for 钱进 declined; 周迅 sent it back" in text
    assert "孙丽（代钱进）已拒绝" in text_of(mail(facts, CHINESE))


def test_a_question_comes_with_its_words_and_leaves_the_deadline_alone() -> None:
    text = text_of(mail(QUESTION))
    assert "Question: 苏州客户怎么办？" in text
    assert "To be decided until: Nov 26, 2026" in text
    assert "The deadline does not move" in text
    assert "Answer: 由钱进接手。" in text_of(mail(ANSWER))


DIGEST = [
    told(case_id="offboarding-E2", due_at=datetime(2026, 11, 30, tzinfo=UTC)),
    decided(Verdict.APPROVED),
    ASK,
    told(kind=MessageKind.CASE_ENDED, phase=Phase.CLOSED, gate="", due_at=None),
    *(told(kind=kind) for kind in (*ASKING, MessageKind.TIMED_OUT, MessageKind.REFUSED)),
    QUESTION,
    ANSWER,
]
INBOX = "https://offboard.example/inbox"


def digest(reader: Employee) -> EmailMessage:
    content = digest_letter([cleaned(facts) for facts in DIGEST], INBOX, language(reader.language), reader.time_zone)
    made = envelope(reader, content, message_id="<d@b>", thread_id="<d@b>", sent_at=SENT)
    return message_from_bytes(made.as_bytes(), policy=default)


@pytest.mark.parametrize("reader", [ENGLISH, CHINESE], ids=["en", "zh"])
def test_a_digest_says_the_same_twice_with_one_link_to_the_inbox(reader: Employee) -> None:
    message = digest(reader)
    page = page_of(message)
    assert words_of(text_of(message)).replace(INBOX, "") == words_of("".join(page.words))
    assert page.links == re.findall(r"https?://\S+", text_of(message)) == [INBOX]
    assert "李娜" not in str(message["Subject"])
    assert str(len(DIGEST)) in str(message["Subject"])


def test_a_digest_in_chinese_has_no_english_words_left() -> None:
    own_words = text_of(digest(CHINESE)).replace(INBOX, "") + str(digest(CHINESE)["Subject"])
    assert set(re.findall(r"[A-Za-z]{2,}", own_words)) == {"offboarding", "Asia", "Shanghai", "Offboard"}


def test_a_digest_begins_with_what_is_due_first_and_ends_with_the_news() -> None:
    lines = [line for line in text_of(digest(ENGLISH)).splitlines() if "(offboarding-" in line]
    assert len(lines) == len(DIGEST)
    assert ": 李娜 (offboarding-E1), until Nov 26, 2026" in lines[0]
    later = next(number for number, line in enumerate(lines) if "offboarding-E2" in line)
    assert all("until" in line for line in lines[: later + 1])
    assert not any("until" in line for line in lines[later + 1 :])
    assert text_of(digest(ENGLISH)).startswith("6 decisions wait for you.")


@pytest.mark.parametrize("reader", [ENGLISH, CHINESE], ids=["en", "zh"])
def test_a_code_is_in_the_text_and_nowhere_else(reader: Employee) -> None:
    content = sign_in_letter("493027", 10, language(reader.language))
    made = envelope(reader, content, message_id="<c@b>", thread_id="<c@b>", sent_at=SENT)
    message = message_from_bytes(made.as_bytes(), policy=default)
    page = page_of(message)
    assert "493027" in text_of(message)
    assert words_of(text_of(message)) == words_of("".join(page.words))
    assert page.links == []
    assert "493027" not in str(message["Subject"])
