"""With which programs we exchange signed web hooks (Standard Webhooks): secrets, addresses, signatures.

Secrets are written `whsec_<base64>`, several with blanks between them while one is being replaced, the newest first.
"""

import hashlib
import re
import stat
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from models.errors import Refused
from settings import Settings

PREFIX = "whsec_"
MOST_SIGNATURES = 10
SHORTEST, LONGEST = 24, 64  # bytes, as the specification has it
WEBHOOK_SECRETS, EVENT_SECRETS = "webhook-secrets", "event-secrets"
_ID = re.compile(r"[A-Za-z0-9_:-]{1,128}")
_TIME = re.compile(r"[0-9]{1,12}")


@dataclass(frozen=True)
class Keys:
    """Secrets that are valid at the same time, the newest first."""

    hooks: tuple[Webhook, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.hooks)

    def sign(self, call_id: str, at: datetime, body: bytes) -> dict[str, str]:
        """The three headers of a call that is sent at `at`: one signature for each secret."""
        utc = at.astimezone(UTC)  # the library takes the hands of the clock for UTC, whatever their zone
        signatures = (hook.sign(call_id, utc, body.decode()) for hook in self.hooks)
        return {
            "webhook-id": call_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": " ".join(signatures),
        }

    def verify(self, headers: Mapping[str, str], body: bytes) -> str | None:
        """The id of a call that one of the secrets signed in the last five minutes; None for every other call.

        An id holds letters, digits, `_`, `:` and `-`, a time is a whole number: neither may hold the full stop that
        parts them in what is signed.
        """
        given = {name: headers.get(name, "") for name in ("webhook-id", "webhook-timestamp", "webhook-signature")}
        if not _ID.fullmatch(given["webhook-id"]) or not _TIME.fullmatch(given["webhook-timestamp"]):
            return None
        signatures = [each for each in given["webhook-signature"].split(" ") if each.startswith("v1,")]
        # One by one: the library gives up at the first that is malformed, whatever comes behind it.
        tried = [given | {"webhook-signature": each} for each in signatures[:MOST_SIGNATURES]]
        return given["webhook-id"] if any(_signed(hook, each, body) for hook in self.hooks for each in tried) else None


@dataclass(frozen=True)
class Endpoint:
    """One address that hears our events. `id` is a digest of it, `origin` what may be shown of it."""

    url: str
    id: str
    origin: str
    own_machine: bool


@dataclass(frozen=True)
class Exchange:
    """`incoming` checks what other programs send; `outgoing` signs what `endpoints` hear."""

    incoming: Keys = Keys()
    outgoing: Keys = Keys()
    endpoints: tuple[Endpoint, ...] = ()


def exchange_of(settings: Settings) -> Exchange:
    """What the settings and the files under the home say. Raises Refused for a weak secret or an unsafe address."""
    endpoints = tuple(endpoint_of(url) for url in dict.fromkeys(_text(settings.event_urls).split()))
    outgoing = _keys(settings.event_secret, "OFFBOARD_EVENT_SECRET", settings.home / EVENT_SECRETS)
    if endpoints and not outgoing:
        raise Refused(
            "OFFBOARD_EVENT_URLS names who hears our events, and there is no secret to sign them with. "
            "Nothing was started. Set OFFBOARD_EVENT_SECRET, or write {file} with mode 0600.",
            file=settings.home / EVENT_SECRETS,
        )
    incoming = _keys(settings.webhook_secrets, "OFFBOARD_WEBHOOK_SECRETS", settings.home / WEBHOOK_SECRETS)
    return Exchange(incoming, outgoing, endpoints)


def keys_of(secrets: str, place: str) -> Keys:
    """Read secrets that `place` gives. Raises Refused for one that is malformed, too short or too long."""
    return Keys(tuple(_hook(secret, place) for secret in secrets.split()))


def endpoint_of(url: str) -> Endpoint:
    """Read an address. Raises Refused when it is no http(s) address, or not encrypted on its way to another machine."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        parts, host, port = urlsplit(""), "", None
    own_machine = _is_own_machine(host)
    if not host or parts.scheme not in ("https", "http") or (parts.scheme == "http" and not own_machine):
        raise Refused(
            "{address} in OFFBOARD_EVENT_URLS is no https address (http only on this machine). Nothing was started.",
            address=_shown(parts.scheme, host, port),
        )
    name = hashlib.sha256(url.encode()).hexdigest()[:16]
    return Endpoint(url, name, _shown(parts.scheme, host, port), own_machine)


def _shown(scheme: str, host: str, port: int | None) -> str:
    # Path, query and password of an address may be a key of the receiver.
    return f"{scheme or '?'}://{host or '?'}" + (f":{port}" if port else "")


def _is_own_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _keys(setting: SecretStr | None, name: str, file: Path) -> Keys:
    if _text(setting):
        return keys_of(_text(setting), name)
    if not file.exists():
        return Keys()
    if stat.S_IMODE(file.stat().st_mode) & 0o077:
        raise Refused(
            "{file} holds secrets, and others here can read it. Nothing was started. Run `chmod 600 {file}`.",
            file=file,
        )
    return keys_of(file.read_text(), str(file))


def _text(setting: SecretStr | None) -> str:
    return setting.get_secret_value().strip() if setting else ""


def _hook(secret: str, place: str) -> Webhook:
    try:
        # The library overlooks characters that are no base64, and takes a key of one byte.
        key = b64decode(secret.removeprefix(PREFIX) + "=" * (-len(secret.removeprefix(PREFIX)) % 4), validate=True)
    except ValueError:
        key = b""
    if not secret.startswith(PREFIX) or not SHORTEST <= len(key) <= LONGEST:
        raise Refused(
            "a secret of web hooks in {place} is not whsec_ with {shortest} to {longest} bytes in base64 behind it. "
            "Nothing was started. Make one with: echo whsec_$(openssl rand -base64 32)",
            place=place,
            shortest=SHORTEST,
            longest=LONGEST,
        )
    return Webhook(key)


def _signed(hook: Webhook, headers: dict[str, str], body: bytes) -> bool:
    try:
        hook.verify(body, headers, json_parse=False)
    except (WebhookVerificationError, ValueError):  # the second is what it says of a signature that is no base64
        return False
    return True
