"""The identity provider of the tests keeps what the tests of signing in rely on."""

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest
from authlib.integrations.httpx_client import OAuth2Client, OAuthError
from joserfc import jwt
from joserfc.jwk import KeySet
from playwright.sync_api import Browser, Page

from tests.browser.running import chromium
from tests.servers.canaille import Account, Canaille, Client
from tests.servers.environments import Unreachable, environment


class Landing(BaseHTTPRequestHandler):
    """The application that people come back to."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"welcome back")

    def log_message(self, *said: object) -> None:
        """Say nothing."""


class Visit:
    """One person's way to the provider and back, with PKCE."""

    def __init__(self, identity_server: Canaille, application: Client, redirect_uri: str) -> None:
        self.discovered = httpx.get(f"{identity_server.issuer}/.well-known/openid-configuration").json()
        self.application, self.nonce, self.verifier = application, secrets.token_hex(8), secrets.token_urlsafe(48)
        self.client = OAuth2Client(
            application.client_id, application.client_secret,
            redirect_uri=redirect_uri, scope="openid profile email", code_challenge_method="S256",
        )  # fmt: skip

    def way_in(self) -> str:
        """Where the browser is sent."""
        url, self.state = self.client.create_authorization_url(
            self.discovered["authorization_endpoint"], code_verifier=self.verifier, nonce=self.nonce
        )
        return str(url)

    def claims(self, came_back_to: str, verifier: str | None = None) -> dict[str, object]:
        """What the id token says, its signature checked."""
        token = self.client.fetch_token(
            self.discovered["token_endpoint"], authorization_response=came_back_to, state=self.state,
            code_verifier=verifier or self.verifier,
        )  # fmt: skip
        keys = KeySet.import_key_set(httpx.get(self.discovered["jwks_uri"]).json())
        claims = jwt.decode(token["id_token"], keys, algorithms=["RS256"]).claims
        jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": self.discovered["issuer"]},
            aud={"essential": True, "value": self.application.client_id},
            nonce={"essential": True, "value": self.nonce},
            exp={"essential": True},
        ).validate(claims)
        return dict(claims)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("fonts")) as opened:
        yield opened


@pytest.fixture(scope="module")
def landing() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Landing)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/auth/callback"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def visit(identity_server: Canaille, landing: str) -> Visit:
    return Visit(identity_server, identity_server.register(landing), landing)


@contextmanager
def a_page(browser: Browser, *, javascript: bool = True) -> Iterator[Page]:
    context = browser.new_context(java_script_enabled=javascript, locale="en-US")
    page = context.new_page()
    page.set_default_timeout(20_000)
    yield page
    context.close()


def refusal(browser: Browser, identity_server: Canaille, visit: Visit, *given: str) -> str:
    """What the person reads who signs in; they are still at the provider."""
    with a_page(browser) as page:
        page.goto(visit.way_in())
        identity_server.sign_in(page, *given)
        assert page.url.startswith(f"{identity_server.issuer}/auth/password")
        return page.inner_text("body")


def test_the_discovery_document_names_what_signing_in_needs(identity_server: Canaille) -> None:
    said = httpx.get(f"{identity_server.issuer}/.well-known/openid-configuration").json()
    assert said["issuer"] == identity_server.issuer
    assert "S256" in said["code_challenge_methods_supported"]
    assert all(said[name].startswith(identity_server.issuer) for name in ("token_endpoint", "jwks_uri"))


@pytest.mark.browser
@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without"])
def test_who_signs_in_comes_back_with_a_valid_token(
    browser: Browser, identity_server: Canaille, visit: Visit, javascript: bool
) -> None:
    with a_page(browser, javascript=javascript) as page:
        page.goto(visit.way_in())
        identity_server.sign_in(page, "M1")
        assert page.inner_text("body") == "welcome back"
        claims = visit.claims(page.url)
    assert (claims["sub"], claims["email"], claims["family_name"]) == ("M1", "m1@company.example", "Wang")


@pytest.mark.browser
def test_a_code_is_worthless_to_whom_did_not_ask_for_it(
    browser: Browser, identity_server: Canaille, visit: Visit
) -> None:
    with a_page(browser) as page:
        page.goto(visit.way_in())
        identity_server.sign_in(page, "M1")
        with pytest.raises(OAuthError, match="invalid_grant"):
            visit.claims(page.url, verifier="x" * 64)


@pytest.mark.browser
def test_a_wrong_password_is_refused(browser: Browser, identity_server: Canaille, visit: Visit) -> None:
    assert "Login failed" in refusal(browser, identity_server, visit, "M1", "password")


@pytest.mark.browser
def test_who_was_disabled_cannot_sign_in_until_enabled(
    browser: Browser, identity_server: Canaille, visit: Visit
) -> None:
    identity_server.add(Account("T1", "t1@company.example", "Temporary", "Worker"))
    identity_server.disable("T1")
    assert "locked" in refusal(browser, identity_server, visit, "T1")
    identity_server.enable("T1")
    with a_page(browser) as page:
        page.goto(visit.way_in())
        identity_server.sign_in(page, "T1")
        assert visit.claims(page.url)["sub"] == "T1"


def test_without_the_registry_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "INDEX": "",
        "DEFAULT_INDEX": "http://127.0.0.1:9/",
        "HTTP_RETRIES": "0",
        "NO_CONFIG": "1",
    }.items():
        monkeypatch.setenv(f"UV_{name}", value)
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "nothing kept"))
    for name in ("UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_NO_INDEX", "UV_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    for _ in range(2):  # what was begun is not taken for an environment
        with pytest.raises(Unreachable, match=r"127\.0\.0\.1"):
            environment("canaille", tmp_path)
