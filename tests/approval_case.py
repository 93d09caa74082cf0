"""A case that is ready for its approvals: real rows for tests about gates, links and messages."""

from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage

from sqlalchemy import select, update

from models.access import Grade
from models.approvals import Ask, GatePlan, Ladder, OpenGates
from models.case import CaseDates, CasePlan, CaseRequest, SeparationKind
from models.errors import Unavailable
from models.evidence import GENESIS
from models.people import Role
from models.policy import Policy
from models.report import CaseReport, ReportEvidence
from store import cases, reports
from store.database import Database
from store.policies import load_policy
from store.tables import employees
from tests.company import Company
from tests.report_builder import build_report

OPENED = datetime(2026, 11, 24, 2, tzinfo=UTC)
DUE = datetime(2026, 11, 26, 10, tzinfo=UTC)  # 18:00 in Shanghai
CASE = "offboarding-E1"
ROLES = {
    "sales_manager": Role.SALES_MANAGER,
    "finance": Role.FINANCE_REVIEWER,
    "hr": Role.HRBP,
    "it": Role.IT_ADMIN,
    "legal": Role.LEGAL_COUNSEL,
}


class Collecting:
    """A mail system that keeps what it takes. `out_of_order` makes it answer nobody, `refused` refuse an address."""

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []
        self.out_of_order = False
        self.refused: set[str] = set()

    def send(self, message: EmailMessage) -> None:
        """Keep the message, or fail as a real server would."""
        if self.out_of_order:
            raise Unavailable("the mail server did not take the message", system="mail", reason="no_answer")
        if self.refused & {address.addr_spec for address in message["To"].addresses}:
            raise Unavailable("the mail server refused this recipient", system="mail", reason="refused")
        self.taken.append(message)

    def to(self, person: str) -> list[EmailMessage]:
        """What a person received, in order."""
        return [message for message in self.taken if message["To"].addresses[0].username == person.lower()]


def start_case(
    database: Database, *, started_by: str | None = "H2", known_money: bool = True, policy: Policy | None = None
) -> Company:
    """Li Na's case in its assessment, started by H2, with report version 1 and an address for everybody."""
    company = Company.build(database, clients=0)
    request = CaseRequest(
        case_id=CASE,
        employee_id=company.leaver,
        kind=SeparationKind.RESIGNATION,
        last_working_day=date(2026, 12, 18),
        requested_by=started_by,
        policy="ifrs",
    )
    with database.begin() as connection:
        for person in connection.execute(select(employees.c.id)).scalars().all():
            address = {"email": f"{person.lower()}@example.com", "language": "zh-CN"}
            connection.execute(update(employees).where(employees.c.id == person).values(address))
        cases.create(connection, request, policy or load_policy("ifrs"), _plan(), at=OPENED)
        reports.save(connection, report(1, known_money=known_money), "assessment", at=OPENED)
    return company


def policy_with(gate: str, **rules: object) -> Policy:
    """The IFRS policy, with other rules for one of its gates."""
    shipped = load_policy("ifrs")
    gates = [each.model_dump() | (rules if each.gate == gate else {}) for each in shipped.gates]
    return Policy.model_validate(shipped.model_dump() | {"gates": gates})


def report(version: int, *, known_money: bool = True) -> CaseReport:
    """A report of the case."""
    made = build_report(unknown=not known_money)
    case = made.case.model_copy(update={"id": CASE, "leaver": "E1"})
    # It is written without the entry of its making: nothing lies below it.
    below = ReportEvidence(entries=0, head=GENESIS)
    return made.model_copy(update={"version": version, "case": case, "evidence": below}).sealed()


def opening(
    *gates: str,
    round: int = 1,  # noqa: A002  (the word for it)
    ladder: Ladder = Ladder.APPROVER,
    due_at: datetime = DUE,
    version: int = 1,
    at: datetime = OPENED,
    barred: tuple[str, ...] = ("E1", "H2"),
) -> OpenGates:
    """What the workflow asks for when it opens gates."""
    return OpenGates(
        case_id=CASE,
        employee_id="E1",
        asks=tuple(Ask(gate=gate, role=ROLES[gate], round=round, ladder=ladder, due_at=due_at) for gate in gates),
        report_version=version,
        report_digest=report(version).digest,
        barred=barred,
        at=at,
    )


def text_of(message: EmailMessage) -> str:
    """The plain text of a mail."""
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def _plan() -> CasePlan:
    gates = tuple(
        GatePlan(gate=gate, role=role, due_at=DUE, escalation_due_at=DUE + timedelta(days=2))
        for gate, role in ROLES.items()
    )
    return CasePlan(
        case_id=CASE,
        employee_id="E1",
        region="East",
        department="Sales East",
        dates=CaseDates(
            notice_date=date(2026, 11, 24),
            last_working_day=date(2026, 12, 18),
            access_cutoff=datetime(2026, 12, 18, 10, tzinfo=UTC),
            separation_date=date(2026, 12, 18),
        ),
        as_of=date(2026, 11, 24),
        policy_name="ifrs",
        policy_version="2026.1",
        branch_budget_seconds=60,
        first_grades=(Grade.EXPORT,),
        gates=gates,
        barred=("E1", "H2"),
        time_zone="Asia/Shanghai",
    )
