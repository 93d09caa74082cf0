"""What `offboard doctor --system receivables` finds at the live connection: what can be read, what cannot, and why."""

from enum import StrEnum

from connections import open_database
from embedded.finding import Finding, ill, well
from models.base import Value
from models.errors import OffboardError
from models.reasons import Reason, because
from settings import Settings
from systems.receivables.choose import source_for
from systems.receivables.failures import GARBLED, NO_ANSWER, NOT_ALLOWED, RATE_LIMITED
from systems.receivables.port import SourceCheck

GIVE_IT = because("Give Offboard what it needs there; docs/operations.md says what is read in each system.")
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
}


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
                return _told(system, source.check())
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


def _told(system: str, check: SourceCheck) -> SystemCheck:
    return SystemCheck(
        system=system,
        ok=not check.broken,
        can=check.can,
        cannot=check.cannot,
        broken=check.broken,
        mend=GIVE_IT if check.broken else None,
    )
