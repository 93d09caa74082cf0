"""Every state of the page of a gate in a real browser: honest, small, readable on a phone, and free of faults for axe.

Pictures of all of them are kept under var/test-output/gate-pages.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, ViewportSize

from models.approvals import Verdict
from store import decisions
from store.database import Database
from tests.browser.departure import CASE, no_engine
from tests.browser.gate_states import GATE, STATES, SUBSTITUTE, Scene
from tests.browser.running import Site

pytestmark = pytest.mark.browser

PICTURES = Path(__file__).parents[2] / "var" / "test-output" / "gate-pages"
SIZES: dict[str, ViewportSize] = {
    "phone": {"width": 360, "height": 640},
    "wide": {"width": 1280, "height": 800},
}
LANGS = ["en", "zh-CN"]
FIRST_SCREEN = ("h1", ".question", ".key div:nth-child(1) b", ".key time", "button.approve", "button.decline")


@pytest.fixture(scope="module")
def plain(browser: Browser) -> Iterator[Page]:
    """A page without JavaScript."""
    context = browser.new_context(java_script_enabled=False, locale="en-US")
    page = context.new_page()
    page.set_default_timeout(20_000)
    yield page
    context.close()


@pytest.fixture(scope="module")
def scripted(browser: Browser) -> Iterator[Page]:
    """A page in which axe may run. The page of a gate itself brings no script."""
    context = browser.new_context(bypass_csp=True, locale="en-US", viewport=SIZES["phone"])
    page = context.new_page()
    page.set_default_timeout(20_000)
    yield page
    context.close()


def sign_in(page: Page, scene: Scene, url: str) -> None:
    page.context.clear_cookies()
    page.context.add_cookies([{"name": name, "value": value, "url": url} for name, value in scene.cookies.items()])


@pytest.mark.parametrize("name", STATES)
def test_a_state(name: str, database: Database, site: Site, plain: Page, scripted: Page) -> None:
    state = STATES[name]
    scene = state.make(database)
    with site.serve(scene.departure, no_engine) as url:
        sign_in(plain, scene, url)
        sign_in(scripted, scene, url)
        for lang in LANGS:
            address = f"{url}{scene.path}?lang={lang}"
            for size, viewport in SIZES.items():
                plain.set_viewport_size(viewport)
                shown = plain.goto(address)
                assert shown is not None
                assert shown.status == state.status
                assert len(shown.body()) <= 50 * 1024
                assert (state.english if lang == "en" else state.chinese) in plain.locator("main").inner_text()
                assert plain.locator("html").get_attribute("lang") == lang
                assert plain.locator("button.approve[value=approve]").count() == state.asks
                # Whoever is turned away is told where to go on.
                assert plain.locator('main a[href^="/inbox"]').count() == (state.status >= 400)
                keep_picture(plain, f"{name}-{lang}-{size}")
                if state.asks and size == "phone":
                    check_first_screen(plain)
            check_with_axe(scripted, address)


def check_first_screen(page: Page) -> None:
    """Name, verb, amount, deadline and both buttons are seen without scrolling; the buttons are large enough."""
    for part in FIRST_SCREEN:
        box = page.locator(part).first.bounding_box()
        assert box is not None, part
        assert box["y"] + box["height"] <= SIZES["phone"]["height"], part
        assert box["x"] >= 0, part
        assert box["x"] + box["width"] <= SIZES["phone"]["width"], part
    for target in page.locator("button:visible, summary:visible").all():
        box = target.bounding_box()
        assert box is not None
        assert box["height"] >= 44


def check_with_axe(page: Page, address: str) -> None:
    page.goto(address)
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES["phone"]["width"]
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def keep_picture(page: Page, name: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}.png", full_page=True)


@pytest.mark.parametrize("lang", LANGS)
def test_asking_handing_over_and_sending_back_need_no_script(
    lang: str, database: Database, site: Site, plain: Page
) -> None:
    scene = STATES["open"].make(database)
    scene.departure.hire(*SUBSTITUTE)
    plain.set_viewport_size(SIZES["phone"])
    with site.serve(scene.departure, no_engine) as url:
        sign_in(plain, scene, url)
        page = f"{url}{scene.path}?lang={lang}"
        plain.goto(page)
        ask, hand_over, send_back = (plain.locator("summary").nth(number) for number in range(3))
        ask.click()
        plain.fill("#ask-text", "谁接手恒通？ Who takes Hengtong?")
        plain.locator("form[action*='/ask'] button").click()
        assert "谁接手恒通？ Who takes Hengtong?" in plain.locator(".questions").inner_text()
        hand_over.click()
        plain.select_option("#hand-to", "E106")
        plain.locator("form[action*='/hand-over'] button").click()
        assert "Sofia Lindqvist" in plain.locator(".note").inner_text()
        send_back.click()
        plain.locator("button[value=send_back]").click()
        assert plain.locator("details[open] [role=alert]").is_visible()
        keep_picture(plain, f"mistake-{lang}-phone")
        plain.fill("#back-note", "不要全部交给一个人")
        plain.locator("button[value=send_back]").click()
        plain.wait_for_url("**/receipt?*")
        assert "不要全部交给一个人" in plain.locator("main").inner_text()
        keep_picture(plain, f"receipt-{lang}-phone")
    with database.begin() as connection:
        (said,) = decisions.of_gate(connection, CASE, GATE)
    assert (said.verdict, said.note) == (Verdict.SENT_BACK, "不要全部交给一个人")
