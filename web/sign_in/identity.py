"""The company's identity provider: OpenID Connect, authorization code with PKCE.

Its metadata and keys are read when somebody first signs in, so the hook starts and serves while the provider is down.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import get_well_known_url
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry
from pydantic import ValidationError

from connections import Relying
from models.base import Message
from models.errors import NotAllowed, Unavailable

T = TypeVar("T")

# Only signatures by a private key: with `none` or a shared secret anybody could write a token.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA")
TIMEOUT = 5.0  # seconds, for each answer of the provider
LEEWAY = 60  # seconds that its clock may differ from ours
FRESH = timedelta(minutes=10)  # how long metadata and keys are kept
SCOPE = "openid email profile"


class Provider(Message):
    """The part of the provider's metadata that we use."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    end_session_endpoint: str | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


class Identity:
    """Sends people to the provider, and reads who came back. Raises Unavailable when the provider does not answer."""

    def __init__(self, relying: Relying, return_to: str, clock: Callable[[], datetime]) -> None:
        self._relying, self._return_to, self._clock = relying, return_to, clock
        self._known: tuple[datetime, Provider, KeySet] | None = None

    @property
    def by_mail(self) -> bool:
        """Does the provider name people by their mail address? Otherwise it does by our id of them."""
        return self._relying.claim == "email"

    async def way_in(self, state: str, nonce: str, verifier: str) -> str:
        """The address at which the provider asks who somebody is."""
        provider, _ = await self._provider()
        async with self._client(provider) as client:
            endpoint = provider.authorization_endpoint
            url, _state = client.create_authorization_url(endpoint, state=state, nonce=nonce, code_verifier=verifier)
        return str(url)

    async def way_out(self) -> str | None:
        """The address at which the provider signs somebody out; None when it offers none."""
        provider, _ = await self._provider()
        if provider.end_session_endpoint is None:
            return None
        asked = httpx2.URL(provider.end_session_endpoint)
        return str(asked.copy_merge_params({"client_id": self._relying.client_id}))

    async def who(self, code: str, nonce: str, verifier: str) -> str:
        """Whom the provider vouches for: the value of our claim. Raises NotAllowed with a reason for the log."""
        provider, keys = await self._provider()
        token = await self._token(provider, code, verifier)
        try:
            read = _checked(lambda: _read(token, keys))
        except _UnknownKey:  # the provider may have changed its keys since we asked
            _, changed = await self._provider(anew=True)
            read = _checked(lambda: _read(token, changed))
        claims = self._validated(read, nonce)
        value = claims.get(self._relying.claim)
        if not isinstance(value, str) or not value.strip():
            raise _refused("no_claim")
        if self.by_mail and claims.get("email_verified") in (False, "false"):
            raise _refused("email_not_verified")
        return value.strip()

    def _validated(self, token: jwt.Token, nonce: str) -> dict[str, Any]:
        options = {"iss": {"essential": True, "value": self._relying.issuer}}
        options |= {"aud": {"essential": True, "value": self._relying.client_id}}
        params = {"nonce": nonce, "client_id": self._relying.client_id}
        claims = CodeIDToken(token.claims, token.header, options, params)
        _checked(lambda: claims.validate(now=int(self._clock().timestamp()), leeway=LEEWAY))
        return dict(claims)

    async def _token(self, provider: Provider, code: str, verifier: str) -> str:
        async with self._client(provider) as client:
            try:
                answer = await client.fetch_token(provider.token_endpoint, code=code, code_verifier=verifier)
            except OAuthError as refused:
                raise _refused("code_refused") from refused
            except (httpx2.HTTPError, ValueError) as silent:
                raise _silent() from silent
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise _refused("no_token")
        return token

    async def _provider(self, *, anew: bool = False) -> tuple[Provider, KeySet]:
        now = self._clock()
        if self._known is None or anew or now - self._known[0] >= FRESH:
            async with httpx2.AsyncClient(timeout=TIMEOUT) as client:
                described = await _document(client, get_well_known_url(self._relying.issuer, external=True))
                provider = _described(described, self._relying.issuer)
                self._known = (now, provider, _keys(await _document(client, provider.jwks_uri)))
        return self._known[1], self._known[2]

    def _client(self, provider: Provider) -> Any:
        ways = provider.token_endpoint_auth_methods_supported
        posted = "client_secret_basic" not in ways and "client_secret_post" in ways
        return AsyncOAuth2Client(
            self._relying.client_id,
            self._relying.client_secret.get_secret_value(),
            token_endpoint_auth_method="client_secret_post" if posted else "client_secret_basic",
            scope=SCOPE,
            redirect_uri=self._return_to,
            code_challenge_method="S256",
            timeout=TIMEOUT,
        )


class _UnknownKey(NotAllowed):
    """A token that names a key which the provider did not publish."""


def _read(token: str, keys: KeySet) -> jwt.Token:
    registry = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
    # A token without the name of its key is read only when there is no choice.
    return jwt.decode(token, lambda guest: keys.get_by_kid(guest.headers().get("kid")), ALGORITHMS, registry)


def _checked(work: Callable[[], T]) -> T:
    try:
        return work()
    except InvalidKeyIdError as unknown:
        raise _UnknownKey("the identity provider signed with a key that it does not name", reason="key") from unknown
    except (JoseError, ValueError) as wrong:
        raise _refused(type(wrong).__name__) from wrong


async def _document(client: httpx2.AsyncClient, url: str) -> Any:
    try:
        answer = await client.get(url)
        return answer.raise_for_status().json()
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as silent:
        raise _silent() from silent


def _described(document: Any, issuer: str) -> Provider:
    try:
        provider = Provider.model_validate(document)
    except ValidationError as unreadable:
        raise _silent() from unreadable
    if provider.issuer != issuer:  # somebody else's metadata: their keys would vouch for anybody
        raise _silent()
    return provider


def _keys(document: Any) -> KeySet:
    try:
        return KeySet.import_key_set(document)
    except (JoseError, ValueError, KeyError, TypeError) as unreadable:
        raise _silent() from unreadable


def _refused(reason: str) -> NotAllowed:
    return NotAllowed(
        "the identity provider's answer cannot be trusted ({reason}); nobody was signed in", reason=reason
    )


def _silent() -> Unavailable:
    return Unavailable("the identity provider does not answer as it should; nobody was signed in", system="identity")
