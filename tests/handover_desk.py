"""A handover as a worker runs it, for tests: one case, its three activities, and looks at what they left behind."""

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import text
from temporalio.testing import ActivityEnvironment

from activities import handover
from activities.cases import CaseActivities
from activities.handover import HandoverActivities
from models.case import Branch, BranchRequest, CaseRequest, PlanRequest, SeparationKind
from models.handover import HandoverRequest, HandoverSummary, SuccessorPlan, SuccessorSummary, UndoRequest, UndoSummary
from store import branches
from store.database import Database
from systems.clients.postgres import PostgresClientBook
from tests.company import AS_OF, Company

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)

OWNED = ("clients", "opportunities", "invoices")
ALL = (*OWNED, "contacts", "interactions", "orders", "payments")


class Crash(Exception):
    """The worker is gone."""


class Desk:
    """The handover of Li Na's case as a worker would run it."""

    def __init__(self, company: Company, leaver: str = "E1") -> None:
        self.database = company.database
        self.leaver = leaver
        self.case = f"offboarding-{leaver}"
        self.hands = HandoverActivities(self.database, PostgresClientBook(self.database))
        request = CaseRequest(
            case_id=self.case,
            employee_id=leaver,
            kind=SeparationKind.RESIGNATION,
            last_working_day=date(2026, 12, 31),
            requested_by="H1",
            policy="ifrs",
        )
        CaseActivities(self.database).plan_case(PlanRequest(request=request, at=NOON))

    def propose(self) -> SuccessorSummary:
        """Propose successors."""
        request = BranchRequest(case_id=self.case, employee_id=self.leaver, as_of=AS_OF)
        return ActivityEnvironment().run(self.hands.propose_successors, request)

    def transfer(self, digest: str, crash_after: int | None = None) -> HandoverSummary:
        """Run the transfer; `crash_after` kills the worker after that many batches."""
        environment, beats = ActivityEnvironment(), []

        def on_heartbeat(*_: object) -> None:
            beats.append(1)
            if len(beats) == crash_after:
                raise Crash

        environment.on_heartbeat = on_heartbeat
        request = HandoverRequest(case_id=self.case, employee_id=self.leaver, plan_digest=digest)
        return environment.run(self.hands.transfer_clients, request)

    def undo(self) -> UndoSummary:
        """Give everything back."""
        request = UndoRequest(case_id=self.case, employee_id=self.leaver)
        return ActivityEnvironment().run(self.hands.undo_transfers, request)

    def plan(self, digest: str) -> SuccessorPlan:
        """A plan that the case keeps."""
        with self.database.begin() as connection:
            return branches.load(connection, self.case, Branch.SUCCESSORS, digest, SuccessorPlan)

    def obstacles(self) -> dict[str, int]:
        """What forbids closing."""
        with self.database.begin() as connection:
            return handover.obstacles(connection, self.case, self.leaver)


def run(database: Database, statement: str, **params: object) -> None:
    """One statement, committed."""
    with database.begin() as connection:
        connection.execute(text(statement), params)


def rows(database: Database, statement: str, **params: object) -> list[Any]:
    """The rows of a query."""
    with database.begin() as connection:
        return list(connection.execute(text(statement), params).mappings())


def snapshot(database: Database, tables: tuple[str, ...] = ALL) -> dict[str, dict[str, dict[str, Any]]]:
    """Every row of the tables, by id."""
    return {
        table: {row["id"]: dict(row) for row in rows(database, f"SELECT * FROM {table}")}  # noqa: S608
        for table in tables
    }


def assert_no_gap(database: Database) -> None:
    """D25: the ownership ledger of every active client has neither hole nor overlap, from its creation to now."""
    for client in rows(database, "SELECT * FROM clients WHERE status = 'active'"):
        ledger = rows(
            database, "SELECT * FROM client_ownership WHERE client_id = :id ORDER BY since, id", id=client["id"]
        )
        assert ledger, f"client {client['id']} was never owned"
        assert [row["until"] for row in ledger[:-1]] == [row["since"] for row in ledger[1:]]
        assert ledger[-1]["until"] is None
        assert ledger[-1]["owner_id"] == (client["interim_owner_id"] or client["owner_id"])
