"""Helpers of the tests about the lockdown: a person's rights, a directory that can be interfered with, its worker."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count

import pytest
from sqlalchemy import Connection, select

from activities.access import AccessActivities
from models.access import AccessState, Entitlement, Grade, LockRequest, LockSummary
from models.errors import Unavailable
from models.handover import UndoRequest, UndoSummary
from store import evidence
from store.database import Database
from store.tables import entitlements
from systems.access.postgres import PostgresAccessDirectory

CASE = "offboarding-E7"
NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)
ALL = tuple(Grade)
SUSPENDED, ACTIVE = AccessState.SUSPENDED, AccessState.ACTIVE
# Order of the lockdown; written into the table in another one.
IN_ORDER = ["R5", "R2", "R7", "R4", "R1", "R6", "R3"]
RIGHTS = [
    Entitlement(id="R1", employee_id="E7", system="crm", right="write", grade=Grade.WRITE),
    Entitlement(id="R2", employee_id="E7", system="erp", right="bulk export", grade=Grade.EXPORT),
    Entitlement(id="R3", employee_id="E7", system="directory", right="account", grade=Grade.ACCOUNT),
    Entitlement(id="R4", employee_id="E7", system="crm", right="sessions", grade=Grade.SESSION),
    Entitlement(id="R5", employee_id="E7", system="crm", right="export", grade=Grade.EXPORT),
    Entitlement(id="R6", employee_id="E7", system="mail", right="client mail", grade=Grade.CLIENT_CONTACT),
    Entitlement(id="R7", employee_id="E7", system="erp", right="api", grade=Grade.EXPORT, state=SUSPENDED),
    Entitlement(id="R8", employee_id="E2", system="crm", right="export", grade=Grade.EXPORT),
]


class Killed(BaseException):
    """Stands for the end of the process: no code of ours may catch it."""


class Recording:
    """The real directory with a list of what was changed in it, and a way to interfere after each call."""

    def __init__(self, real: PostgresAccessDirectory) -> None:
        self.real = real
        self.changes: list[tuple[str, str]] = []
        self.before: Callable[[str, str], None] = lambda verb, right: None
        self.after: Callable[[str, str], None] = lambda verb, right: None

    def rights_of(self, employee_id: str) -> Sequence[Entitlement]:
        return self.real.rights_of(employee_id)

    def state_of(self, entitlement_id: str) -> AccessState:
        self.before("read", entitlement_id)
        state = self.real.state_of(entitlement_id)
        self.after("read", entitlement_id)
        return state

    def suspend(self, entitlement_id: str) -> None:
        self.before("suspend", entitlement_id)
        self.real.suspend(entitlement_id)
        self.changes.append(("suspend", entitlement_id))
        self.after("suspend", entitlement_id)

    def restore(self, entitlement_id: str, state: AccessState) -> None:
        self.before("restore", entitlement_id)
        self.real.restore(entitlement_id, state)
        self.changes.append(("restore", entitlement_id))
        self.after("restore", entitlement_id)


def refuse(verb: str, right: str) -> Callable[[str, str], None]:
    """The system does not answer this call for this right."""

    def interfere(called: str, entitlement_id: str) -> None:
        if (called, entitlement_id) == (verb, right):
            raise Unavailable("no answer", system="test")

    return interfere


def kill_at(number: int) -> Callable[[str, str], None]:
    """The process ends after the call of that number (from 1) to the directory."""
    calls = count(1)

    def interfere(verb: str, right: str) -> None:
        if next(calls) == number:
            raise Killed

    return interfere


@contextmanager
def dies() -> Iterator[None]:
    with pytest.raises(Killed):
        yield


def lock(access: AccessActivities, grades: tuple[Grade, ...] = ALL) -> LockSummary:
    return access.lock_access(LockRequest(case_id=CASE, employee_id="E7", grades=grades))


def undo(access: AccessActivities) -> UndoSummary:
    return access.restore_access(UndoRequest(case_id=CASE, employee_id="E7"))


def table(connection: Connection) -> list[tuple[object, ...]]:
    return [tuple(row) for row in connection.execute(select(entitlements).order_by(entitlements.c.id))]


def dump(database: Database) -> list[tuple[object, ...]]:
    with database.begin() as connection:
        return table(connection)


def kinds(database: Database) -> list[str]:
    with database.begin() as connection:
        assert evidence.verify(connection, CASE)[1] is None
        return [entry.kind for entry in evidence.read(connection, CASE)]
