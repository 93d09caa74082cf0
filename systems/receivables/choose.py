"""Which system receivables are read from: the scheme of OFFBOARD_RECEIVABLES_URL says it; without one, our tables."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, Protocol
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from pydantic import SecretStr
from sqlalchemy.exc import ArgumentError

from models.errors import Refused
from store.database import Database
from systems.receivables.calls import Calls
from systems.receivables.csv_folder import CsvFolder
from systems.receivables.port import ReceivableSource
from systems.receivables.postgres import PostgresReceivables, foreign_ledger

KEY_FILE = "receivables-key"
FOR_OTHERS = 0o077
TAKEN_TOGETHER = "receivables"  # what a database is called that holds nothing but them


class ReceivableSettings(Protocol):
    """The settings that matter here."""

    @property
    def home(self) -> Path:
        """Folder of all state, where the file with the key may be."""

    @property
    def receivables_url(self) -> SecretStr | None:
        """Where receivables are read from; our own tables with None."""

    @property
    def receivables_key(self) -> SecretStr | None:
        """The key of a system that wants one."""

    @property
    def receivables_calls(self) -> int:
        """Calls at once to one system."""

    @property
    def receivables_days(self) -> int:
        """Days after which a delivery in a drop folder is too old."""


class OpenSource(NamedTuple):
    """A source, and how to give back what it holds open."""

    source: ReceivableSource
    close: Callable[[], None]


@contextmanager
def source_for(settings: ReceivableSettings, database: Database) -> Iterator[ReceivableSource]:
    """The source for the length of a block. Raises as `open_source` does."""
    opened = open_source(settings, database)
    try:
        yield opened.source
    finally:
        opened.close()


def open_source(settings: ReceivableSettings, database: Database) -> OpenSource:
    """The source that the settings ask for; nothing is asked of it yet. Raises Refused for an address nobody can mean.

    No error shows the address: it may hold a password.
    """
    if not settings.receivables_url:  # an empty one, as Compose passes it on, names nothing
        return OpenSource(PostgresReceivables(database), _nothing)
    try:
        place = urlsplit(settings.receivables_url.get_secret_value())
        build = BUILDERS[place.scheme]
        place.port  # noqa: B018  (it raises when it is no number)
    except (ValueError, KeyError):
        raise _misplaced() from None
    return build(place, settings)


def _database(place: SplitResult, _settings: ReceivableSettings) -> OpenSource:
    try:
        foreign = foreign_ledger(place._replace(scheme="postgresql+psycopg2").geturl())
    except (ArgumentError, ValueError):
        raise _misplaced() from None
    return OpenSource(PostgresReceivables(foreign, TAKEN_TOGETHER), foreign.close)


def _folder(place: SplitResult, settings: ReceivableSettings) -> OpenSource:
    if place.netloc or not place.path or place.query:
        raise _misplaced()
    folder = CsvFolder(Path(unquote(place.path)), settings.receivables_days)
    return OpenSource(folder, _nothing)


def _tryton(place: SplitResult, settings: ReceivableSettings) -> OpenSource:
    from systems.receivables.http import is_here  # noqa: PLC0415  (httpx costs 100 ms; few need it)

    name, encrypted = place.path.strip("/"), place.scheme.endswith("https")
    wanted = dict(parse_qsl(place.query, keep_blank_values=True))
    # What is not understood must not be passed over: a mistyped company would be another one's books.
    understood = wanted.keys() <= {"company", "disputes"} and wanted.get("disputes", "yes") in ("yes", "no")
    if not place.hostname or not name or "/" in name or place.username or not understood:
        raise _misplaced()
    if not encrypted and not is_here(place.hostname):
        raise Refused(
            "OFFBOARD_RECEIVABLES_URL would send a key unencrypted to another machine; nothing was started. "
            "Put TLS before that system and write https."
        )
    address = f"{'https' if encrypted else 'http'}://{place.netloc}"
    key, calls = _key(settings), Calls(settings.receivables_calls)
    from systems.receivables.tryton import TrytonReceivables  # noqa: PLC0415

    tryton = TrytonReceivables(
        address,
        unquote(name),
        key,
        calls=calls,
        company=wanted.get("company"),
        disputes=wanted.get("disputes", "yes") == "yes",
    )
    return OpenSource(tryton, tryton.close)


# A new adapter is one more line here; docs/receivables-adapter.md says what it must do.
BUILDERS: Mapping[str, Callable[[SplitResult, ReceivableSettings], OpenSource]] = {
    "postgresql": _database,
    "postgresql+psycopg2": _database,
    "file": _folder,
    "tryton+https": _tryton,
    "tryton+http": _tryton,
}


def _key(settings: ReceivableSettings) -> str:
    """The key from the settings, else from a file that only its owner can read."""
    if settings.receivables_key:
        key = settings.receivables_key.get_secret_value()
    else:
        key = _kept_key(settings.home / KEY_FILE)
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise Refused(
            "the key of the receivables system is missing or is none; nothing was started. Set "
            "OFFBOARD_RECEIVABLES_KEY, or put the key into {file} and run `chmod 600` on it.",
            file=settings.home / KEY_FILE,
        )
    return key


def _kept_key(file: Path) -> str:
    try:
        if file.stat().st_mode & FOR_OTHERS:
            raise Refused(
                "the file {file} can be read by others, and it holds a key; nothing was started. "
                "Run `chmod 600` on it.",
                file=file,
            )
        return file.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""


def _misplaced() -> Refused:
    return Refused(
        "OFFBOARD_RECEIVABLES_URL is no address that receivables can be read from; nothing was started. It begins with "
        "postgresql://, tryton+https:// or file:///; docs/settings.md shows each."
    )


def _nothing() -> None:
    """There is nothing to give back."""
