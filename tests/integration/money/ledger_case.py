"""A case of the small company whose clients owe every kind of thing, and what its audit and report say."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import Connection

from activities.assessment import AssessmentActivities
from activities.receivables import ReceivableActivities
from models.case import Branch, BranchRequest
from models.errors import Unavailable
from models.open_items import Portions
from models.policy import Policy
from models.receivables import ReceivableSummary
from models.report import CaseReport, ReportReceivables
from models.risk import MergeRequest
from store import reports
from store.database import Database
from store.policies import load_policy
from systems.receivables.port import ReceivableSource, Snapshot
from systems.receivables.postgres import PostgresReceivables, PostgresSnapshot
from tests.company import AS_OF, Company
from tests.planned_case import CASE, open_case

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
ASKED = BranchRequest(case_id=CASE, employee_id="E1", as_of=AS_OF)


def company_with_debts(database: Database) -> Company:
    """Li Na with three clients: one shared, one with a bankrupt owner, and debts in two currencies."""
    company = Company.build(database, clients=3, peers=1)
    with database.begin() as connection:
        _invoice(company, connection, "X1", "C001", "40.33", due=-100, currency="USD")
        _invoice(company, connection, "X2", "C001", "250.55", due=-5, disputed=True, disputed_amount=Decimal("50.05"))
        _invoice(company, connection, "X3", "C002", "-30.10", due=-3)
        _invoice(company, connection, "X4", "C003", "999.99", due=-400)
        company.insert(
            connection, "payments", id="A1", client_id="C002", paid_on=AS_OF, amount=Decimal("12.34"), currency="CNY"
        )
        company.insert(
            connection, "client_shares", id="S1", client_id="C001", employee_id="P1", percent=Decimal("33.3333")
        )
        company.insert(
            connection, "debtor_assessments", id="B1", client_id="C003", standing="bankrupt",
            loss_rate=Decimal("0.75"), assessed_on=AS_OF,
        )  # fmt: skip
        company.insert(
            connection, "exchange_rates", id="R1", currency="USD", quoted_in="CNY", on_day=AS_OF, rate=Decimal("7.1")
        )
        open_case(
            connection,
            reported_in_yuan(),
            as_of=AS_OF,
            cutoff=datetime(2026, 12, 31, 18, tzinfo=UTC),
            at=NOON,
            time_zone="Asia/Shanghai",
        )
    return company


def _invoice(
    company: Company, connection: Connection, key: str, client: str, amount: str, *, due: int, **fields: object
) -> None:
    due_on = AS_OF + timedelta(days=due)
    values = {"currency": "CNY", "issued_on": due_on - timedelta(days=30), **fields}
    company.insert(connection, "invoices", id=key, client_id=client, due_on=due_on, amount=Decimal(amount), **values)


def reported_in_yuan() -> Policy:
    """The policy `ifrs` with yuan as its reporting currency."""
    policy = load_policy("ifrs")
    return policy.model_copy(update={"ageing": policy.ageing.model_copy(update={"reporting_currency": "CNY"})})


def audited(database: Database, source: ReceivableSource | None = None) -> ReceivableSummary:
    """What the activity of the case says, from our own tables by default."""
    return ReceivableActivities(database, source or PostgresReceivables(database)).audit_receivables(ASKED)


def reported(database: Database, digest: str | None, key: str = "first") -> CaseReport:
    """The next version of the report, with the receivables that `digest` names; None: they are unknown."""
    request = MergeRequest(
        case_id=CASE, employee_id="E1", merge_key=key, branches={Branch.RECEIVABLES: digest}, outcomes=(), at=NOON
    )
    AssessmentActivities(database).merge_report(request)
    with database.begin() as connection:
        return reports.load(connection, CASE)


def money_of(report: CaseReport) -> ReportReceivables:
    """The money of a report that has some."""
    assert report.receivables is not None
    return report.receivables


class DyingSource(PostgresReceivables):
    """Our tables, which fall silent after the first `lives` items of a snapshot."""

    lives = 2

    @contextmanager
    def snapshot(self, clients: Portions, as_of: date) -> Iterator[PostgresSnapshot]:
        """A snapshot that dies while its items are read."""
        with super().snapshot(clients, as_of) as snapshot:
            items = snapshot.items

            def dying() -> Iterator[object]:
                for number, item in enumerate(items()):
                    if number == self.lives:
                        raise Unavailable("{system} does not answer", system=self.system, reason="no_answer")
                    yield item

            snapshot.items = dying  # type: ignore[method-assign,assignment]
            yield snapshot


class DeadSource(PostgresReceivables):
    """A system that answers nothing."""

    reason = "no_answer"

    @contextmanager
    def snapshot(self, clients: Portions, as_of: date) -> Iterator[Snapshot]:  # type: ignore[override]
        """Never begins."""
        raise Unavailable("{system} does not answer", system="Tryton", reason=self.reason)
        yield
