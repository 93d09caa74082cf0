"""The company's books, away for a while."""

from pydantic import SecretStr
from sqlalchemy import create_engine, make_url, text

from tests.workflow.stage import Stage


class AwayLedger:
    """A copy of the company's books under an address that nobody answers until it comes back."""

    def __init__(self, stage: Stage) -> None:
        books = make_url(stage.database.url)
        self._name = f"{books.database}_ledger"
        self._server = create_engine(books.set(database="postgres"), isolation_level="AUTOCOMMIT")
        stage.database.engine.dispose()  # PostgreSQL copies a database only while nobody uses it
        self._do(f'CREATE DATABASE "{self._name}_away" TEMPLATE "{books.database}"')
        address = books.set(database=self._name).render_as_string(hide_password=False)
        stage.settings = stage.settings.model_copy(update={"receivables_url": SecretStr(address)})

    def come_back(self) -> None:
        """The books answer under their address."""
        self._do(f'ALTER DATABASE "{self._name}_away" RENAME TO "{self._name}"')

    def _do(self, statement: str) -> None:
        with self._server.connect() as connection:
            connection.execute(text(statement))
