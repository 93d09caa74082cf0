"""Sign-ins that are mixed up between browsers, against a real identity provider: nobody becomes somebody else."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from store.database import Database
from tests.browser.departure import no_engine
from tests.browser.running import Site, chromium
from tests.browser.test_inbox import RealClock, Signed
from tests.servers.canaille import Account, Canaille

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    folder: Path = tmp_path_factory.mktemp("fonts")
    with chromium(folder) as opened:
        yield opened


@pytest.fixture(scope="module")
def provider(identity_server: Canaille) -> Canaille:
    for person in ("E101", "E105"):
        if person not in identity_server.users:
            identity_server.add(Account(person, f"{person.lower()}@example.com", "Given", person))
    return identity_server


@pytest.fixture
def departure(database: Database, provider: Canaille) -> Signed:
    departure = Signed(database, RealClock(), provider=provider)
    departure.build()
    departure.ask_again("sales_manager", "E101", due=datetime.now(UTC) + timedelta(days=2))
    return departure


def way_back(page: Page, url: str, provider: Canaille, person: str) -> tuple[str, Any]:
    """Sign in at the provider: the address that leads back to us, with a code that nobody used, and the flow's cookie.

    Without the cookie of its flow the way back is refused before the code is asked about.
    """
    page.goto(f"{url}/sign-in?next=/inbox")
    (flow,) = [each for each in page.context.cookies(url) if each["name"] == "offboard-flow"]
    page.context.clear_cookies(name="offboard-flow")
    provider.sign_in(page, person)
    assert page.url.startswith(f"{url}/sign-in/callback?")
    assert is_nobody(page.context, url)
    return page.url, flow


def is_nobody(context: BrowserContext, url: str) -> bool:
    """True for a browser that has no session: its inbox is the sign-in."""
    answer = context.request.get(f"{url}/inbox", max_redirects=0)
    return answer.status == 303 and answer.headers["location"].startswith("/sign-in")


def test_the_way_back_works_in_the_browser_that_began_and_once(
    browser: Browser, site: Site, departure: Signed, provider: Canaille
) -> None:
    with site.serve(departure, no_engine) as url:
        attacker, victim = browser.new_context(locale="en-US"), browser.new_context(locale="en-US")
        address, _ = way_back(attacker.new_page(), url, provider, "E105")
        # The attacker's way back in a browser that began nothing, and in one that began a sign-in of its own.
        assert victim.request.get(address, max_redirects=0).status == 403
        victim.request.get(f"{url}/sign-in", max_redirects=0)
        assert victim.request.get(address, max_redirects=0).status == 403
        assert is_nobody(victim, url)
        # The attacker's code under the state that this browser began with: PKCE and nonce belong to another sign-in.
        begun = victim.request.get(f"{url}/sign-in", max_redirects=0).headers["location"]
        state = begun.split("state=")[1].split("&")[0]
        code = address.split("code=")[1].split("&")[0]
        assert victim.request.get(f"{url}/sign-in/callback?code={code}&state={state}", max_redirects=0).status == 403
        assert is_nobody(victim, url)
        victim.close()
        attacker.close()


def test_a_code_that_was_used_opens_no_second_session(
    browser: Browser, site: Site, departure: Signed, provider: Canaille
) -> None:
    with site.serve(departure, no_engine) as url:
        person = browser.new_context(locale="en-US")
        address, flow = way_back(person.new_page(), url, provider, "E101")
        person.add_cookies([flow])
        assert person.request.get(address, max_redirects=0).status == 303
        assert not is_nobody(person, url)
        again = browser.new_context(locale="en-US")
        again.add_cookies([flow])
        assert again.request.get(address, max_redirects=0).status == 403
        assert is_nobody(again, url)
        again.close()
        person.close()
