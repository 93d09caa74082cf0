"""Signing in at an identity provider: only what it surely said about an active employee opens a session."""

import base64
import hashlib
import json
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import RSAKey
from pydantic import SecretStr
from sqlalchemy import select, update

from connections import Relying
from store.database import Database
from store.tables import employees, web_sessions
from tests.browser.departure import NOON, PUBLIC_URL, SECRET, Departure, no_engine
from tests.integration.signing.provider import CLIENT, PASSWORD, Provider, serving
from web.app import create_app

Pages = httpx.AsyncClient
Token = Callable[[Provider, str], str]


@pytest.fixture(scope="module")
def key() -> RSAKey:
    return RSAKey.generate_key(2048, auto_kid=True)


@pytest.fixture
def provider(key: RSAKey) -> Iterator[Provider]:
    with serving(Provider(key=key)) as served:
        yield served


@pytest.fixture
def departure(database: Database) -> Departure:
    return Departure(database).build()


def pages_of(departure: Departure, provider: Provider, claim: str = "email", public_url: str = PUBLIC_URL) -> Pages:
    relying = Relying(issuer=provider.issuer, client_id=CLIENT, client_secret=SecretStr(PASSWORD), claim=claim)
    app = create_app(departure.database, no_engine, SECRET, public_url, departure.clock, relying=relying)
    return Pages(transport=httpx.ASGITransport(app), base_url=public_url)


@pytest.fixture
async def pages(departure: Departure, provider: Provider) -> AsyncIterator[Pages]:
    async with pages_of(departure, provider) as client:
        yield client


async def begun(pages: Pages, wanted: str = "/inbox") -> dict[str, str]:
    """Start a sign-in; what the provider is asked."""
    sent = await pages.get("/sign-in", params={"next": wanted})
    assert sent.status_code == 303, sent.text
    return {name: values[0] for name, values in parse_qs(urlsplit(sent.headers["location"]).query).items()}


async def come_back(pages: Pages, provider: Provider, make: Token, **changed: str) -> httpx.Response:
    asked = await begun(pages)
    provider.token = make(provider, asked["nonce"])
    return await pages.get("/sign-in/callback", params={"code": "c", "state": asked["state"]} | changed)


def honest(provider: Provider, nonce: str, /, **changed: Any) -> str:
    return provider.sign(provider.claims(nonce, NOON, **changed))


def sessions_of(departure: Departure) -> list[str]:
    with departure.database.begin() as connection:
        return list(connection.execute(select(web_sessions.c.employee_id)).scalars())


async def test_an_honest_token_opens_a_session_on_the_wanted_page(
    departure: Departure, provider: Provider, pages: Pages
) -> None:
    asked = await begun(pages, "/g/offboarding-E100/sales_manager?lang=en")
    provider.token = honest(provider, asked["nonce"])
    back = await pages.get("/sign-in/callback", params={"code": "c", "state": asked["state"]})
    assert (back.status_code, back.headers["location"]) == (303, "/g/offboarding-E100/sales_manager?lang=en")
    assert sessions_of(departure) == ["E101"]
    kept = back.headers.get_list("set-cookie")[0]
    assert kept.startswith("offboard=")
    assert {"httponly", "samesite=lax", "path=/"} <= {part.strip().lower() for part in kept.split(";")}
    # PKCE: the provider can check that whoever brings the code has asked for it.
    verifier = provider.asked[0]["code_verifier"]
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    assert (asked["code_challenge"], asked["code_challenge_method"]) == (challenge, "S256")
    assert (await pages.get("/inbox")).status_code == 200


async def test_https_pages_keep_the_cookie_to_themselves(departure: Departure, provider: Provider) -> None:
    async with pages_of(departure, provider, public_url="https://offboard.example") as pages:
        back = await come_back(pages, provider, honest)
    kept = back.headers.get_list("set-cookie")[0]
    assert kept.startswith("__Host-offboard=")
    assert "; Secure" in kept
    assert "domain" not in kept.lower()


