"""What `offboard doctor --system receivables` finds at the live connection: what can be read, what cannot, and why."""

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy.exc import ProgrammingError

from connections import open_database
from embedded.finding import Finding, ill, well
from models.base import ClientId, Value
from models.errors import OffboardError
from models.open_items import Portion
from models.reasons import Reason, because
from settings import Settings
from store.database import Database
from store.receivable_book import portions_of_all
from systems.receivables.choose import source_for
from systems.receivables.failures import GARBLED, NO_ANSWER, NOT_ALLOWED, RATE_LIMITED, UNKNOWN_CLIENTS
from systems.receivables.port import ReceivableSource, SourceCheck

GIVE_IT = because("Give Offboard what it needs there; docs/operations.md says what is read in each system.")
NONE_KNOWN = "it knows none of the clients of our book ({number})"
LOOK_CLOSER = because(
    "Run `offboard doctor --system receivables`. Audits go on trying; until then receivables are unknown."
)
MENDS = {
    NO_ANSWER: because(
        "See that the system runs, that OFFBOARD_RECEIVABLES_URL names it, and that this machine reaches it."
    ),
    RATE_LIMITED: because("Wait, or set OFFBOARD_RECEIVABLES_CALLS lower, or ask those who run it for a higher limit."),
    NOT_ALLOWED: because(
        "Give Offboard's user in that system the right to read, or set a valid OFFBOARD_RECEIVABLES_KEY."
    ),
    GARBLED: because(
        "See that OFFBOARD_RECEIVABLES_URL names the right system; docs/operations.md says what is read in each."
    ),
    UNKNOWN_CLIENTS: because(
        "See that it is the right company, and that clients.source_key is what the system calls them."
    ),
}
FIRST = 100  # clients that are asked for; the others only when none of these is known


class Examined(StrEnum):
    """The systems that can be looked at one by one."""

    RECEIVABLES = "receivables"


class SystemCheck(Value):
    """One look at the system of receivables. `failure` and `mend` are None when everything that is needed can be read.

    `cannot` is what that system does not tell: audits do without it and say so.
    """

    system: str
    ok: bool
    can: tuple[Reason, ...] = ()
    cannot: tuple[Reason, ...] = ()
    broken: tuple[Reason, ...] = ()
    failure: Reason | None = None
    mend: Reason | None = None


def look_at_receivables(settings: Settings) -> SystemCheck:
    """Ask the system that the settings name. Never raises for a fault of it."""
    system: str = Examined.RECEIVABLES
    try:
        database = open_database(settings)
        try:
            with source_for(settings, database) as source:
                system = source.system
                return _told(system, _with_clients(source, source.check(), database))
        finally:
            database.close()
    except OffboardError as failure:
        return SystemCheck(
            system=failure.detail.get("system", system),
            ok=False,
            failure=Reason(code=failure.template, params=failure.detail),
            mend=MENDS.get(failure.detail.get("reason", "")),
        )


def check_receivables(settings: Settings) -> list[Finding]:
    """The same as a line of `offboard doctor`; nothing when receivables are in our own tables."""
    if not settings.receivables_url:
        return []
    found = look_at_receivables(settings)
    if found.ok:
        return [well("Receivables")]
    problem = found.failure or found.broken[0]
    return [ill("Receivables", problem, LOOK_CLOSER)]


def _with_clients(source: ReceivableSource, check: SourceCheck, database: Database) -> SourceCheck:
    """What can be read says nothing when it is of strangers: another company answers as well as ours."""
    clients = [] if check.broken else _clients_of(database)
    if not clients or any(_knows(source, part) for part in (clients[:FIRST], clients[FIRST:]) if part):
        return check
    return check._replace(broken=(because(NONE_KNOWN, number=len(clients)),))


def _knows(source: ReceivableSource, clients: Sequence[tuple[ClientId, Portion]]) -> bool:
    with source.snapshot(dict(clients), datetime.now(UTC).date()) as snapshot:
        return not snapshot.source.knows_nobody


def _clients_of(database: Database) -> list[tuple[ClientId, Portion]]:
    """The clients of our book that have an owner; none of a book of another release, which is a finding of its own."""
    try:
        with database.begin() as connection:
            held = portions_of_all(connection)
    except ProgrammingError:
        return []
    whole = {client: Portion(key=part.key) for portions in held.values() for client, part in portions.items()}
    return sorted(whole.items())


def _told(system: str, check: SourceCheck) -> SystemCheck:
    strangers = any(reason.code == NONE_KNOWN for reason in check.broken)
    return SystemCheck(
        system=system,
        ok=not check.broken,
        can=check.can,
        cannot=check.cannot,
        broken=check.broken,
        mend=MENDS[UNKNOWN_CLIENTS] if strangers else GIVE_IT if check.broken else None,
    )
