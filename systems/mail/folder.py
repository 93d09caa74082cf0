"""Mail into a folder of this machine: what the embedded stack uses, readable with any mail program."""

import hashlib
import mailbox
import os
from email.message import EmailMessage
from pathlib import Path

from models.errors import Unavailable


class FolderMailer:
    """`folder` becomes a Maildir that only its owner can read; `sender` stands in `From`.

    The name of a file comes from the Message-ID and the recipient: a message that lies there already, because a worker
    died before it could write that down, is not put there again.
    """

    def __init__(self, folder: Path, sender: str) -> None:
        self._folder = folder
        self._sender = sender

    def send(self, message: EmailMessage) -> None:
        """Put one message into `new/`, once. Raises Unavailable when the folder cannot be written."""
        if "From" not in message:
            message["From"] = self._sender
        try:
            for part in ("tmp", "new", "cur"):  # one by one: an empty folder, or half of one, is completed
                (self._folder / part).mkdir(mode=0o700, parents=True, exist_ok=True)
            self._folder.chmod(0o700)
            if "Message-ID" in message:
                self._put_once(message)
            else:
                mailbox.Maildir(self._folder, create=False).add(message)
        except OSError as full:
            raise Unavailable(
                "the mail folder {folder} cannot be written ({answer}); the message is kept and tried again",
                folder=self._folder,
                answer=full.strerror,
                system="mail",
                reason="no_answer",
            ) from full

    def _put_once(self, message: EmailMessage) -> None:
        name = hashlib.sha256(f"{message['Message-ID']}\n{message['To']}".encode()).hexdigest()[:32]
        # A mail program moves what it has seen to `cur` and adds flags to the name.
        if (self._folder / "new" / name).exists() or any((self._folder / "cur").glob(f"{name}*")):
            return
        draft = self._folder / "tmp" / name
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(message.as_bytes(policy=message.policy.clone(linesep="\n")))
            file.flush()
            os.fsync(file.fileno())
        draft.rename(self._folder / "new" / name)