def unsigned(provider: Provider, nonce: str) -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none', 'kid': provider.key.kid})}.{part(provider.claims(nonce, NOON))}."


def of_a_stranger(provider: Provider, nonce: str) -> str:
    stranger = RSAKey.generate_key(2048)
    return provider.sign(provider.claims(nonce, NOON), stranger, kid=provider.key.kid)


def of_an_unknown_key(provider: Provider, nonce: str) -> str:
    return provider.sign(provider.claims(nonce, NOON), kid="another")


def cut(provider: Provider, nonce: str) -> str:
    return honest(provider, nonce)[:-10]


def altered(provider: Provider, nonce: str) -> str:
    head, _, mark = honest(provider, nonce).split(".")
    claims = provider.claims(nonce, NOON, email="e105@example.com")
    return ".".join((head, base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("="), mark))


def changed(**claims: Any) -> Token:
    return lambda provider, nonce: honest(provider, nonce, **claims)


AT = int(NOON.timestamp())


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(unsigned, id="no signature"),
        pytest.param(of_a_stranger, id="another key under the same name"),
        pytest.param(of_an_unknown_key, id="a key that is not published"),
        pytest.param(lambda p, nonce: p.sign_with_public_key(p.claims(nonce, NOON)), id="the public key as a secret"),
        pytest.param(cut, id="cut"),
        pytest.param(altered, id="altered"),
        pytest.param(lambda *_: "", id="empty"),
        pytest.param(lambda *_: "x.y.z", id="garbage"),
        pytest.param(changed(iss="https://another.example"), id="another issuer"),
        pytest.param(changed(iss=None), id="no issuer"),
        pytest.param(changed(aud="another"), id="another audience"),
        pytest.param(changed(aud=None), id="no audience"),
        pytest.param(changed(aud=[CLIENT, "another"]), id="two audiences and nobody named"),
        pytest.param(changed(azp="another"), id="made for another party"),
        pytest.param(changed(nonce="another"), id="another nonce"),
        pytest.param(changed(nonce=None), id="no nonce"),
        pytest.param(changed(exp=AT - 61), id="expired"),
        pytest.param(changed(exp=None), id="never expires"),
        pytest.param(changed(iat=AT + 3600, exp=AT + 7200), id="from the future"),
        pytest.param(changed(nbf=AT + 3600), id="not valid yet"),
        pytest.param(changed(email=None), id="nobody named"),
        pytest.param(changed(email=""), id="empty name"),
        pytest.param(changed(email=["e101@example.com"]), id="a list of names"),
        pytest.param(changed(email_verified=False), id="mail address not verified"),
        pytest.param(changed(email="nobody@example.com"), id="nobody of ours"),
    ],
)
async def test_a_token_that_cannot_be_trusted_signs_nobody_in(
    departure: Departure, provider: Provider, pages: Pages, make: Token
) -> None:
    back = await come_back(pages, provider, make)
    assert back.status_code == 403
    assert sessions_of(departure) == []
    assert (await pages.get("/inbox")).headers["location"].startswith("/sign-in")


async def test_an_answer_to_another_sign_in_is_refused(departure: Departure, provider: Provider, pages: Pages) -> None:
    assert (await come_back(pages, provider, honest, state="another")).status_code == 403
    assert (await come_back(pages, provider, honest, error="access_denied")).status_code == 403
    pages.cookies.clear()
    stolen = await pages.get("/sign-in/callback", params={"code": "c", "state": "x"})
    assert stolen.status_code == 403
    assert provider.asked == []
    assert sessions_of(departure) == []


async def test_a_refused_code_signs_nobody_in(departure: Departure, provider: Provider, pages: Pages) -> None:
    provider.status = 400
    assert (await come_back(pages, provider, honest)).status_code == 403
    assert sessions_of(departure) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "left"},
        {"status": "leaving"},
        {"email": "e105@example.com"},  # which is also somebody else's
    ],
)
async def test_only_one_active_employee_is_signed_in(
    departure: Departure, provider: Provider, pages: Pages, fields: dict[str, str]
) -> None:
    with departure.database.begin() as connection:
        connection.execute(update(employees).where(employees.c.id == "E101").values(fields))
    back = await come_back(pages, provider, changed(email=fields.get("email", "E101@Example.com")))
    assert back.status_code == 403
    assert sessions_of(departure) == []


