"""A server that is silent, frozen or slow: every wait ends, and the others go on."""

import select
import socket
import threading
import time
from collections.abc import Iterator

import psycopg2
import pytest
from sqlalchemy import make_url, text

from activities.receivable_facts import Books
from activities.receivables import audit_owner
from embedded.postgres import Postgres
from models.errors import Unavailable
from models.open_items import Portion
from store import database as limits
from store.database import Database
from store.policies import load_policy
from systems.receivables.postgres import PostgresReceivables, foreign_ledger
from tests.company import AS_OF, Company

BOUND = 12  # seconds; connecting may take 5


class Proxy:
    """Passes bytes on to a server until it is frozen; then it keeps the lines and says nothing."""

    def __init__(self, port: int | None) -> None:
        self.frozen = port is None
        self._port = port
        self._lines: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Hang up."""
        for line in (self._listener, *self._lines):
            line.close()

    def _accept(self) -> None:
        while True:
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return
            self._lines.append(caller)
            if self._port is not None:
                server = socket.create_connection(("127.0.0.1", self._port))
                self._lines.append(server)
                threading.Thread(target=self._pass_on, args=(caller, server), daemon=True).start()

    def _pass_on(self, caller: socket.socket, server: socket.socket) -> None:
        try:
            while True:
                for ready in select.select([caller, server], [], [])[0]:
                    content = ready.recv(65536)
                    if not content:
                        return
                    if not self.frozen:
                        (server if ready is caller else caller).sendall(content)
        except (OSError, ValueError):
            return


@pytest.fixture
def company(database: Database) -> Company:
    return Company.build(database, clients=2)


@pytest.fixture
def proxy(postgres: Postgres) -> Iterator[Proxy]:
    made = Proxy(make_url(postgres.url("postgres")).port)
    yield made
    made.close()


def audit(source: Database) -> None:
    books = Books(portions={"C001": Portion(key="C001")})
    audit_owner(PostgresReceivables(source), books, load_policy("ifrs"), AS_OF)


def through(proxy: Proxy, url: str) -> str:
    return make_url(url).set(host="127.0.0.1", port=proxy.port).render_as_string(hide_password=False)


def test_a_source_that_accepts_and_never_answers(company: Company) -> None:
    silent = Proxy(None)
    source = foreign_ledger(through(silent, company.database.url))
    begun = time.monotonic()
    with pytest.raises(Unavailable):
        audit(source)
    assert time.monotonic() - begun < BOUND
    source.close()
    silent.close()


def test_a_source_that_freezes_while_we_are_connected(
    company: Company, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "GRACE", 0.5)
    source = Database(through(proxy, company.database.url), statement_timeout=1)
    audit(source)
    proxy.frozen = True
    ended: list[float] = []

    def ask() -> None:
        begun = time.monotonic()
        with pytest.raises(Unavailable):
            audit(source)
        ended.append(time.monotonic() - begun)

    asking = threading.Thread(target=ask)
    asking.start()
    audit(company.database)
    assert asking.is_alive(), "the others go on meanwhile"
    asking.join(BOUND + 5)
    assert ended
    assert ended[0] < BOUND
    proxy.frozen = False
    audit(source)
    source.close()


def test_a_slow_statement_ends_and_a_patient_one_goes_on(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "GRACE", 0.1)
    hasty = Database(company.database.url, statement_timeout=0.2)
    with pytest.raises(Unavailable, match="statement timeout"), hasty.begin() as connection:
        connection.execute(text("SELECT pg_sleep(5)"))
    with hasty.begin(patient=True) as connection:
        connection.execute(text("SELECT pg_sleep(1)"))
    with pytest.raises(Unavailable, match="statement timeout"), hasty.begin() as connection:
        connection.execute(text("SELECT pg_sleep(5)"))
    hasty.close()


def test_the_limits_stand_beside_the_options_of_the_address(company: Company) -> None:
    url = make_url(company.database.url).update_query_dict({"options": "-c work_mem=5MB"})
    own = Database(url.render_as_string(hide_password=False))
    with own.begin() as connection:
        found = [
            connection.execute(text(f"SHOW {name}")).scalar_one()
            for name in ("work_mem", "statement_timeout", "lock_timeout", "tcp_keepalives_idle")
        ]
        driver = connection.connection.dbapi_connection
        assert isinstance(driver, psycopg2.extensions.connection)
        parameters = driver.get_dsn_parameters()
    own.close()
    assert found[:3] == ["5MB", "1min", "20s"]
    assert (parameters["keepalives_idle"], parameters["tcp_user_timeout"]) == ("10", "25000")
