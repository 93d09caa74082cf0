"""Books of a system that calls clients otherwise than our book: another company's, or ours after new numbers."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from models.open_items import Portion, Portions
from store.database import Database
from systems.receivables.port import Snapshot
from systems.receivables.postgres import PostgresReceivables


class OtherKeys(PostgresReceivables):
    """Our own tables, in which `strangers` (all clients by default) are not found by the keys of our book."""

    def __init__(self, database: Database, *strangers: str) -> None:
        super().__init__(database, "erp")
        self._strangers = strangers

    @contextmanager
    def snapshot(self, clients: Portions, as_of: date) -> Iterator[Snapshot]:
        """See ReceivableSource."""
        theirs = {client: self._called(client, portion) for client, portion in clients.items()}
        with super().snapshot(theirs, as_of) as found:
            yield found

    def _called(self, client: str, portion: Portion) -> Portion:
        if self._strangers and client not in self._strangers:
            return portion
        return portion.model_copy(update={"key": f"of-another-company-{portion.key}"})
