"""What we need of a CRM: read a book of business, find who could take it over, change owners and nothing else."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from sqlalchemy import Connection

from models.base import ClientId, EmployeeId, Value
from models.clients import Client, ClientFacts, Opportunity
from models.handover import Candidate
from models.people import Employee


class Deals(Value):
    """The deals that one person owns, on whoever's clients. `won_value` adds `won_currency` only.

    `won_currencies` holds every currency of a won deal, the one that is added first.
    """

    open: tuple[Opportunity, ...]
    won: int
    lost: int
    won_value: Decimal
    won_currency: str
    won_currencies: tuple[str, ...] = ()


class OwnedClient(Value):
    """A client with the answer to one question: is its owner an active person who is not leaving?"""

    client: Client
    owner_active: bool


class OwnerState(Value):
    """Who holds a client or a deal now. `active` is true for an active client and an open deal.

    `invoices` maps each open item of a client to its collector; a deal has none.
    """

    id: str
    owner_id: EmployeeId | None
    interim_owner_id: EmployeeId | None = None
    active: bool = True
    invoices: dict[str, EmployeeId | None] = {}


class OwnerChange(Value):
    """Owners of a client, a deal or an item; only a client can have an interim one."""

    id: str
    owner_id: EmployeeId | None
    interim_owner_id: EmployeeId | None = None


class StrayItem(Value):
    """An open item without a collector who stays. `holder` is who holds its client, when active."""

    id: str
    collector_id: EmployeeId | None
    holder: EmployeeId | None


class Kind(StrEnum):
    """What a handover moves."""

    CLIENT = "client"
    OPPORTUNITY = "opportunity"
    COLLECTOR = "collector"


class ClientBook(Protocol):
    """A system of record for clients.

    Reads open their own transaction. Writes and the reads before them take the caller's, so that the change, its
    effect key and its evidence are one; an adapter for a remote system observes before it changes instead.
    Raises Unavailable when the system does not answer.
    """

    def owned_by(self, employee_id: EmployeeId, as_of: date) -> tuple[ClientFacts, ...]:
        """Active clients that the person owns, whoever holds them for the time being, by id, with what is known as of
        a day.
        """
        ...

    def in_hands_of(self, employee_id: EmployeeId, as_of: date) -> tuple[ClientFacts, ...]:
        """The clients of `owned_by`, and those that the person holds for somebody else: all that must change hands."""
        ...

    def deals_of(self, employee_id: EmployeeId) -> Deals:
        """Deals that the person owns; the open ones by id."""
        ...

    def records(self, ids: Sequence[ClientId]) -> dict[ClientId, OwnedClient]:
        """Clients by id, whoever owns them; unknown ids are left out."""
        ...

    def candidates(self, leaver: Employee, default_capacity: int) -> tuple[Candidate, ...]:
        """Active salespeople who could take over, by id: the nearest first until all clients of the leaver fit."""
        ...

    def interim_owner(self, leaver: Employee) -> EmployeeId | None:
        """Who holds what finds no successor: the next active person up the chart, or else a sales manager."""
        ...

    def free_of(
        self, connection: Connection, people: Sequence[EmployeeId], default_capacity: int
    ) -> dict[EmployeeId, int]:
        """Free capacity of those who are still active and not leaving; the others are left out.

        Locks the people until commit, so that two cases never give away the same place.
        """
        ...

    def client_states(self, connection: Connection, ids: Sequence[ClientId]) -> dict[ClientId, OwnerState]:
        """Owners of clients, with the collectors of their open items. Locks the clients until commit."""
        ...

    def deal_states(self, connection: Connection, ids: Sequence[str]) -> dict[str, OwnerState]:
        """Owners of deals. Locks the deals until commit."""
        ...

    def stray_items(
        self, connection: Connection, leaver: EmployeeId, clients: Sequence[ClientId]
    ) -> tuple[StrayItem, ...]:
        """Open items that nobody but the leaver would collect, by id.

        Those that the leaver collects on whoever's clients; those without an active collector on clients that stay
        with the leaver (closed ones), or on `clients`.
        """
        ...

    def reassign_clients(self, connection: Connection, changes: Sequence[OwnerChange], case_id: str) -> None:
        """Set owner and interim owner, and no other field. The ownership ledger names the case."""
        ...

    def reassign_deals(self, connection: Connection, changes: Sequence[OwnerChange]) -> None:
        """Set the owners of deals, and no other field."""
        ...

    def assign_collectors(self, connection: Connection, collectors: Mapping[str, EmployeeId]) -> None:
        """Set the collector of each invoice, and no other field."""
        ...

    def give_back(
        self, connection: Connection, kind: Kind, steps: Sequence[tuple[OwnerChange, OwnerChange]], case_id: str
    ) -> frozenset[str]:
        """Undo changes of one kind: each step is (owners as we left them, owners as they were).

        A record that somebody has changed since stays as it is. Returns the ids that were given back. For
        `collector` the id is the invoice and the owner its collector.
        """
        ...
