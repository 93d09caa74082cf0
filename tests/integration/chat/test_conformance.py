"""Chats: what every one of them promises, checked against a server that answers as the services do."""

import logging
import time
from collections.abc import Callable

import pytest

from models.errors import OffboardError, Refused, Unavailable
from systems.chat.apprise_url import AppriseUrl
from systems.chat.dingtalk import DingTalk
from systems.chat.feishu import Feishu
from systems.chat.port import ChatMessage, Messenger
from systems.chat.webhook import checked
from systems.chat.wecom import WeCom
from tests.integration.chat.bots import SECRET, TOKEN, Bots, Mood

MESSAGE = ChatMessage(text="离职单：offboarding-E1\n截止时间：明天 18:00", link="https://offboard.example/inbox")
OWN = ("dingtalk", "feishu", "wecom")
KINDS = (*OWN, "apprise")
SIGNING = ("dingtalk", "feishu")
PATIENCE = 0.5  # seconds

MAKERS: dict[str, Callable[[str, str], Messenger]] = {
    "dingtalk": lambda url, secret: DingTalk("team", url, secret, timeout=PATIENCE),
    "feishu": lambda url, secret: Feishu("team", url, secret, timeout=PATIENCE),
    "wecom": lambda url, _: WeCom("team", url, timeout=PATIENCE),
    "apprise": lambda url, _: AppriseUrl("team", url + "?cto=0.5&rto=0.5"),
}


def chat(bots: Bots, kind: str, secret: str = "", token: str = TOKEN) -> Messenger:
    return MAKERS[kind](bots.url(kind, token), secret)


def failure(bots: Bots, kind: str, mood: Mood, secret: str = "") -> OffboardError:
    """What comes of sending while the service is in a mood; nothing may have reached the group."""
    bots.mood = mood
    with pytest.raises(OffboardError) as failed:
        chat(bots, kind, secret).send(MESSAGE)
    assert bots.taken == []
    assert failed.value.detail["channel"] == "team"
    return failed.value


@pytest.mark.parametrize("kind", KINDS)
def test_a_message_arrives_with_its_address(bots: Bots, kind: str) -> None:
    chat(bots, kind).send(MESSAGE)
    assert bots.taken == ["离职单：offboarding-E1\n截止时间：明天 18:00\nhttps://offboard.example/inbox"]


@pytest.mark.parametrize("kind", SIGNING)
def test_a_signed_message_is_one_that_the_service_takes(bots: Bots, kind: str) -> None:
    bots.signed = True
    chat(bots, kind, SECRET).send(MESSAGE)
    assert len(bots.taken) == 1
    bots.taken.clear()
    assert isinstance(failure(bots, kind, Mood.WELL, "another"), Refused)
    assert isinstance(failure(bots, kind, Mood.WELL), Refused)


@pytest.mark.parametrize(("kind", "code"), [*zip(OWN, ("310000", "19024", "93000"), strict=True)])
def test_a_refusal_under_http_200_is_seen_with_its_code(bots: Bots, kind: str, code: str) -> None:
    refused = failure(bots, kind, Mood.REFUSING)
    assert isinstance(refused, Refused)
    assert (refused.detail["reason"], refused.detail["answer"]) == ("refused", code)


def test_a_refusal_through_apprise_is_seen(bots: Bots) -> None:
    assert isinstance(failure(bots, "apprise", Mood.REFUSING), Unavailable)


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_token_is_seen(bots: Bots, kind: str) -> None:
    with pytest.raises(OffboardError):
        chat(bots, kind, token="another").send(MESSAGE)
    assert bots.taken == []


@pytest.mark.parametrize("mood", [Mood.LIMITING, Mood.BUSY])
@pytest.mark.parametrize("kind", OWN)
def test_too_many_messages_are_worth_another_try(bots: Bots, kind: str, mood: Mood) -> None:
    limited = failure(bots, kind, mood)
    assert isinstance(limited, Unavailable)
    assert limited.detail["reason"] == "rate_limited"


@pytest.mark.parametrize("mood", [Mood.GARBAGE, Mood.LIST, Mood.ENDLESS])
@pytest.mark.parametrize("kind", OWN)
def test_an_answer_that_cannot_be_read_is_no_success(bots: Bots, kind: str, mood: Mood) -> None:
    garbled = failure(bots, kind, mood)
    assert isinstance(garbled, Unavailable)
    assert garbled.detail["reason"] == "garbled"


@pytest.mark.parametrize("kind", KINDS)
def test_a_broken_service_is_worth_another_try(bots: Bots, kind: str) -> None:
    broken = failure(bots, kind, Mood.BROKEN)
    assert isinstance(broken, Unavailable)
    assert broken.detail["reason"] == "no_answer"


@pytest.mark.parametrize("mood", [Mood.SILENT, Mood.DRIPPING])
@pytest.mark.parametrize("kind", OWN)
def test_nobody_waits_long_for_a_service_that_says_nothing(bots: Bots, kind: str, mood: Mood) -> None:
    begun = time.monotonic()
    assert isinstance(failure(bots, kind, mood), Unavailable)
    assert time.monotonic() - begun < 6 * PATIENCE


def test_apprise_does_not_wait_long_either(bots: Bots) -> None:
    assert isinstance(failure(bots, "apprise", Mood.SILENT), Unavailable)


@pytest.mark.parametrize("kind", KINDS)
def test_no_redirect_is_followed(bots: Bots, kind: str) -> None:
    failure(bots, kind, Mood.ELSEWHERE)
    assert [hit for hit in bots.hits if "elsewhere" in hit] == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_service_that_is_not_there_is_worth_another_try(bots: Bots, kind: str) -> None:
    gone = bots.url(kind).replace(f":{bots.port}", ":1")
    with pytest.raises(Unavailable):
        MAKERS[kind](gone, "").send(MESSAGE)


@pytest.mark.parametrize("mood", [Mood.WELL, Mood.REFUSING, Mood.BROKEN, Mood.SILENT, Mood.GARBAGE])
@pytest.mark.parametrize("kind", KINDS)
def test_neither_log_nor_error_holds_what_opens_the_chat(
    bots: Bots, kind: str, mood: Mood, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    bots.mood = mood
    said = ""
    try:
        chat(bots, kind, SECRET).send(MESSAGE)
    except OffboardError as failed:
        said = f"{failed!r} {failed.detail} {failed.__cause__!r} {failed.__suppress_context__ or failed.__context__!r}"
    for canary in (TOKEN, SECRET, "sign="):
        assert canary not in said
        assert canary not in caplog.text


@pytest.mark.parametrize(
    "url",
    [
        "dingtalk://abc1234567890123456789012345678901234567890123456789012345678901/",
        "feishu://abc-123/",
        "wecombot://12345678-1234-1234-1234-123456789012/",
        "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=12345678-1234-1234-1234-123456789012",
    ],
)
def test_apprise_does_not_speak_for_the_bots_that_it_misreads(url: str) -> None:
    with pytest.raises(Refused, match="a kind of its own"):
        AppriseUrl("team", url)


def test_apprise_refuses_what_it_does_not_know_without_showing_it() -> None:
    with pytest.raises(Refused, match="none that apprise knows") as refused:
        AppriseUrl("team", f"nonsense://{TOKEN}")
    assert TOKEN not in str(refused.value)


@pytest.mark.parametrize(
    "url", ["http://bots.example/x", "ftp://bots.example/x", "https://", "bots.example", "https://bots.example:x/", ""]
)
def test_an_address_that_would_leave_unencrypted_or_nowhere_is_refused(url: str) -> None:
    with pytest.raises(Refused, match="must begin with https://"):
        checked("team", url)
