"""Builds believable reports: a salesperson in Shanghai with many clients, overdue money and open approvals."""

import random
from datetime import date, timedelta
from decimal import Decimal

from models.access import AccessState, AccessStep, Grade, ResultClass
from models.case import SeparationKind
from models.inventory import Asset, Inventory
from models.reasons import Reason, because
from models.report import (
    CaseReport,
    ReportAccess,
    ReportApproval,
    ReportCase,
    ReportEvidence,
    ReportPolicy,
    ReportReceivables,
)
from models.risk import Domain, DomainScore, DomainStatus
from models.risk_level import level_of
from tests.report_book import MADE_AT, client_line, clients_of, open_items_of, receivables_of

ZONE = "Asia/Shanghai"
PEOPLE = {
    "E100": "陈思远",
    "E101": "李娜",
    "E102": "Daniel Okafor",
    "E103": "王志强",
    "E104": "Priya Raman",
    "E105": "赵敏",
    "E106": "Sofia Lindqvist",
}


def build_report(
    *,
    clients: int = 60,
    unknown: bool = False,
    decided: bool = False,
    names: tuple[str, ...] = (),
    score: str = "71.4",
    seed: int = 7,
) -> CaseReport:
    """A sealed report with `clients` clients.

    `unknown`: receivables have not answered. `decided`: every approval is given. `names` replace the first clients'
    names, to try out what a name can do to a page.
    """
    dice = random.Random(seed)
    lines = tuple(client_line(dice, number, names) for number in range(clients))
    items = () if unknown else open_items_of(dice, lines)
    audit = receivables_of(items) if items else None
    total = Decimal(score)
    return CaseReport(
        case=_case(),
        version=1 if unknown else 2,
        made_at=MADE_AT,
        policy=ReportPolicy(name="ifrs", version="2026.1"),
        score=total,
        level=level_of(total),
        provisional=unknown,
        unknowns=("receivables",) if unknown else (),
        reasons=_reasons(unknown),
        domains=_domains(audit),
        receivables=audit,
        clients=clients_of(dice, lines),
        access=_access(),
        inventory=_inventory(),
        approvals=_approvals(decided),
        gaps=(because("No contact log is fed: clients that nobody has touched cannot be found."),),
        changes=() if unknown else (because("Now known: {domain}.", domain="receivables"),),
        evidence=ReportEvidence(entries=27, head="9c1f" * 16),
    ).sealed()


def _case() -> ReportCase:
    return ReportCase(
        id="offboarding-E100",
        leaver="E100",
        leaver_name=PEOPLE["E100"],
        department="East China Sales",
        region="Shanghai",
        time_zone=ZONE,
        kind=SeparationKind.RESIGNATION,
        last_working_day=date(2026, 12, 18),
        as_of=date(2026, 11, 23),
        started_at=MADE_AT - timedelta(hours=1),
        employees=PEOPLE,
    )


def _reasons(unknown: bool) -> tuple[Reason, ...]:
    receivables = ("Receivables", "20", "50", "40") if unknown else ("Receivables", "33.4", "83.5", "40")
    return tuple(
        because(
            f"{name}: +{{points}} (score {{score}} of 100, weight {{weight}} %).",
            points=points,
            score=score,
            weight=weight,
        )
        for name, points, score, weight in (
            receivables,
            ("Clients", "30.1", "75.2", "40"),
            ("Access", "7.9", "59.3", "13.3"),
        )
    )


def _domains(audit: ReportReceivables | None) -> tuple[DomainScore, ...]:
    stand_in = because(
        "Receivables could not be read in time: a score of {score} stands in until they can.", score="50"
    )
    if audit is None:
        money = DomainScore(
            domain=Domain.RECEIVABLES, status=DomainStatus.UNKNOWN, score=Decimal(50), reasons=(stand_in,)
        )
    else:
        due = because(
            "Past due: {overdue} of {total} {currency} ({share} %), +{points}.",
            overdue=audit.overdue,
            total=audit.total,
            currency="CNY",
            share="81.2",
            points="40.6",
        )
        money = DomainScore(
            domain=Domain.RECEIVABLES, status=DomainStatus.ASSESSED, score=Decimal("83.5"), reasons=(due,)
        )
    at_risk = because(
        "Clients at risk: {count} of {clients} ({share} %), counted by number.", count=21, clients=60, share="75.2"
    )
    locked = because("Rights confirmed as locked: {locked} of the {due} that were due.", locked=2, due=5)
    no_feed = because("No export or mail events are fed to Offboard, so copying of data was not assessed.")
    return (
        money,
        DomainScore(domain=Domain.CLIENTS, status=DomainStatus.ASSESSED, score=Decimal("75.2"), reasons=(at_risk,)),
        DomainScore(domain=Domain.DATA_EXFILTRATION, status=DomainStatus.NO_DATA, score=None, reasons=(no_feed,)),
        DomainScore(domain=Domain.ACCESS, status=DomainStatus.ASSESSED, score=Decimal("59.3"), reasons=(locked,)),
        DomainScore(domain=Domain.OBLIGATIONS, status=DomainStatus.ASSESSED, score=Decimal("12")),
    )


def _access() -> ReportAccess:
    def step(minute: int, grade: Grade, target: str, result: ResultClass) -> AccessStep:
        after = AccessState.ACTIVE if result is ResultClass.FAILED else AccessState.SUSPENDED
        at, before = MADE_AT - timedelta(minutes=minute), AccessState.ACTIVE
        return AccessStep(
            grade=grade, target=target, entitlement_id=f"{target}-1", before=before, after=after, result=result, at=at
        )

    return ReportAccess(
        steps=(
            step(50, Grade.EXPORT, "crm:export", ResultClass.OBSERVED),
            step(49, Grade.EXPORT, "crm:api", ResultClass.ACKNOWLEDGED),
            step(48, Grade.EXPORT, "warehouse:bulk", ResultClass.FAILED),
        ),
        remaining=1,
    )


def _inventory() -> Inventory:
    return Inventory(
        assets=(
            Asset(
                id="A1",
                employee_id="E100",
                kind="laptop",
                description="ThinkPad X1",
                value=Decimal(9800),
                currency="CNY",
            ),
            Asset(id="A2", employee_id="E100", kind="phone", description="工作手机", returned=True),
        ),
        duties={"direct_reports": 3, "tasks_owned": 2},
    )


def _approvals(decided: bool) -> tuple[ReportApproval, ...]:
    gates = (("finance", "E105", 2), ("hr", "E102", 2), ("it", "E103", 1), ("legal", "E106", 3))
    given = ReportApproval(
        gate="sales_manager", verdict="approved", by="E101", at=MADE_AT, note="同意，请先谈妥苏州客户。"
    )
    if decided:
        late = {"finance"}
        rest = tuple(
            ReportApproval(
                gate=gate, verdict="approved", by=by, at=MADE_AT, late=gate in late, round=1 + (gate in late)
            )
            for gate, by, _ in gates
        )
    else:
        rest = tuple(
            ReportApproval(gate=gate, waiting_on=(by,), due_at=MADE_AT + timedelta(days=days, hours=7, minutes=30))
            for gate, by, days in gates
        )
    return (given, *rest)
