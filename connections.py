"""Where our servers are: from the settings, and what they leave out from the embedded stack under `home`."""

import os
import secrets
from pathlib import Path

from pydantic import Field, SecretStr, ValidationError
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.envconfig import ClientConfigProfile

from models.base import Moment, Value
from models.errors import Refused, Unavailable
from settings import Settings
from store.database import Database

NAMESPACE = "offboard"
START_IT = (
    "Nothing was changed. Run `offboard up` to start the servers of this machine, or `offboard doctor` to see why."
)
SHORTEST_SECRET = 32


class ServiceState(Value):
    """One server of the stack. `failures` counts ends and failed starts in a row; `started_at` is the last start."""

    pid: int | None = None
    failures: int = 0
    started_at: Moment | None = None


class StackFile(Value):
    """What a running embedded stack tells everybody else. Its file has mode 0600: the database URL holds a password.

    Addresses are empty until the server behind them was started once.
    """

    supervisor: int
    services: dict[str, ServiceState]
    temporal: str = ""
    ui: str = ""
    metrics: str = ""
    web: str = ""
    postgres_port: int | None = None
    database_url: str = Field(default="", repr=False)


def stack_file(home: Path) -> Path:
    """The file in which the embedded stack under `home` publishes its addresses."""
    return home / "stack.json"


def read_stack(home: Path) -> StackFile:
    """Read the addresses of the embedded stack. Raises Unavailable when there is none under `home`."""
    file = stack_file(home)
    try:
        return StackFile.model_validate_json(file.read_text())
    except FileNotFoundError:
        raise Unavailable(
            "no servers of Offboard run under {home}. {advice}", home=home.resolve(), advice=START_IT
        ) from None
    except (ValidationError, PermissionError) as unreadable:
        raise Unavailable(
            "{file} cannot be read. Nothing was changed. If another version of Offboard or another user started the "
            "servers, stop them with `offboard down` as that user, then run `offboard up`.",
            file=file,
        ) from unreadable


class Relying(Value):
    """What the company's identity provider knows us as. `claim` of its tokens names the person.

    `email` is compared with the mail address of our employees, `preferred_username` and `sub` with their id.
    """

    issuer: str
    client_id: str
    client_secret: SecretStr
    claim: str


def relying(settings: Settings) -> Relying | None:
    """The identity provider to ask; None when people sign in with codes by mail. Raises Refused when half is named."""
    if not settings.oidc_issuer:
        return None
    if not settings.oidc_client_id or not settings.oidc_client_secret.get_secret_value():
        raise Refused(
            "OFFBOARD_OIDC_ISSUER is set, OFFBOARD_OIDC_CLIENT_ID or OFFBOARD_OIDC_CLIENT_SECRET is not. "
            "Nothing was started: without both nobody could sign in."
        )
    return Relying(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret,
        claim=settings.oidc_claim,
    )


async def connect_temporal(settings: Settings) -> Client:
    """Connect to Temporal: the profile of `TEMPORAL_*`, else the embedded server. Raises Unavailable."""
    profile = ClientConfigProfile.load()
    address = profile.address or read_stack(settings.home).temporal
    if not address:
        raise Unavailable(
            "the Temporal server under {home} has not started yet. {advice}",
            home=settings.home.resolve(),
            advice=START_IT,
        )
    connect = profile.to_client_connect_config()
    connect["target_host"] = address
    connect["namespace"] = profile.namespace or NAMESPACE
    try:
        return await Client.connect(**connect, data_converter=pydantic_data_converter)
    except RuntimeError as refused:
        raise Unavailable(
            "Temporal does not answer at {address}. {advice}", address=address, advice=START_IT, system="temporal"
        ) from refused


def database_url(settings: Settings) -> str:
    """URL of our PostgreSQL, with its password: never print it. Raises Unavailable."""
    if settings.database_url:
        return settings.database_url.get_secret_value()
    url = read_stack(settings.home).database_url
    if not url:
        raise Unavailable(
            "the database under {home} has not started yet. {advice}", home=settings.home.resolve(), advice=START_IT
        )
    return url


def open_database(settings: Settings) -> Database:
    """Our database; the first query connects. Raises Unavailable when no address is known."""
    return Database(database_url(settings))


def public_url(settings: Settings) -> str:
    """Address under which approvers reach the approval page, without a slash at its end. Raises Unavailable."""
    url = settings.public_url or read_stack(settings.home).web
    if not url:
        raise Unavailable(
            "the approval page under {home} has not started yet. {advice}",
            home=settings.home.resolve(),
            advice=START_IT,
        )
    return url.rstrip("/")


def link_secret_file(home: Path) -> Path:
    """The file that keeps the key of signed links when the settings name none."""
    return home / "link-secret"


def link_secret(settings: Settings) -> str:
    """The key that signs links to the approval page: from the settings, else made once and kept with mode 0600."""
    if settings.link_secret and settings.link_secret.get_secret_value():
        return _strong(settings.link_secret.get_secret_value(), "OFFBOARD_LINK_SECRET")
    file = link_secret_file(settings.home)
    if not file.exists():
        settings.home.mkdir(parents=True, exist_ok=True)
        fresh = file.with_name(f".link-secret.{secrets.token_hex(4)}")
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_urlsafe(48))
        try:
            # A link appears with its whole content or not at all, and the first of two starters wins.
            os.link(fresh, file)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return _strong(file.read_text().strip(), str(file))


def _strong(secret: str, place: str) -> str:
    # Whoever knows the key can make a link for anybody: an empty or short one must not pass unseen.
    if len(secret) < SHORTEST_SECRET:
        raise Refused(
            "the key of signed links in {place} has {length} characters, at least {needed} are needed. "
            "Nothing was started. Restore the right file, or remove it: a new one is made and old links stop working.",
            place=place,
            length=len(secret),
            needed=SHORTEST_SECRET,
        )
    return secret
