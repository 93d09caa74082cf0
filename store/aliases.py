"""Pseudonyms: one a person, random, the same in every alert of theirs."""

import secrets

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from models.errors import Unavailable
from store.tables.behaviour import aliases

# Without 0 and O, 1 and I, 8 and B: people read an alias over the telephone.
LETTERS = "ACDEFGHJKLMNPQRSTUVWXYZ2345679"
TRIES = 20


def alias_of(connection: Connection, employee_id: str) -> str:
    """The alias of a person, made now when there is none. Two at once get the same one."""
    query = select(aliases.c.alias).where(aliases.c.employee_id == employee_id)
    for _ in range(TRIES):
        if known := connection.execute(query).scalar_one_or_none():
            return str(known)
        # Nothing is inserted when the person got one meanwhile, or when the alias is somebody else's.
        connection.execute(insert(aliases).values(employee_id=employee_id, alias=_random()).on_conflict_do_nothing())
    raise Unavailable("no free pseudonym was found; it is tried again by itself")


def person_of(connection: Connection, alias: str) -> str | None:
    """The id of the person whom an alias stands for; None when it is nobody's."""
    return connection.execute(select(aliases.c.employee_id).where(aliases.c.alias == alias)).scalar_one_or_none()


def _random() -> str:
    halves = ("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(2))
    return "-".join(halves)
