"""Signing in at a real identity provider and deciding from the inbox; the pages behind it, readable for everybody."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page
from pydantic import SecretStr
from sqlalchemy import select, update
from temporalio.client import Client

from connections import Relying
from models.approvals import Verdict, Via
from models.risk_level import Level
from services import questions
from store import decisions, delegations
from store.database import Database
from store.delegations import Delegation, DelegationKind
from store.tables import cases, evidence
from tests.approval_case import Collecting
from tests.browser.departure import CASE, NOON, PUBLIC_URL, SECRET, Clock, Departure, no_engine
from tests.browser.running import Site
from tests.servers.canaille import Account, Canaille
from web.app import create_app

pytestmark = pytest.mark.browser
SIZES = {"phone": (360, 640), "wide": (1280, 800)}
LANGS = ("en", "zh-CN")
PICTURES = Path(__file__).parents[2] / "var" / "test-output" / "signed-in-pages"


class RealClock(Clock):
    """The time of the provider, whose tokens are of now."""

    def __call__(self) -> datetime:
        return datetime.now(UTC)


@pytest.fixture(scope="module")
def provider(identity_server: Canaille) -> Canaille:
    identity_server.add(Account("E101", "e101@example.com", "Na", "Li"))
    identity_server.add(Account("N1", "n1@example.com", "No", "Body"))
    return identity_server


@contextmanager
def a_page(browser: Browser, size: str = "phone", *, scripted: bool = False) -> Iterator[Page]:
    width, height = SIZES[size]
    context = browser.new_context(
        java_script_enabled=scripted, bypass_csp=scripted, viewport={"width": width, "height": height}, locale="en-US"
    )
    page = context.new_page()
    page.set_default_timeout(20_000)
    yield page
    context.close()


@dataclass
class Signed(Departure):
    """A departure whose people sign in: at the provider, else with codes by mail."""

    provider: Canaille | None = None

    def app(self, client: Callable[[], Awaitable[Client]], public_url: str = PUBLIC_URL) -> Any:
        """The hook of this departure."""
        relying = None
        if self.provider:
            known = self.provider.register(f"{public_url}/sign-in/callback")
            secret = SecretStr(known.client_secret)
            fields = {"issuer": self.provider.issuer, "client_id": known.client_id, "claim": "email"}
            relying = Relying(client_secret=secret, **fields)
        mail = Collecting()
        return create_app(self.database, client, SECRET, public_url, self.clock, mailer=mail, relying=relying)


@pytest.fixture
def departure(database: Database, provider: Canaille) -> Signed:
    """Li Na is asked until the day after tomorrow; at every level a link alone decides nothing."""
    departure = Signed(database, RealClock(), sign_in_from=Level.LOW, provider=provider)
    departure.build()
    departure.ask_again("sales_manager", "E101", due=datetime.now(UTC) + timedelta(days=2))
    return departure


def link(departure: Departure, gate: str, person: str, number: int) -> str:
    return departure.link(gate, person, number, expires_at=datetime.now(UTC) + timedelta(days=9))


def ways(departure: Departure, gate: str) -> list[Via]:
    with departure.database.begin() as connection:
        return [each.via for each in decisions.of_gate(connection, CASE, gate)]


def test_who_signs_in_decides_from_the_inbox(
    browser: Browser, site: Site, departure: Signed, provider: Canaille
) -> None:
    with site.serve(departure, no_engine) as url, a_page(browser) as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{url}/?lang=en")
        provider.sign_in(page, "E101")
        page.wait_for_url(f"{url}/inbox")
        page.goto(f"{url}/inbox?lang=en")
        assert "陈思远 is leaving" in page.locator("main").inner_text()
        page.locator(".items a").first.click()
        page.locator("button.approve[value=approve]").click()
        page.wait_for_url("**/receipt?lang=en")
        assert ways(departure, "sales_manager") == [Via.SESSION]
        page.goto(f"{url}/inbox?lang=en")
        assert "Nothing waits for you" in page.locator("main").inner_text()
        assert "Sales manager: you approved" in page.locator("main").inner_text()
        page.locator("button", has_text="Sign out").click()
        page.wait_for_url(f"{url}/signed-out?lang=en")
        assert {each.split("/")[2] for each in asked if each.startswith("http")} == {
            url.split("/")[2], provider.issuer.split("/")[2]
        }  # fmt: skip


def test_a_link_leads_to_the_sign_in_and_back_to_its_page(
    browser: Browser, site: Site, departure: Signed, provider: Canaille
) -> None:
    with site.serve(departure, no_engine) as url, a_page(browser) as page:
        address = f"{url}/d/{link(departure, 'sales_manager', 'E101', 2)}"
        page.goto(address)
        assert page.locator("button.approve[value=approve]").count() == 0
        page.locator('a[href^="/sign-in"]').first.click()
        provider.sign_in(page, "E101")
        page.wait_for_url(address)
        page.locator("button.approve[value=approve]").click()
        page.wait_for_url("**/receipt")
    assert ways(departure, "sales_manager") == [Via.SESSION]


def test_somebody_elses_link_opens_nothing_and_is_written_down(
    browser: Browser, site: Site, departure: Signed, provider: Canaille
) -> None:
    with site.serve(departure, no_engine) as url, a_page(browser) as page:
        page.goto(url)
        provider.sign_in(page, "E101")
        page.wait_for_url(f"{url}/inbox")
        opened = page.goto(f"{url}/d/{link(departure, 'finance', 'E102', 1)}")
        assert opened is not None
        assert opened.status == 403
        assert page.locator("button[value]").count() == 0
        assert "陈思远" not in page.locator("main").inner_text()
    with departure.database.begin() as connection:
        noted = connection.execute(select(evidence.c.actor).where(evidence.c.kind == "link.wrong_person")).scalars()
        assert list(noted) == ["E101"]
    assert ways(departure, "finance") == []


def test_an_account_of_nobody_who_works_here_is_refused(
    browser: Browser, site: Site, departure: Signed, provider: Canaille
) -> None:
    with site.serve(departure, no_engine) as url, a_page(browser) as page:
        page.goto(f"{url}/sign-in")
        provider.sign_in(page, "N1")
        assert page.url.startswith(f"{url}/sign-in/callback")
        assert "You are not signed in" in page.locator("main").inner_text()
        assert page.context.cookies(url) == [] or "offboard" not in {each["name"] for each in page.context.cookies(url)}


def a_full_desk(database: Database) -> Signed:
    """Somebody with everything on their pages: questions to decide and to answer, substitutes, own decisions."""
    departure = Signed(database)
    departure.build()
    departure.hire("E107", "Chen Long-Name-That-Must-Wrap-Somewhere", "hrbp", None, "en", "Asia/Shanghai")
    departure.open("hr", "E107")
    start = {"starts_at": NOON, "ends_at": NOON + timedelta(days=9), "made_at": NOON}
    with departure.database.begin() as connection:
        connection.execute(update(cases).where(cases.c.id == CASE).values(requested_by=None, reason="A new city"))
        given = Delegation(kind=DelegationKind.DELEGATION, from_id="E105", to_id="E107", made_by="E105", **start)
        delegations.make(connection, given)
        decisions.accept(
            connection, SECRET, case_id=CASE, gate="finance", round=1, number=1, verdict=Verdict.DECLINED, by="E107",
            for_id=None, via=Via.SESSION, note="The money is late.", report_digest=departure.report.digest,
            accepted_at=NOON,
        )  # fmt: skip
    text = "Has the client in Suzhou agreed to the new owner?"
    questions.ask(database, case_id=CASE, gate="sales_manager", by="E101", text=text, now=NOON)
    return departure


PAGES = {
    "inbox": "/inbox",
    "case": f"/cases/{CASE}",
    "nothing-here": "/cases/another",
    "sign-in": "/sign-in?next=/inbox",
    "code": "/sign-in/code",
    "signed-out": "/signed-out",
}


def test_every_page_fits_a_phone_and_axe_finds_nothing(browser: Browser, site: Site, database: Database) -> None:
    departure = a_full_desk(database)
    cookies = departure.sign_in("E107")
    with site.serve(departure, no_engine) as url, a_page(browser) as plain, a_page(browser, scripted=True) as scripted:
        for page in (plain, scripted):
            page.context.add_cookies([{"name": name, "value": value, "url": url} for name, value in cookies.items()])
        for name, path in PAGES.items():
            for lang in LANGS:
                address = f"{url}{path}{'&' if '?' in path else '?'}lang={lang}"
                for size, (width, height) in SIZES.items():
                    plain.set_viewport_size({"width": width, "height": height})
                    shown = plain.goto(address)
                    assert shown is not None
                    assert len(shown.body()) <= 50 * 1024, name
                    assert plain.locator("html").get_attribute("lang") == lang
                    PICTURES.mkdir(parents=True, exist_ok=True)
                    plain.screenshot(path=PICTURES / f"{name}-{lang}-{size}.png", full_page=True)
                check_with_axe(scripted, address)


def check_with_axe(page: Page, address: str) -> None:
    page.goto(address)
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES["phone"][0], address
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
