"""The assessment report: one document, from which JSON, HTML and PDF are made. Money and ratios are strings in JSON."""

from datetime import date
from decimal import Decimal

from models.access import AccessStep
from models.ageing import AgeingBasis
from models.base import CaseId, ClientId, EmployeeId, Moment, Value
from models.case import SeparationKind
from models.clients import ClientLine
from models.collection import FollowUp
from models.evidence import digest
from models.handover import Transfer
from models.inventory import Inventory
from models.open_items import SourceNote
from models.payment_forecast import PaymentForecast
from models.reasons import Reason
from models.receivables import CommissionExposure, CurrencyAudit, InReportingCurrency, RateTable
from models.risk import DomainScore
from models.risk_level import Level


class ReportCase(Value):
    """Head of the report. `phase` is that of the case when the version was made.

    `employees` names every person that the report mentions, by id.
    """

    id: CaseId
    leaver: EmployeeId
    leaver_name: str
    department: str
    region: str
    time_zone: str
    kind: SeparationKind
    last_working_day: date
    as_of: date
    started_at: Moment
    phase: str | None = None
    employees: dict[EmployeeId, str] = {}


class ReportPolicy(Value):
    """The policy that every figure was made under."""

    name: str
    version: str


class ReportReceivables(CurrencyAudit):
    """The money in the main currency; other currencies stand beside it and are never added.

    `audit` is the digest of the audit that all of this was taken from: it names the open items behind the figures.
    """

    others: tuple[CurrencyAudit, ...] = ()
    as_of: date
    basis: AgeingBasis
    reporting: InReportingCurrency | None = None
    observed_rates: tuple[RateTable, ...] = ()
    forecast: PaymentForecast | None = None
    commission: CommissionExposure | None = None
    source: SourceNote | None = None
    audit: str = ""

    @property
    def currencies(self) -> tuple[CurrencyAudit, ...]:
        """Every currency, the main one first."""
        return (self, *self.others)


class ReportClients(Value):
    """The clients: counts as the CRM has them, one line a client, one transfer a client and an open deal."""

    count: int
    at_risk: int
    open_opportunities: int
    won: int
    lost: int
    won_value: Decimal
    won_currency: str
    lines: tuple[ClientLine, ...] = ()
    transfers: tuple["ReportTransfer", ...] = ()
    opportunity_transfers: tuple["ReportTransfer", ...] = ()
    interim_owner: EmployeeId | None = None


class ReportTransfer(Value):
    """One transfer as the report shows it. `client` is None for a deal without a client."""

    client: ClientId | None
    client_name: str = ""
    opportunity: str | None = None
    successor: EmployeeId | None
    runner_up: EmployeeId | None = None
    score: Decimal | None = None
    status: str
    reasons: tuple[Reason, ...] = ()

    @classmethod
    def of(cls, transfer: Transfer, client_name: str) -> "ReportTransfer":
        """Show a planned or executed transfer."""
        return cls(
            client=transfer.client_id,
            client_name=client_name,
            opportunity=transfer.id if transfer.kind == "opportunity" else None,
            successor=transfer.successor,
            runner_up=transfer.runner_up,
            score=transfer.score,
            status=transfer.status.value,
            reasons=transfer.reasons,
        )


class ReportAccess(Value):
    """Every step of the lockdown so far, in order."""

    steps: tuple[AccessStep, ...] = ()
    remaining: int = 0


class ReportVote(Value):
    """One vote that counts: cast by a person in the seat of another, or in their own, for a version of the report."""

    by: EmployeeId
    principal: EmployeeId
    verdict: str
    at: Moment
    version: int


class ReportApproval(Value):
    """One gate. `verdict` is None while it is open; `waiting_on` and `due_at` say on whom and until when.

    `late`: somebody answered after the deadline of a round. That answer never counts; what ended the gate is `verdict`.
    `needed` approvals end it. `carried_over_from` is the older version that was decided about, where the decision
    stands for this one.
    """

    gate: str
    verdict: str | None = None
    by: EmployeeId | None = None
    at: Moment | None = None
    late: bool = False
    note: str = ""
    waiting_on: tuple[EmployeeId, ...] = ()
    due_at: Moment | None = None
    round: int = 1
    votes: tuple[ReportVote, ...] = ()
    needed: int = 1
    carried_over_from: int | None = None


class ReportEvidence(Value):
    """Length and head of the evidence chain when the report was made."""

    entries: int
    head: str


class CaseReport(Value):
    """The whole document. `receivables` and `clients` are None while their branch is unknown.

    `collection` is None until the handover is done, and where nothing is to be followed up.
    """

    case: ReportCase
    version: int
    digest: str = ""
    made_at: Moment
    policy: ReportPolicy
    score: Decimal
    level: Level
    provisional: bool
    unknowns: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()
    domains: tuple[DomainScore, ...]
    receivables: ReportReceivables | None = None
    collection: FollowUp | None = None
    clients: ReportClients | None = None
    access: ReportAccess | None = None
    inventory: Inventory | None = None
    approvals: tuple[ReportApproval, ...] = ()
    gaps: tuple[Reason, ...] = ()
    changes: tuple[Reason, ...] = ()
    evidence: ReportEvidence

    def sealed(self) -> "CaseReport":
        """The same report with its digest: SHA-256 over the canonical JSON of everything but the digest."""
        return self.model_copy(update={"digest": self.fingerprint()})

    def fingerprint(self) -> str:
        """Digest of the content, whatever `digest` says now."""
        return digest(self.model_dump(mode="json", exclude={"digest"}))


ReportClients.model_rebuild()
CaseReport.model_rebuild()
