"""Mail into a folder of this machine: what the embedded stack uses, readable with any mail program."""

import mailbox
from contextlib import suppress
from email.message import EmailMessage
from pathlib import Path

from models.errors import Unavailable


class FolderMailer:
    """`folder` becomes a Maildir that only its owner can read; `sender` stands in `From`."""

    def __init__(self, folder: Path, sender: str) -> None:
        self._folder = folder
        self._sender = sender

    def send(self, message: EmailMessage) -> None:
        """Put one message into `new/`. Raises Unavailable when the folder cannot be written."""
        if "From" not in message:
            message["From"] = self._sender
        try:
            for part in ("tmp", "new", "cur"):  # one by one: an empty folder, or half of one, is completed
                (self._folder / part).mkdir(mode=0o700, parents=True, exist_ok=True)
            self._folder.chmod(0o700)
            name = mailbox.Maildir(self._folder, create=False).add(message)
            with suppress(FileNotFoundError):  # a mail program may have moved it already; the folder is ours alone
                (self._folder / "new" / name).chmod(0o600)
        except OSError as full:
            raise Unavailable(
                f"the mail folder {self._folder} cannot be written ({full.strerror}); the message is kept and tried "
                "again",
                system="mail",
                reason="no_answer",
            ) from full
