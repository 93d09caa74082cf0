"""Which mail system is used: the SMTP server that the settings name, else a folder under `home`."""

from pathlib import Path
from typing import Protocol

from pydantic import SecretStr

from systems.mail.folder import FolderMailer
from systems.mail.port import Mailer
from systems.mail.smtp import SmtpMailer


class MailSettings(Protocol):
    """The settings that matter here."""

    @property
    def home(self) -> Path:
        """Folder of all state."""

    @property
    def smtp_url(self) -> SecretStr | None:
        """Address of the mail server."""

    @property
    def mail_from(self) -> str:
        """Address that stands in `From`."""


def mailer_for(settings: MailSettings) -> Mailer:
    """The mailer that the settings ask for. Raises Refused for an address that cannot be meant."""
    if settings.smtp_url:
        return SmtpMailer(settings.smtp_url.get_secret_value(), settings.mail_from)
    return FolderMailer(settings.home / "mail", settings.mail_from)
