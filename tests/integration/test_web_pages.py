"""Every state of a link has its own honest page, in both languages; looking never decides."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import func, select

from models.approvals import DecisionReceipt, Refusal, Verdict
from store import decisions
from store.database import Database
from store.links import Purpose
from store.tables import decisions as decision_rows
from tests.browser.departure import DUE, NOON, PUBLIC_URL, Departure, no_engine
from tests.report_builder import build_report

Pages = httpx.AsyncClient


@pytest.fixture
def departure(database: Database) -> Departure:
    return Departure(database).build()


@pytest.fixture
async def pages(departure: Departure) -> AsyncIterator[Pages]:
    transport = httpx.ASGITransport(departure.app(no_engine), raise_app_exceptions=False)
    async with Pages(transport=transport, base_url=PUBLIC_URL, headers={"accept": "text/html"}) as client:
        yield client


def stored(departure: Departure) -> int:
    with departure.database.begin() as connection:
        return connection.execute(select(func.count()).select_from(decision_rows)).scalar_one()


async def form_of(pages: Pages, token: str) -> str:
    shown = await pages.get(f"/d/{token}")
    found = re.search(r'name="seen" value="([^"]+)"', shown.text)
    assert found, shown.text
    return found[1]


async def press(pages: Pages, token: str, verdict: str = "approve", **fields: str) -> httpx.Response:
    seen = await form_of(pages, token)
    return await pages.post(f"/d/{token}", data={"seen": seen, "verdict": verdict, **fields})


def settle(departure: Departure, *, counted: bool, refusal: Refusal | None = None) -> None:
    """What the case does with the manager's stored decision."""
    with departure.database.begin() as connection:
        own = decisions.of_gate(connection, "offboarding-E100", "sales_manager")[0]
        receipt = DecisionReceipt(decision_id=own.id, gate=own.gate, counted=counted, refusal=refusal)
        decisions.settle(connection, own.id, receipt)


async def test_the_open_page_says_who_what_why_how_much_and_until_when(departure: Departure, pages: Pages) -> None:
    page = await pages.get(f"/d/{departure.link()}")
    assert page.status_code == 200
    for words in (
        "陈思远即将离职",
        "60 个客户",
        "直属上级",
        "CNY",
        "11月26日周四 18:00 (中国标准时间)",
        "还剩 2 天 6 小时",
    ):
        assert words in page.text
    assert '<html lang="zh-CN">' in page.text
    assert '<time datetime="2026-11-26T10:00:00+00:00">' in page.text
    assert len(page.content) <= 50 * 1024
    assert not re.findall(r'(?:src|href|action)="(?:https?:)?//', page.text)


async def test_the_recipients_language_is_first_and_the_switch_changes_it(departure: Departure, pages: Pages) -> None:
    finance = departure.link("finance", "E102")
    page = await pages.get(f"/d/{finance}", headers={"accept-language": "zh-CN"})
    assert "Decide by" in page.text
    assert "You are asked as finance reviewer." in page.text
    assert 'href="?lang=zh-CN" lang="zh-CN" hreflang="zh-CN">中文</a>' in page.text
    switched = await pages.get(f"/d/{finance}?lang=zh-CN")
    assert "由您作为财务复核审批" in switched.text
    assert f'action="/d/{finance}?lang=zh-CN"' in switched.text


async def test_looking_never_decides(departure: Departure, pages: Pages) -> None:
    token = departure.link()
    for _ in range(50):
        assert (await pages.get(f"/d/{token}")).status_code == 200
        assert (await pages.head(f"/d/{token}")).status_code == 200
    assert (await pages.options(f"/d/{token}")).status_code == 405
    assert stored(departure) == 0
    assert (await press(pages, token)).status_code == 303