@pytest.mark.parametrize("claim", ["sub", "preferred_username"])
async def test_the_provider_may_name_people_by_our_id(departure: Departure, provider: Provider, claim: str) -> None:
    async with pages_of(departure, provider, claim) as pages:
        make = changed(preferred_username="E101", email="nobody@example.com", email_verified=False)
        assert (await come_back(pages, provider, make)).status_code == 303
    assert sessions_of(departure) == ["E101"]


async def test_changed_keys_are_read_again(departure: Departure, provider: Provider, pages: Pages) -> None:
    assert (await come_back(pages, provider, honest)).status_code == 303
    provider.key = RSAKey.generate_key(2048, auto_kid=True)
    assert (await come_back(pages, provider, honest)).status_code == 303


async def test_a_provider_that_is_down_or_somebody_else_is_said_honestly(
    departure: Departure, provider: Provider, pages: Pages
) -> None:
    provider.changed = {"issuer": "https://another.example"}
    other = await pages.get("/sign-in?lang=en")
    assert other.status_code == 503
    assert "nothing was changed" in other.text
    assert int(other.headers["retry-after"]) > 0
    provider.changed = {}
    assert (await pages.get("/sign-in")).status_code == 303  # the fault was not kept
    async with pages_of(departure, Provider(key=provider.key, issuer="http://127.0.0.1:9")) as nowhere:
        assert (await nowhere.get("/sign-in")).status_code == 503


async def test_the_way_back_stays_on_our_pages(departure: Departure, provider: Provider, pages: Pages) -> None:
    for wanted in (
        "https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)",
        "evil", "/\t/evil.example", "/" + "a" * 3000, "@evil.example", ".evil.example", "http:evil.example",
    ):  # fmt: skip
        asked = await begun(pages, wanted)
        provider.token = honest(provider, asked["nonce"])
        back = await pages.get("/sign-in/callback", params={"code": "c", "state": asked["state"]})
        assert back.headers["location"] == "/", wanted


async def test_signing_in_gives_a_fresh_id_and_ends_the_one_before(
    departure: Departure, provider: Provider, pages: Pages
) -> None:
    pages.cookies.set("offboard", "planted-by-somebody", domain="hook.test", path="/")
    await come_back(pages, provider, honest)
    first = pages.cookies["offboard"]
    assert first != "planted-by-somebody"
    await come_back(pages, provider, honest)
    assert pages.cookies["offboard"] != first
    pages.cookies.clear()
    pages.cookies.set("offboard", first)
    assert (await pages.get("/inbox")).status_code == 303


async def test_the_page_after_signing_out_leads_to_the_providers(
    departure: Departure, provider: Provider, pages: Pages
) -> None:
    left = await pages.get("/signed-out?lang=en")
    assert f"{provider.issuer}/leave?client_id={CLIENT}" in left.text


async def test_wrong_answers_are_slowed_down(departure: Departure, provider: Provider, pages: Pages) -> None:
    answers = [await pages.get("/sign-in/callback?code=c&state=x") for _ in range(25)]
    assert [each.status_code for each in answers] == [403] * 20 + [429] * 5
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60


async def test_a_sign_in_that_takes_too_long_begins_anew(
    departure: Departure, provider: Provider, pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = await begun(pages)
    provider.token = honest(provider, asked["nonce"])
    later = NOON.timestamp() + timedelta(days=3650).total_seconds()
    monkeypatch.setattr("itsdangerous.timed.TimestampSigner.get_timestamp", lambda _: int(later))
    assert (await pages.get("/sign-in/callback", params={"code": "c", "state": asked["state"]})).status_code == 403
