"""A case whose branches stored results, for tests about the merge."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from pydantic import BaseModel
from sqlalchemy import insert

from activities.assessment import AssessmentActivities
from models.access import AccessRecord, AccessState, AccessStep, Grade, ResultClass
from models.approvals import GateOutcome, GatePlan, Verdict
from models.case import Branch, CaseDates, CasePlan, CaseRequest, SeparationKind
from models.clients import BookOfBusiness, Client, ClientFacts, ClientLine, Opportunity, OpportunityStatus
from models.exposure import lines_of
from models.handover import SuccessorPlan, Transfer, TransferStatus
from models.open_items import LedgerKey, OpenItem
from models.people import Role
from models.policy import Policy
from models.receivable_audit import AuditFacts, audit
from models.report import CaseReport
from models.risk import MergeRequest, ReportRef
from models.risk_level import Level
from reports.language import language
from store import branches, cases, reports
from store.database import Database
from store.policies import load_policy
from store.tables import clients, employees

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
TODAY = NOON.date()
CASE = "offboarding-E1"
PEOPLE = {"E1": "Wang Fang", "E2": "Li Na", "E3": "Zhang Wei", "M1": "Chen Jie", "H1": "Zhao Min"}


def policy() -> Policy:
    return load_policy("ifrs")


class Case:
    """One open case of E1 with two clients; `results` are the digests of what its branches stored so far."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.results: dict[str, str | None] = dict.fromkeys(Branch)
        self.merges = 0
        with database.begin() as connection:
            connection.execute(
                insert(employees), [{"id": each, "source_key": each, "name": name} for each, name in PEOPLE.items()]
            )
            connection.execute(
                insert(clients),
                [{"id": each, "source_key": each, "name": f"Client {each}", "owner_id": "E2"} for each in ("C7", "C8")],
            )
            cases.create(connection, _request(), policy(), _plan(), at=NOON)

    def has(self, branch: Branch, result: BaseModel) -> "Case":
        """A branch stored a result."""
        with self.database.begin() as connection:
            self.results[branch] = branches.save(connection, CASE, branch, result, at=NOON)
        return self

    def merge(self, *outcomes: GateOutcome, key: str | None = None, at: datetime = NOON, asked: int = 0) -> ReportRef:
        """Merge what is there, under a new key unless one is given; people were `asked` about that version."""
        self.merges += 1
        request = MergeRequest(
            case_id=CASE,
            employee_id="E1",
            merge_key=key or f"merge {self.merges}",
            branches=dict(self.results),
            outcomes=outcomes,
            asked_version=asked,
            at=at,
        )
        return AssessmentActivities(self.database).merge_report(request)

    def report(self, version: int | None = None) -> CaseReport:
        """A stored version, the newest by default."""
        with self.database.begin() as connection:
            return reports.load(connection, CASE, version)

    def changes(self) -> list[str]:
        """What the newest version says has changed, in English."""
        return [language("en").reason(reason) for reason in self.report().changes]


def _request() -> CaseRequest:
    return CaseRequest(
        case_id=CASE,
        employee_id="E1",
        kind=SeparationKind.RESIGNATION,
        last_working_day=date(2026, 12, 31),
        requested_by="H1",
        policy="ifrs",
    )


def _plan() -> CasePlan:
    return CasePlan(
        case_id=CASE,
        employee_id="E1",
        region="East",
        department="Sales",
        dates=CaseDates(
            notice_date=TODAY,
            last_working_day=date(2026, 12, 31),
            access_cutoff=datetime(2026, 12, 31, 18, tzinfo=UTC),
            separation_date=date(2026, 12, 31),
        ),
        as_of=TODAY,
        policy_name="ifrs",
        policy_version=policy().version,
        branch_budget_seconds=60,
        first_grades=(Grade.EXPORT,),
        gates=tuple(
            GatePlan(
                gate=gate,
                role=role,
                due_at=NOON + timedelta(days=2),
                escalation_due_at=NOON + timedelta(days=4),
                from_level=level,
            )
            for gate, role, level in (
                ("finance", Role.FINANCE_REVIEWER, Level.LOW),
                ("hr", Role.HRBP, Level.LOW),
                ("legal", Role.LEGAL_COUNSEL, Level.CRITICAL),
            )
        ),
        barred=("E1", "H1"),
        time_zone="Asia/Shanghai",
    )


def money(overdue: str, not_due: str = "700.5000") -> BaseModel:
    """C1 owes `overdue`, ten days past due, and C2 owes `not_due`; the ledger agrees."""
    items = [
        OpenItem(
            document=client,
            client_id=client,
            issued_on=TODAY - timedelta(days=40),
            due_on=TODAY - timedelta(days=late),
            amount=Decimal(amount),
            outstanding=Decimal(amount),
            whole=Decimal(amount),
            currency="USD",
        )
        for client, amount, late in (("C1", overdue, 10), ("C2", not_due, -10))
        if Decimal(amount)
    ]
    ledger = {LedgerKey(item.client_id, "USD"): item.outstanding for item in items}
    return audit(lines_of(items, policy().ageing, TODAY), ledger, AuditFacts(), policy().ageing, TODAY)


def book() -> BookOfBusiness:
    """Two clients, one of them at risk, one open deal on somebody else's client, deals won for 422330."""
    lines = tuple(
        ClientLine(
            facts=ClientFacts(
                client=Client(id=client, name=f"Client {client}", owner_id="E1", annual_value=value, currency="USD"),
                contacts=2,
                last_touch=None,
                touches_known=False,
                open_opportunities=0,
                open_value=Decimal("0.0000"),
                orders=0,
                ordered_value=Decimal(0),
            ),
            at_risk=client == "C1",
            reasons=(),
        )
        for client, value in (("C1", Decimal("100.0000")), ("C2", Decimal("400.0000")))
    )
    deal = Opportunity(id="O1", client_id="C7", owner_id="E1", status=OpportunityStatus.OPEN)
    return BookOfBusiness(
        as_of=TODAY,
        clients=lines,
        open_opportunities=(deal,),
        won=3,
        lost=1,
        won_value=Decimal("422330.0000"),
        won_currency="USD",
    )


def proposal(*, c1: str | None = "E2", done: bool = False) -> SuccessorPlan:
    """C1 to `c1`, C2 to E3, the deal to E2; `done` once they were carried out."""
    status = TransferStatus.COMPLETED if done else TransferStatus.PENDING
    rows = (("client", "C1", "C1", c1), ("client", "C2", "C2", "E3"), ("opportunity", "O1", "C7", "E2"))
    transfers = tuple(
        Transfer(kind=kind, id=name, client_id=client, successor=successor, runner_up="E3", status=status)
        for kind, name, client, successor in rows
    )
    return SuccessorPlan(transfers=transfers, interim_owner="M1", total_fit=Decimal(1))


def locked(result: ResultClass = ResultClass.OBSERVED) -> AccessRecord:
    step = AccessStep(
        grade=Grade.EXPORT,
        target="crm: export",
        entitlement_id="R1",
        before=AccessState.ACTIVE,
        after=AccessState.SUSPENDED,
        result=result,
        at=NOON,
    )
    return AccessRecord(steps=(step,), remaining=2, total=3)


def approved(gate: str, by: str = "M1") -> GateOutcome:
    return GateOutcome(gate=gate, verdict=Verdict.APPROVED, by=by, at=NOON, report_version=1)
