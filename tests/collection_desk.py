"""The money of E1's case from the hand-over on, for tests: hand over, let time go by, pay, look."""

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import text

from activities.cases import CaseActivities
from activities.collection import CollectionActivities
from activities.handover import HandoverActivities
from models.case import Branch, BranchRequest, CaseRequest, PlanRequest, SeparationKind
from models.collection import CollectionLook, CollectionRequest, CollectionRound, Milestone
from models.handover import HandoverRequest, UndoRequest
from models.receivable_audit import AuditFacts, audit
from models.receivables import CommissionExposure
from store import audited_items, branches, cases, collection, receivable_book
from store.database import Database
from store.policies import SHIPPED
from systems.clients.postgres import PostgresClientBook
from systems.receivables.port import ReceivableSource
from systems.receivables.postgres import PostgresReceivables

CASE = "offboarding-E1"
FOLLOWING = "collection-E1"
DATES = 'milestones = [{ working_days = 10, share = "0.3" }, { working_days = 30, share = "1" }]'


class CollectionDesk:
    """One case. `source` is asked for what clients owe: our own tables, unless a test says otherwise."""

    def __init__(self, database: Database, folder: Path, source: ReceivableSource | None = None) -> None:
        self.database = database
        self.folder = folder
        self.source: ReceivableSource = source or PostgresReceivables(database)

    def policy(self, dates: str = DATES, confirm_from: str = "150") -> str:
        """The name of a policy with these dates, that asks clients to confirm a balance from this amount on."""
        shipped = (SHIPPED / "ifrs.toml").read_text().replace('name = "ifrs"', 'name = "test"', 1)
        own = f'[collection]\n{dates}\nconfirm_from = "{confirm_from}"\n\n'
        changed = re.sub(r"^\[collection\]\n.*?(?=^\[)", own, shipped, flags=re.MULTILINE | re.DOTALL)
        (self.folder / "test.toml").write_text(changed)
        return "test"

    def begin(self, at: datetime, *, commission: CommissionExposure | None = None, policy: str | None = None) -> None:
        """The case is planned, audited and handed over, all at one moment."""
        self.plan(at, policy or self.policy())
        self.audit(commission)
        self.hand_over(at)

    def plan(self, at: datetime, policy: str) -> None:
        """The case is opened."""
        request = CaseRequest(
            case_id=CASE,
            employee_id="E1",
            kind=SeparationKind.RESIGNATION,
            last_working_day=(at + timedelta(days=30)).date(),
            requested_by="H1",
            policy=policy,
        )
        CaseActivities(self.database, self.folder).plan_case(PlanRequest(request=request, at=at))

    def audit(self, commission: CommissionExposure | None = None) -> str:
        """What the clients owe is audited and kept; returns the digest."""
        with self.database.begin() as connection:
            case = cases.get(connection, CASE)
            portions = receivable_book.portions_of(connection, "E1")
        as_of, ageing = case.plan.as_of, case.policy.ageing
        with self.source.snapshot(portions, as_of) as found:
            facts = AuditFacts(portions=portions, commission=commission)
            result = audit(found.lines(ageing), found.ledger(), facts, ageing, as_of)
            with self.database.begin() as connection:
                digest = branches.save(connection, CASE, Branch.RECEIVABLES, result, at=case.started_at)
                audited_items.save(connection, CASE, digest, found.items())
        return digest

    def hand_over(self, at: datetime) -> None:
        """Clients change hands, and the follow-up begins."""
        hands = HandoverActivities(self.database, PostgresClientBook(self.database))
        with self.database.begin() as connection:
            as_of = cases.get(connection, CASE).plan.as_of
        plan = hands.propose_successors(BranchRequest(case_id=CASE, employee_id="E1", as_of=as_of))
        hands.transfer_clients(HandoverRequest(case_id=CASE, employee_id="E1", plan_digest=plan.digest, at=at))

    def withdraw(self) -> None:
        """The leaver stays."""
        hands = HandoverActivities(self.database, PostgresClientBook(self.database))
        hands.undo_transfers(UndoRequest(case_id=CASE, employee_id="E1"))

    def look(self, at: datetime, source: ReceivableSource | None = None) -> CollectionRound:
        """One look."""
        asked = CollectionLook(case_id=CASE, employee_id="E1", at=at)
        return CollectionActivities(self.database, source or self.source).look_at_collection(asked)

    @property
    def request(self) -> CollectionRequest:
        return CollectionRequest(case_id=CASE, employee_id="E1")

    # ---- what happens meanwhile ----

    def pay(self, invoice: str, on: date, amount: str = "100.10") -> None:
        """Money comes in for an invoice."""
        self.run(
            "INSERT INTO payments (id, invoice_id, paid_on, amount, currency) "
            "VALUES (:id, :invoice, :day, :amount, 'CNY')",
            id=f"pay-{invoice}-{on}",
            invoice=invoice,
            day=on,
            amount=Decimal(amount),
        )

    def pay_everything(self, client: int, on: date) -> None:
        """A client of the small company pays what is open."""
        for kind in ("late", "current"):
            self.pay(f"V{client}-{kind}", on)

    def run(self, statement: str, **values: object) -> None:
        """One statement, committed."""
        with self.database.begin() as connection:
            connection.execute(text(statement), values)

    def rows(self, query: str, **values: object) -> list[dict[str, Any]]:
        """The rows of a query."""
        with self.database.begin() as connection:
            return [dict(row) for row in connection.execute(text(query), values).mappings()]

    # ---- what is left behind ----

    def plans(self) -> list[collection.PlanRow]:
        """Every plan, by client."""
        with self.database.begin() as connection:
            return collection.plans_of(connection, CASE)

    def dates(self, client: str = "C001") -> list[Milestone]:
        """The dates of a client's plan."""
        return [each for plan in self.plans() if plan.client == client for each in plan.milestones]

    def states(self, client: str = "C001") -> list[str]:
        """How they went."""
        return [each.state.value for each in self.dates(client)]

    def evidence(self) -> list[str]:
        """Kinds of the evidence of the follow-up, in order."""
        every = [row["kind"] for row in self.rows("SELECT kind FROM evidence ORDER BY seq")]
        return [kind for kind in every if kind.partition(".")[0] in ("collection", "confirmation", "commission")]

    def told(self) -> list[tuple[str, str]]:
        """Every message of the follow-up as (kind, recipient), in order."""
        query = "SELECT kind, recipient_id FROM outbox WHERE kind LIKE 'collect%' ORDER BY created_at, id"
        return [(row["kind"], row["recipient_id"]) for row in self.rows(query)]