async def test_a_press_leads_to_the_receipt_and_a_second_one_changes_nothing(
    departure: Departure, pages: Pages
) -> None:
    token = departure.link()
    seen = await form_of(pages, token)
    for verdict in ("approve", "approve", "decline"):
        pressed = await pages.post(f"/d/{token}", data={"seen": seen, "verdict": verdict, "note": "Changed my mind"})
        assert pressed.status_code == 303
        assert pressed.headers["location"] == f"/d/{token}/receipt"
    assert stored(departure) == 1
    waiting = await pages.get(f"/d/{token}/receipt")
    assert waiting.status_code == 202
    assert "已保存，待确认" in waiting.text
    settle(departure, counted=True)
    receipt = await pages.get(f"/d/{token}/receipt?lang=en")
    assert receipt.status_code == 200
    assert "Approved. Thank you." in receipt.text
    assert "Next: the case still waits for Finance." in receipt.text
    assert "You approved this" in (await pages.get(f"/d/{token}?lang=en")).text


async def test_a_decline_without_a_reason_keeps_the_page_and_the_text(departure: Departure, pages: Pages) -> None:
    token = departure.link("finance", "E102")
    page = await press(pages, token, "decline", note="   ")
    assert page.status_code == 422
    assert 'role="alert">Please write why you decline.' in page.text
    assert 'aria-describedby="mistake" autofocus' in page.text
    assert "<title>Error:" in page.text
    assert stored(departure) == 0
    assert (await press(pages, token, "decline", note="Invoices are open")).status_code == 303
    settled = await pages.get(f"/d/{token}")
    assert "Invoices are open" in settled.text


async def test_what_people_write_is_shown_and_never_run(departure: Departure, pages: Pages) -> None:
    token = departure.link()
    await press(pages, token, "decline", note="<script>alert(1)</script>")
    page = await pages.get(f"/d/{token}")
    assert "&lt;script&gt;alert(1)" in page.text
    assert "<script" not in page.text


LATE = "The time to decide is over"
GONE = "This question is closed"


@pytest.mark.parametrize("lang", ["en", "zh-CN"])
@pytest.mark.parametrize(
    ("happened", "status", "title", "title_zh", "named"),
    [
        (lambda d: d.close("sales_manager", Verdict.APPROVED, "E105"), 409, "This has been decided already",
         "该事项已有审批结果", "赵敏"),
        (lambda d: setattr(d.clock, "now", DUE + timedelta(microseconds=1)), 410, LATE, "审批时间已过", "18:00"),
        (lambda d: d.close("sales_manager", Verdict.TIMED_OUT, None), 410, LATE, "审批时间已过", "18:00"),
        (lambda d: (d.change_report(), d.ask_again("sales_manager", "E101")), 409,
         "The report has changed since this link was sent", "此链接发出后报告已变更", "3"),
        (lambda d: d.escalate("sales_manager", "E105"), 403, "Somebody else is asked now", "该事项已转交他人", "赵敏"),
        (lambda d: d.end(), 410, GONE, "该事项已关闭", "陈思远"),
    ],
    ids=["decided", "late", "timed out", "report changed", "escalated", "ended"],
)  # fmt: skip
async def test_every_other_state_has_its_own_page(  # noqa: PLR0913, PLR0917  (one column a fact)
    departure: Departure, pages: Pages, happened, status: int, title: str, title_zh: str, named: str, lang: str
) -> None:
    token = departure.link()
    seen = await form_of(pages, token)
    happened(departure)
    for answer in (
        await pages.get(f"/d/{token}?lang={lang}"),
        await pages.post(f"/d/{token}?lang={lang}", data={"seen": seen, "verdict": "approve"}),
    ):
        assert answer.status_code == status
        assert (title if lang == "en" else title_zh) in answer.text
        assert named in answer.text
        assert "<form" not in answer.text
    assert stored(departure) == 0
    told = await pages.get(f"/d/{token}", headers={"accept": "application/json"})
    assert told.headers["content-type"] == "application/problem+json"
    assert told.json()["status"] == status


