"""The addresses that people follow."""

from datetime import timedelta
from urllib.parse import urlsplit

from sqlalchemy import Connection

from store.gates import GateRow
from store.links import Purpose, make_link

# Long after the deadline a link still opens, so that its page can say what became of the gate.
LINK_LIFE_AFTER_DEADLINE = timedelta(days=60)


class Links:
    """Makes the addresses that people follow. `public_url` is where the approval page answers."""

    def __init__(self, secret: str, public_url: str) -> None:
        self._secret = secret
        self._public_url = public_url.rstrip("/")
        self.host = urlsplit(public_url).hostname or ""

    @property
    def inbox(self) -> str:
        """Address of what waits for whoever signs in there: the same for everybody."""
        return f"{self._public_url}/inbox"

    def url(self, connection: Connection, row: GateRow, person: str, purpose: Purpose) -> str:
        """Address of the page for one person and one round: the same one every time."""
        expires_at = row.due_at + LINK_LIFE_AFTER_DEADLINE
        fields = (row.case_id, row.gate, row.round, person, purpose, expires_at, row.opened_at)
        return f"{self._public_url}/d/{make_link(connection, self._secret, *fields)}"
