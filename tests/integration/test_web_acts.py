"""What people do on the page of a gate besides the two buttons: take back, send back, hand over, ask, sign in first."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from models.approvals import Refusal, Verdict, Via
from models.risk_level import Level
from store import decisions, delegations, evidence, questions
from store.database import Database
from store.decisions import StoredDecision
from store.delegations import DelegationKind
from tests.browser.departure import CASE, DUE, PUBLIC_URL, Departure, no_engine
from tests.browser.gate_states import GATE, SUBSTITUTE

Pages = httpx.AsyncClient


@pytest.fixture
def departure(database: Database) -> Departure:
    built = Departure(database).build()
    built.hire(*SUBSTITUTE)
    return built


@pytest.fixture
async def pages(departure: Departure) -> AsyncIterator[Pages]:
    async with browser(departure) as client:
        yield client


def browser(departure: Departure, cookies: dict[str, str] | None = None) -> Pages:
    transport = httpx.ASGITransport(departure.app(no_engine))
    headers = {"accept": "text/html", "accept-language": "en"}
    return Pages(transport=transport, base_url=PUBLIC_URL, headers=headers, cookies=cookies)


async def seen_in(pages: Pages, path: str) -> str:
    shown = await pages.get(path)
    found = re.search(r'name="seen" value="([^"]+)"', shown.text)
    assert found, shown.text
    return found[1]


async def send(pages: Pages, path: str, part: str = "", **fields: str) -> httpx.Response:
    fields = {"seen": await seen_in(pages, path + "?lang=en")} | fields
    return await pages.post(f"{path}{part}?lang=en", data=fields)


def said(departure: Departure, gate: str = GATE) -> list[StoredDecision]:
    with departure.database.begin() as connection:
        return decisions.of_gate(connection, CASE, gate)


def kinds(departure: Departure) -> list[str]:
    with departure.database.begin() as connection:
        return [entry.kind for entry in evidence.read(connection, CASE)]


async def test_a_question_is_kept_once_and_decides_nothing(departure: Departure, pages: Pages) -> None:
    path = f"/d/{departure.link()}"
    seen = await seen_in(pages, path)
    for _ in range(2):
        asked = await pages.post(f"{path}/ask", data={"seen": seen, "text": "Who talks to Hengtong?"})
        assert (asked.status_code, asked.headers["location"]) == (303, path)
    page = await pages.get(f"{path}?lang=en")
    assert page.text.count("Who talks to Hengtong?") == 1
    assert "No answer yet" in page.text
    assert 'value="approve"' in page.text
    assert said(departure) == []
    with departure.database.begin() as connection:
        (kept,) = questions.of_case(connection, CASE)
    assert (kept.gate, kept.asked_by) == (GATE, "E101")


@pytest.mark.parametrize(
    ("part", "fields", "error"),
    [
        ("/ask", {"text": "  "}, "Please write your question first."),
        ("/hand-over", {"reason": "on a train"}, "Choose somebody, or write an id or a name."),
        ("/hand-over", {"other": "Nobody Of Ours", "reason": "on a train"}, "Nobody Of Ours"),
        ("/hand-over", {"other": "E104", "reason": "on a train"}, "E104"),
        ("", {"verdict": "send_back", "note": " "}, "Please write what the new plan should do better."),
    ],
    ids=["no question", "nobody", "unknown", "the starter", "no wish"],
)
async def test_a_mistake_is_said_beside_the_field_and_nothing_is_lost(
    departure: Departure, pages: Pages, part: str, fields: dict[str, str], error: str
) -> None:
    page = await send(pages, f"/d/{departure.link()}", part, **fields)
    assert page.status_code == 422
    assert re.search(rf'<details open>.*role="alert">[^<]*.*{re.escape(error)}', page.text, re.DOTALL)
    assert page.text.count('aria-describedby="mistake" autofocus') == 1
    assert "<title>Error:" in page.text
    for kept in fields.values():
        assert not kept.strip() or kept in page.text
    assert said(departure) == []


async def test_a_question_that_is_handed_over_is_shown_as_such(departure: Departure, pages: Pages) -> None:
    path = f"/d/{departure.link()}"
    offered = await pages.get(f"{path}?lang=en")
    assert '<option value="E106">Sofia Lindqvist (sales manager)</option>' in offered.text
    assert 'value="E104"' not in offered.text  # who started the case
    given = await send(pages, path, "/hand-over", to="E106", reason="on a train")
    assert given.status_code == 303
    assert "You handed this over to Sofia Lindqvist" in (await pages.get(f"{path}?lang=en")).text
    with departure.database.begin() as connection:
        (kept,) = delegations.of_gate(connection, CASE, GATE, departure.clock.now)
    assert (kept.kind, kept.from_id, kept.to_id) == (DelegationKind.HANDED_OVER, "E101", "E106")
    assert said(departure) == []


async def test_a_delegate_answers_in_the_seat_of_another(departure: Departure, pages: Pages) -> None:
    departure.ask_again(GATE, "E101", E101="E106")
    path = f"/d/{departure.link(approver='E106', number=2)}"
    assert (await send(pages, path, verdict="approve")).status_code == 303
    (kept,) = said(departure)
    assert (kept.by, kept.for_id, kept.via) == ("E106", "E101", Via.LINK)
    receipt = await pages.get(f"{path}/receipt?lang=en")
    assert "Answered for" in receipt.text
    principal = await pages.get(f"/d/{departure.link(number=2)}?lang=en")
    assert principal.status_code == 409
    for words in ("This has been decided already", "Answered by", "Sofia Lindqvist"):
        assert words in principal.text


async def test_a_plan_is_sent_back_with_a_wish(departure: Departure, pages: Pages) -> None:
    path = f"/d/{departure.link()}"
    sent = await send(pages, path, verdict="send_back", note="Not all of them to one person")
    assert sent.headers["location"] == f"{path}/receipt?lang=en"
    (kept,) = said(departure)
    assert (kept.verdict, kept.note) == (Verdict.SENT_BACK, "Not all of them to one person")
    departure.close(GATE, Verdict.SENT_BACK, "E101")
    other = await pages.get(f"/d/{departure.link('finance', 'E102')}?lang=en")
    assert other.status_code == 409
    assert "The plan was sent back" in other.text


async def test_an_answer_is_taken_back_and_given_again(database: Database) -> None:
    departure = Departure(database, needed=2).build()
    departure.ask_again(GATE, "E101", "E105", E105="E102")
    path = f"/d/{departure.link(number=2)}"
    departure.say(Verdict.APPROVED, "E101")
    async with browser(departure) as pages:
        before = await seen_in(pages, path)
        for _ in range(3):  # the same form again and again
            taken = await pages.post(path, data={"seen": before, "verdict": "take_back"})
            assert taken.status_code == 303
        assert "You took your answer back" in (await pages.get(f"{path}?lang=en")).text
        assert [each.verdict for each in said(departure)] == [Verdict.APPROVED, Verdict.TAKEN_BACK]
        assert (await send(pages, path, verdict="decline", note="The money first")).status_code == 303
        assert [(each.number, each.verdict) for each in said(departure)][2:] == [(3, Verdict.DECLINED)]


async def test_what_was_never_said_cannot_be_taken_back(departure: Departure, pages: Pages) -> None:
    answer = await send(pages, f"/d/{departure.link()}", verdict="take_back")
    assert answer.status_code == 409
    assert "There is nothing to take back" in answer.text
    assert said(departure) == []


async def test_at_a_high_level_a_link_alone_shows_and_takes_nothing(database: Database) -> None:
    departure = Departure(database, sign_in_from=Level.HIGH).build()
    path = f"/d/{departure.link()}"
    async with browser(departure, departure.sign_in("E101")) as signed_in, browser(departure) as stranger:
        shown = await stranger.get(f"{path}?lang=en")
        assert "Sign in to decide" in shown.text
        assert f'href="/sign-in?next={path.replace("/", "%2F")}"' in shown.text
        assert "<form" not in shown.text
        forged = {"seen": await seen_in(signed_in, path), "verdict": "approve"}
        assert (await stranger.post(path, data=forged)).status_code == 400  # it is bound to the session
        token = path.removeprefix("/d/")
        api = await stranger.post("/api/decisions", json={"token": token, "verdict": "approved"})
        assert (api.status_code, api.json()["reason"]) == (403, Refusal.SIGN_IN_NEEDED.value)
        assert said(departure) == []
        assert (await send(signed_in, path, verdict="approve")).status_code == 303
    (kept,) = said(departure)
    assert (kept.by, kept.via) == ("E101", Via.SESSION)


async def test_a_form_from_before_the_sign_in_has_the_rights_of_the_link_only(database: Database) -> None:
    departure = Departure(database).build()
    path = f"/d/{departure.link()}"
    async with browser(departure) as pages:
        fields = {"seen": await seen_in(pages, path), "verdict": "approve"}
        pages.cookies.update(departure.sign_in("E101"))
        assert (await pages.post(path, data=fields)).status_code == 303
    assert [each.via for each in said(departure)] == [Via.LINK]


async def test_who_is_signed_in_as_somebody_else_sees_nothing_and_is_written_down(departure: Departure) -> None:
    path = f"/d/{departure.link()}"
    async with browser(departure) as owner:
        seen = await seen_in(owner, path)
    async with browser(departure, departure.sign_in("E105")) as other:
        for answer in (
            await other.get(f"{path}?lang=en"),
            await other.get(f"{path}/report?lang=en"),
            await other.get(f"{path}/receipt?lang=en"),
            *[await other.post(path, data={"seen": seen, "verdict": "approve"}) for _ in range(50)],
        ):
            assert answer.status_code == 403
            assert "陈思远" not in answer.text
        problem = await other.get(path, headers={"accept": "application/json"})
        assert problem.json()["reason"] == "wrong_person"
    assert said(departure) == []
    assert kinds(departure) == ["link.wrong_person"]


async def test_a_session_opens_only_gates_where_its_person_is_asked(departure: Departure) -> None:
    path = f"/g/{CASE}/{GATE}"
    async with browser(departure) as nobody:
        sent_on = await nobody.get(path)
        assert sent_on.status_code == 303
        assert sent_on.headers["location"].startswith("/sign-in?next=")
    async with browser(departure, departure.sign_in("E105")) as other:
        answers = [await other.get(each) for each in (path, f"/g/{CASE}/nothing", f"/g/offboarding-E999/{GATE}")]
        assert {each.status_code for each in answers} == {404}
        assert len({each.text for each in answers}) == 1
    async with browser(departure, departure.sign_in("E101")) as owner:
        assert (await owner.get(f"{path}/report")).status_code == 200
        assert (await send(owner, path, verdict="approve")).headers["location"] == f"{path}/receipt?lang=en"
        assert (await owner.get(f"{path}/receipt")).status_code == 202
    assert [each.via for each in said(departure)] == [Via.SESSION]


async def test_who_is_not_active_any_more_decides_nothing(departure: Departure, pages: Pages) -> None:
    token = departure.link()
    seen = await seen_in(pages, f"/d/{token}")
    departure.dismiss("E101")
    answer = await pages.post(f"/d/{token}", data={"seen": seen, "verdict": "approve"})
    assert answer.status_code == 403
    assert said(departure) == []


async def test_an_immaterial_version_leaves_the_question_and_says_so(departure: Departure, pages: Pages) -> None:
    path = f"/d/{departure.link()}"
    departure.change_report()
    page = await pages.get(f"{path}?lang=en")
    assert page.status_code == 200
    assert "Since version 2 of the report there is version 3." in page.text


async def test_an_answer_late_by_a_moment_is_told_the_same_by_page_and_door(departure: Departure, pages: Pages) -> None:
    path = f"/d/{departure.link()}"
    seen = await seen_in(pages, path)
    departure.clock.now = DUE + timedelta(microseconds=1)
    pressed = await pages.post(path, data={"seen": seen, "verdict": "approve"})
    shown = await pages.get(path)
    assert (pressed.status_code, shown.status_code) == (410, 410)
    assert pressed.text == shown.text