async def test_exactly_at_the_deadline_is_in_time(departure: Departure, pages: Pages) -> None:
    departure.clock.now = DUE
    assert (await press(pages, departure.link())).status_code == 303
    assert stored(departure) == 1


async def test_a_form_of_the_old_report_is_refused_although_the_same_person_is_asked(
    departure: Departure, pages: Pages
) -> None:
    token = departure.link()
    seen = await form_of(pages, token)
    departure.change_report()
    departure.ask_again("sales_manager", "E101")
    fresh = departure.link(number=2)
    crossed = await pages.post(f"/d/{fresh}", data={"seen": seen, "verdict": "approve"})
    assert crossed.status_code == 400
    assert stored(departure) == 0
    assert (await press(pages, fresh)).status_code == 303


async def test_an_escalated_person_reads_why_they_are_asked(departure: Departure, pages: Pages) -> None:
    departure.ask_again("sales_manager", "E105")
    page = await pages.get(f"/d/{departure.link(approver='E105', number=2)}?lang=en")
    assert page.status_code == 200
    assert "You are asked because 李娜 did not answer in time." in page.text


async def test_a_refusal_by_the_case_is_told(departure: Departure, pages: Pages) -> None:
    token = departure.link()
    await press(pages, token)
    settle(departure, counted=False, refusal=Refusal.REPORT_CHANGED)
    page = await pages.get(f"/d/{token}?lang=en")
    assert page.status_code == 409
    assert "The report has changed" in page.text


async def test_a_link_that_only_follows_shows_and_takes_nothing(departure: Departure, pages: Pages) -> None:
    token = departure.link(approver="E104", purpose=Purpose.FOLLOW)
    page = await pages.get(f"/d/{token}")
    assert page.status_code == 200
    assert "waiting for 李娜" in page.text
    assert "<form" not in page.text
    assert (await pages.post(f"/d/{token}", data={"verdict": "approve"})).status_code == 400


async def test_money_that_is_not_known_is_never_zero(database: Database) -> None:
    departure = Departure(database, report=build_report(unknown=True)).build()
    async with Pages(transport=httpx.ASGITransport(departure.app(no_engine)), base_url=PUBLIC_URL) as pages:
        page = await pages.get(f"/d/{departure.link('finance', 'E102')}")
    assert "Not known yet" in page.text
    assert "Not known yet: Receivables. Unknown is not zero." in page.text
    assert "0.00" not in page.text


async def test_the_report_opens_for_who_is_asked_and_not_for_who_was_replaced(
    departure: Departure, pages: Pages
) -> None:
    token = departure.link()
    report = await pages.get(f"/d/{token}/report?lang=en")
    assert report.status_code == 200
    assert "陈思远" in report.text
    assert report.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    departure.escalate("sales_manager", "E105")
    assert (await pages.get(f"/d/{token}/report?lang=en")).status_code == 403


async def test_an_expired_link_says_so_and_where_to_look(departure: Departure, pages: Pages) -> None:
    token = departure.link(expires_at=NOON - timedelta(seconds=1))
    page = await pages.get(f"/d/{token}?lang=en")
    assert page.status_code == 410
    assert "This link has expired" in page.text
    assert "Sign in to see what waits for you" in page.text


async def test_a_third_currency_is_counted_and_never_added_up(database: Database) -> None:
    report = build_report()
    assert report.receivables is not None
    other = report.receivables.others[0]
    others = tuple(other.model_copy(update={"currency": currency}) for currency in ("USD", "EUR", "GBP"))
    receivables = report.receivables.model_copy(update={"others": others})
    departure = Departure(database, report=report.model_copy(update={"receivables": receivables}).sealed()).build()
    async with Pages(transport=httpx.ASGITransport(departure.app(no_engine)), base_url=PUBLIC_URL) as pages:
        page = await pages.get(f"/d/{departure.link('finance', 'E102')}")
    assert "USD + 2 more currencies" in page.text
