"""The words of the terminal views: a language that also knows the people, clients and deals an answer speaks of.

Answers hold ids, as the history does. Names are joined in here, when an answer is printed, and kept nowhere.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Table, select

from reports.language import Language, language
from reports.plain import plain as without_signs
from store.tables import clients, employees, opportunities


@dataclass(frozen=True)
class Names:
    """Names by id of whatever an answer speaks of."""

    people: dict[str, str] = field(default_factory=dict)
    clients: dict[str, str] = field(default_factory=dict)
    deals: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Words(Language):
    """One language, the names for one answer, and the zone of whoever reads it; None: that of this machine."""

    names: Names = field(default_factory=Names)
    zone: str | None = None

    def word(self, text: str) -> str:
        """A word that came with an answer, translated where the catalogue has it; braces in it are only braces."""
        return self.words.gettext(text) if text else ""

    def person(self, key: str | None) -> str:
        """`Li Na (E1)`; the bare id of somebody whom our database does not know, nothing for None."""
        return _label(key, self.names.people)

    def persons(self, keys: list[str]) -> str:
        """Several people in one cell."""
        return self.text(", ").join(self.person(key) for key in keys)

    def client(self, key: str | None) -> str:
        """`Harbour Trading (C001)`; the bare id of an unknown one, nothing for None."""
        return _label(key, self.names.clients)

    def deal(self, key: str | None) -> str:
        """`Framework contract (O1)`; the bare id of one without a name, nothing for None."""
        return _label(key, self.names.deals)


def words_in(tag: str, names: Names | None = None, zone: str | None = None) -> Words:
    """The words of a language tag, with the names of an answer and the zone of its reader."""
    spoken = language(tag)
    return Words(spoken.tag, spoken.locale, spoken.words, names or Names(), zone)


def names_in(connection: Connection, plain: Any) -> Names:
    """The names of everybody and everything whose id stands somewhere in an answer (plain JSON)."""
    ids = set(_texts(plain))

    def of(table: Table) -> dict[str, str]:
        rows = connection.execute(select(table.c.id, table.c.name).where(table.c.id.in_(ids)))
        return {row.id: str(without_signs(row.name)) for row in rows}

    return Names(people=of(employees), clients=of(clients), deals=of(opportunities))


def _texts(plain: Any) -> Iterator[str]:
    if isinstance(plain, dict):
        for key, value in plain.items():
            yield str(key)  # what is counted by person has the id as key
            yield from _texts(value)
    elif isinstance(plain, list | tuple):
        for value in plain:
            yield from _texts(value)
    elif isinstance(plain, str):
        yield plain


def _label(key: str | None, names: dict[str, str]) -> str:
    name = names.get(key or "")
    return f"{name} ({key})" if name and name != key else key or ""
