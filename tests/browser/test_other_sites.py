"""What pages of other sites can do with somebody's session in a real browser: nothing, and they cannot frame us."""

import html
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, BrowserContext, Frame
from sqlalchemy import select

from store.database import Database
from store.tables import decisions, delegations, questions, sign_in_codes, web_sessions
from tests.approval_case import Collecting
from tests.browser.departure import CASE, PUBLIC_URL, SECRET, Departure, no_engine
from tests.browser.running import Site
from web.app import create_app

pytestmark = pytest.mark.browser
GATE = f"/g/{CASE}/sales_manager"
PLACES = (GATE, "/inbox", f"/cases/{CASE}", "/sign-in", "/signed-out")
Forms = tuple[tuple[str, dict[str, str]], ...]


class Mailing(Departure):
    """A departure whose people sign in with codes by mail."""

    def app(self, client: object, public_url: str = PUBLIC_URL) -> object:
        """The hook of this departure."""
        return create_app(self.database, no_engine, SECRET, public_url, self.clock, mailer=Collecting())


@contextmanager
def other_site(pages: dict[str, str]) -> Iterator[int]:
    """A server of somebody else; yields its port. Both names of this machine lead to it."""

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = pages.get(self.path, "").encode()
            self.send_response(200)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Tests print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        serving.join(10)
        server.server_close()


def forms(seen: str, csrf: str) -> Forms:
    """All that a form can ask of us, with the best that an attacker can have: the fields of pages of their own."""
    own = {"csrf": csrf, "seen": seen}
    return (
        (GATE, own | {"verdict": "approve"}),
        (GATE, own | {"verdict": "decline", "note": "no"}),
        (f"{GATE}/ask", own | {"text": "who?"}),
        (f"{GATE}/hand-over", own | {"to": "E105"}),
        ("/inbox/delegations", own | {"to": "E105", "first": "2026-11-24", "last": "2026-11-30", "reason": "tired"}),
        (f"/cases/{CASE}/withdraw", own),
        (f"/cases/{CASE}/replan", own),
        (f"/cases/{CASE}/reassign", own | {"seat": "sales_manager E101", "to": "E105", "reason": "away"}),
        ("/sign-out", own),
        ("/sign-in", {"email": "e101@example.com"}),
    )


def form_page(url: str, action: str, sent: dict[str, str]) -> str:
    inputs = "".join(f'<input name="{name}" value="{html.escape(value)}">' for name, value in sent.items())
    form = f'<form method="post" action="{url}{action}">{inputs}</form>'
    return f"<!doctype html>{form}<script>document.forms[0].submit()</script>"


def effects(departure: Departure) -> list[object]:
    with departure.database.begin() as connection:
        kept = (decisions, delegations, questions, sign_in_codes)
        rows: list[object] = [connection.execute(select(table)).mappings().all() for table in kept]
        return [*rows, connection.execute(select(web_sessions.c.id_hash, web_sessions.c.ended_at)).all()]


def signed_in(browser: Browser, departure: Departure, url: str, person: str) -> BrowserContext:
    context = browser.new_context(locale="en-US")
    context.set_default_timeout(20_000)
    cookies = departure.sign_in(person)
    context.add_cookies([{"name": name, "value": value, "url": url} for name, value in cookies.items()])
    return context


def field(text: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]+)"', text)
    assert found
    return found[1]


def url_of(framed: Frame) -> str:
    """Where a frame has come to: its page loads on its own, at times after the page around it."""
    give_up = time.monotonic() + 20
    while framed.url in ("", "about:blank") and time.monotonic() < give_up:
        framed.page.wait_for_timeout(20)
    return framed.url


def test_forms_of_other_sites_have_no_effect(browser: Browser, site: Site, database: Database) -> None:
    departure = Mailing(database).build()
    pages: dict[str, str] = {}
    with site.serve(departure, no_engine) as url, other_site(pages) as port:
        attacker = signed_in(browser, departure, url, "E102")
        page = attacker.new_page()
        page.goto(f"{url}/g/{CASE}/finance")
        seen = field(page.content(), "seen")
        page.goto(f"{url}/inbox")
        sent = forms(seen, field(page.content(), "csrf"))
        victim = signed_in(browser, departure, url, "E101").new_page()
        victim.goto(f"{url}{GATE}")
        before = effects(departure)
        for number, (action, fields) in enumerate(sent):
            pages[f"/{number}"] = form_page(url, action, fields)
            for host in ("localhost", "127.0.0.1"):  # another site, and a neighbour whose forms carry our cookie
                with victim.expect_response(lambda answer: answer.request.method == "POST") as answered:
                    victim.goto(f"http://{host}:{port}/{number}")
                assert answered.value.status == 403, (host, action)
        assert effects(departure) == before
        victim.goto(f"{url}{GATE}")
        victim.locator("button.approve[value=approve]").click()  # the own page of the same browser still works
        victim.wait_for_url("**/receipt*")
        assert effects(departure) != before
        attacker.close()
        victim.context.close()


def test_no_page_shows_in_a_frame_of_another_site(browser: Browser, site: Site, database: Database) -> None:
    departure = Mailing(database).build()
    pages: dict[str, str] = {}
    with site.serve(departure, no_engine) as url, other_site(pages) as port:
        context = signed_in(browser, departure, url, "E101")
        page = context.new_page()
        for number, place in enumerate(PLACES):
            pages[f"/{number}"] = f'<!doctype html><iframe src="{url}{place}"></iframe>'
            for host in ("localhost", "127.0.0.1"):
                page.goto(f"http://{host}:{port}/{number}")
                (framed,) = page.main_frame.child_frames
                assert url_of(framed).startswith("chrome-error:"), (host, place)
                assert framed.locator("form, button, main").count() == 0
        context.close()
