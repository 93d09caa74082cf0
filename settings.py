"""Every setting of Offboard, read from the environment (`OFFBOARD_*`). Connections to Temporal use its own profiles."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """One table of these is in docs/settings.md; a test fails when one is missing there.

    An address that is left out is taken from the embedded stack under `home`, when one was started there.
    """

    model_config = SettingsConfigDict(env_prefix="OFFBOARD_", extra="ignore")

    home: Path = Path("var")
    database_url: SecretStr | None = None
    receivables_url: SecretStr | None = None
    receivables_key: SecretStr | None = None
    receivables_calls: int = Field(default=4, ge=1, le=64)
    receivables_days: int = Field(default=7, ge=0, le=366)
    public_url: str | None = None
    web_host: str = "127.0.0.1"
    web_port: int = 8080
    link_secret: SecretStr | None = None
    oidc_issuer: str | None = None
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr = SecretStr("")
    oidc_claim: Literal["email", "preferred_username", "sub"] = "email"
    webhook_secrets: SecretStr | None = None
    event_urls: SecretStr | None = None
    event_secret: SecretStr | None = None
    smtp_url: SecretStr | None = None
    mail_from: str = "offboard@localhost"
    mails_at_once: int = Field(default=5, ge=1)
    channels_file: Path | None = None
    policy_dir: Path | None = None
    language: str = "en"
    metrics_port: int | None = None
