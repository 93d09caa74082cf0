"""Who is told what about money that is to be collected, as messages in the outbox: one a person and event."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, select

from models.base import EmployeeId
from models.people import EmployeeStatus, Role
from store import gates, outbox
from store.outbox import MessageKind, Tidings
from store.tables import employees


class CollectionNews:
    """News of one look at one case. A repeat of the look queues nothing twice."""

    def __init__(self, connection: Connection, case_id: str, at: datetime) -> None:
        self._connection = connection
        self._case_id = case_id
        self._at = at

    def assigned(self, people: Iterable[EmployeeId]) -> None:
        """They collect; once a case."""
        for person in sorted({*people}):
            self._put(person, MessageKind.COLLECT, Tidings(), "first")

    def reassigned(self, people: Iterable[EmployeeId]) -> None:
        """They collect more than before, since somebody else is not there any more."""
        for person in sorted({*people}):
            self._put(person, MessageKind.COLLECT, Tidings(), f"{self._at:%Y-%m-%d}")

    def reminded(self, collector: EmployeeId, due_at: datetime, number: int) -> None:
        """A date is near: the first or the second reminder of it."""
        told = Tidings(at=due_at, round=number)
        self._put(collector, MessageKind.COLLECT_REMINDER, told, f"{due_at:%Y-%m-%d}/{number}")

    def missed(self, collector: EmployeeId, due_at: datetime) -> None:
        """A date was missed: the collector, their manager and those whom the case asked as finance are told."""
        told = Tidings(at=due_at, by=collector)
        people = [collector, self._manager_of(collector), *self._finance()]
        for person in dict.fromkeys(each for each in people if each):
            self._put(person, MessageKind.COLLECT_MISSED, told, f"{due_at:%Y-%m-%d}/{collector}")

    def silent(self, people: Iterable[EmployeeId]) -> None:
        """Clients of theirs did not answer a letter in time."""
        for person in sorted({*people}):
            self._put(person, MessageKind.COLLECT_SILENT, Tidings(at=self._at), f"{self._at:%Y-%m-%d}")

    def _put(self, person: EmployeeId, kind: MessageKind, told: Tidings, key: str) -> None:
        outbox.put(self._connection, self._case_id, person, kind, told, key=key, at=self._at)

    def _manager_of(self, person: EmployeeId) -> EmployeeId | None:
        manager = select(employees.c.manager_id).where(employees.c.id == person).scalar_subquery()
        there = (employees.c.id == manager) & (employees.c.status == EmployeeStatus.ACTIVE)
        return self._connection.execute(select(employees.c.id).where(there)).scalar_one_or_none()

    def _finance(self) -> list[EmployeeId]:
        asked = [who for row in gates.newest_of(self._connection, self._case_id) for who in row.approvers]
        office = (employees.c.role == Role.FINANCE_REVIEWER) & (employees.c.status == EmployeeStatus.ACTIVE)
        query = select(employees.c.id).where(employees.c.id.in_(asked), office).order_by(employees.c.id)
        return list(self._connection.execute(query).scalars())
