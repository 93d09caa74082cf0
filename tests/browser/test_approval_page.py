"""The approval page in a real browser without JavaScript, on a phone and on a wide screen, in both languages."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Locator, Page
from sqlalchemy import func, select
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from models.approvals import Verdict
from store import decisions
from store.database import Database
from store.decisions import DecisionState
from store.tables import decisions as decision_rows
from tests.browser.departure import CASE, DUE, Departure, no_engine
from tests.browser.running import Site, engine, start_case, worker

pytestmark = pytest.mark.browser

SIZES = [(360, 640), (1280, 900)]
LANGS = ["zh-CN", "en"]


@pytest.fixture
def departure(database: Database) -> Departure:
    return Departure(database).build()


@contextmanager
def a_phone(browser: Browser, size: tuple[int, int] = (360, 640), *, javascript: bool = False) -> Iterator[Page]:
    context = browser.new_context(
        java_script_enabled=javascript, viewport={"width": size[0], "height": size[1]}, locale="en-US"
    )
    page = context.new_page()
    # Chromium's own tests of its frame are not of interest; a page that hangs must not hang the tests.
    page.set_default_timeout(20_000)
    yield page
    context.close()


def kept(departure: Departure) -> int:
    with departure.database.begin() as connection:
        return connection.execute(select(func.count()).select_from(decision_rows)).scalar_one()


def bottom_of(element: Locator) -> float:
    box = element.bounding_box()
    assert box is not None
    return box["y"] + box["height"]


@pytest.fixture(scope="module")
def temporal(site: Site) -> Iterator[WorkflowEnvironment]:
    running = engine()
    server = site.run(running.__aenter__())
    yield server
    site.run(running.__aexit__(None, None, None))


@pytest.mark.parametrize("size", SIZES, ids=["phone", "wide"])
@pytest.mark.parametrize("lang", LANGS)
def test_a_whole_decision_without_javascript(
    browser: Browser,
    site: Site,
    temporal: WorkflowEnvironment,
    departure: Departure,
    size: tuple[int, int],
    lang: str,
) -> None:
    async def connected() -> Client:
        return temporal.client

    gate, approver = ("sales_manager", "E101") if lang == "zh-CN" else ("finance", "E102")
    site.run(start_case(temporal.client, departure))
    serving = worker(temporal.client)
    site.run(serving.__aenter__())
    try:
        with site.serve(departure, connected) as url, a_phone(browser, size) as page:
            page.goto(f"{url}/d/{departure.link(gate, approver)}")
            assert page.locator("html").get_attribute("lang") == lang
            page.locator("button.decline").click()
            assert page.locator("[role=alert]").is_visible()
            assert page.title().startswith("错误" if lang == "zh-CN" else "Error:")
            page.locator("#note").fill("账上还有逾期款 / money is overdue")
            page.locator("button.decline").click()
            page.wait_for_url("**/receipt")
            title = "已拒绝，谢谢。" if lang == "zh-CN" else "Declined. Thank you."
            assert page.locator("h1").inner_text() == title
            assert "账上还有逾期款 / money is overdue" in page.locator("main").inner_text()
    finally:
        site.run(serving.__aexit__(None, None, None))
        site.run(temporal.client.get_workflow_handle(CASE).terminate("the test is over"))
    with departure.database.begin() as connection:
        assert [each.state for each in decisions.of_gate(connection, CASE, gate)] == [DecisionState.COUNTED]


@pytest.mark.parametrize("lang", LANGS)
def test_everything_that_matters_is_on_the_first_screen_of_a_phone(
    browser: Browser, site: Site, departure: Departure, lang: str
) -> None:
    with site.serve(departure, no_engine) as url, a_phone(browser) as page:
        page.goto(f"{url}/d/{departure.link()}?lang={lang}")
        for part in ("h1", ".question", ".key div:nth-child(1)", "time", "button.approve", "button.decline"):
            assert bottom_of(page.locator(part).first) <= 640, part
        for button in page.locator("button").all():
            box = button.bounding_box()
            assert box is not None
            assert box["height"] >= 44
        assert page.locator("label[for=note]").is_visible()


@pytest.mark.parametrize("width", [320, 360, 768, 1280])
def test_nothing_is_wider_than_the_screen(browser: Browser, site: Site, departure: Departure, width: int) -> None:
    with site.serve(departure, no_engine) as url, a_phone(browser, (width, 800), javascript=True) as page:
        page.goto(f"{url}/d/{departure.link()}?lang=en")
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_prefetching_and_scripts_of_scanners_decide_nothing(browser: Browser, site: Site, departure: Departure) -> None:
    requested: list[str] = []
    with site.serve(departure, no_engine) as url, a_phone(browser, javascript=True) as page:
        link = f"{url}/d/{departure.link()}"
        page.on("request", lambda request: requested.append(request.url))
        page.goto(link)
        for _ in range(25):
            assert page.request.get(link).status == 200
            assert page.request.head(link).status == 200
        assert kept(departure) == 0
        page.locator("button.approve").click()
        assert kept(departure) == 1
    assert {re.match(r"\w+://[^/]+", each)[0] for each in requested if not each.startswith("data:")} == {url}  # type: ignore[index]


def test_back_reload_and_a_second_press_have_no_second_effect(
    browser: Browser, site: Site, departure: Departure
) -> None:
    with site.serve(departure, no_engine) as url, a_phone(browser) as page:
        page.goto(f"{url}/d/{departure.link()}?lang=en")
        page.locator("button.approve").dblclick()
        page.wait_for_url("**/receipt?lang=en")
        first = page.locator("main").inner_text()
        for _ in range(3):
            page.reload()
            assert page.locator("main").inner_text() == first
        page.go_back()
        assert page.locator("form").count() == 0
        assert "Stored, not yet confirmed" in page.locator("h1").inner_text()
    assert kept(departure) == 1


# What a page of another site can send without asking: forms, as often as it likes. It may not read the answers.
TWENTY_TIMES = """([address, body]) => Promise.allSettled([...Array(20)].map(() => fetch(address, {method: 'POST', body,
  mode: 'no-cors', credentials: 'include', headers: {'Content-Type': 'application/x-www-form-urlencoded'}})))"""


def test_a_form_on_another_site_has_no_effect(browser: Browser, site: Site, departure: Departure) -> None:
    with site.serve(departure, no_engine) as url, a_phone(browser, javascript=True) as page:
        token = departure.link()
        page.goto(f"{url}/d/{token}")
        seen = page.locator("[name=seen]").first.get_attribute("value")
        elsewhere = url.replace("127.0.0.1", "localhost")
        page.route(
            f"{elsewhere}/",
            lambda route: route.fulfill(
                content_type="text/html",
                body=f'<form method="post" action="{url}/d/{token}"><input name="seen" value="{seen}">'
                '<button name="verdict" value="approve">win</button></form>',
            ),
        )
        page.goto(f"{elsewhere}/")
        page.evaluate(TWENTY_TIMES, [f"{url}/d/{token}", f"seen={seen}&verdict=approve"])
        with page.expect_navigation() as landed:
            page.locator("button").click()
        assert landed.value.status == 403
    assert kept(departure) == 0


def test_the_keyboard_is_enough_and_the_focus_is_seen(browser: Browser, site: Site, departure: Departure) -> None:
    with site.serve(departure, no_engine) as url, a_phone(browser, javascript=True) as page:
        page.goto(f"{url}/d/{departure.link()}?lang=en")
        reached = []
        for _ in range(4):
            page.keyboard.press("Tab")
            reached.append(page.evaluate("document.activeElement.className || document.activeElement.id"))
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        assert reached == ["switch", "note", "approve", "decline"]
        page.locator("#note").fill("The open invoices first")
        page.locator("button.decline").press("Enter")
        page.wait_for_url("**/receipt?lang=en")
    assert kept(departure) == 1


STATES = {
    "open": lambda departure: None,
    "decided": lambda departure: departure.close("sales_manager", Verdict.DECLINED, "E105"),
    "late": lambda departure: setattr(departure.clock, "now", DUE + timedelta(hours=1)),
    "escalated": lambda departure: departure.ask_again("sales_manager", "E105"),
    "ended": lambda departure: departure.end(),
}


@pytest.mark.parametrize("state", STATES)
def test_text_stands_out_from_its_ground(browser: Browser, site: Site, departure: Departure, state: str) -> None:
    """Contrast of WCAG 2.2 AA (1.4.3): 4.5 to 1 for every text that is shown."""
    token = departure.link()
    STATES[state](departure)
    with site.serve(departure, no_engine) as url, a_phone(browser, javascript=True) as page:
        for lang in LANGS:
            page.goto(f"{url}/d/{token}?lang={lang}")
            shown = page.evaluate(COLOURS)
            assert len(shown) > 8
            for text, ink, ground in shown:
                assert contrast(ink, ground) >= 4.5, (text, ink, ground)


# Every element with text of its own: [text, colour, colour of the nearest ground that is not transparent].
COLOURS = """() => [...document.querySelectorAll('body *')]
  .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()))
  .map(e => { let g = e; while (g && getComputedStyle(g).backgroundColor === 'rgba(0, 0, 0, 0)') g = g.parentElement;
    return [e.textContent.trim(), getComputedStyle(e).color, getComputedStyle(g).backgroundColor]; })"""


def contrast(ink: str, ground: str) -> float:
    """Ratio of WCAG 2.2 for two colours written as rgb(r, g, b)."""
    light, dark = sorted((_luminance(ink), _luminance(ground)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
