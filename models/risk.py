"""The merged risk assessment: five domains, one total, every score with its reasons."""

from decimal import Decimal
from enum import StrEnum

from models.approvals import GateOutcome
from models.base import CaseId, EmployeeId, Message, Moment, Value
from models.reasons import Reason
from models.risk_level import Level


class Domain(StrEnum):
    """The five domains of features 4.6."""

    RECEIVABLES = "receivables"
    CLIENTS = "clients"
    DATA_EXFILTRATION = "data_exfiltration"
    ACCESS = "access"
    OBLIGATIONS = "obligations"


class DomainStatus(StrEnum):
    """`unknown`: the branch failed or is late, so the score is a stand-in, never zero. `no_data`: no such feed here."""

    ASSESSED = "assessed"
    UNKNOWN = "unknown"
    NO_DATA = "no_data"


class DomainScore(Value):
    """Score 0..100 of one domain; None with `no_data`."""

    domain: Domain
    status: DomainStatus
    score: Decimal | None
    reasons: tuple[Reason, ...] = ()


class RiskAssessment(Value):
    """The total with everything it was made from."""

    domains: tuple[DomainScore, ...]
    score: Decimal
    level: Level
    provisional: bool
    unknowns: tuple[Domain, ...]
    reasons: tuple[Reason, ...] = ()


class ReportRef(Message):
    """A report version as history knows it. `material`: approvals of the version asked about lapse (D28)."""

    version: int
    digest: str
    score: Decimal
    level: Level
    provisional: bool
    unknowns: tuple[str, ...] = ()
    material: bool = True


class MergeRequest(Message):
    """Make the next version of the report.

    `branches` maps each branch to the digest of its stored result, or to None while it is unknown. `merge_key` makes
    the call idempotent: the same key returns the same version. `outcomes` are the gates that ended so far.
    `asked_version` is the one that people were asked about last, 0 when nobody was: what is material is measured
    against it, or many small changes would add up unseen. `everybody_again`: all are asked about this version, whatever
    it changes.
    """

    case_id: CaseId
    employee_id: EmployeeId
    merge_key: str
    branches: dict[str, str | None]
    outcomes: tuple[GateOutcome, ...] = ()
    asked_version: int = 0
    everybody_again: bool = False
    at: Moment
