"""Each branch of a case alone: nothing is started and nothing is written. Also the preview of a whole case."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime

from activities.access import show_access
from activities.approval_forecast import who_would_be_asked
from activities.receivable_facts import books_of
from activities.receivables import audit_owner
from activities.successor_planning import plan_handover
from models.access import Entitlement, Grade
from models.approvals import Seat
from models.base import CaseId, ChainId, EmployeeId, Value
from models.case import CasePlan
from models.errors import BadDates
from models.evidence import ChainFault
from models.handover import SuccessorPlan, Transfer
from models.planning import calendar_for, plan_case
from models.receivables import ReceivableAudit
from models.risk_level import Level
from services.cases import StartOrder, check_order
from settings import Settings
from store import evidence, people
from store.database import Database
from store.policies import load_policy
from systems.access.postgres import PostgresAccessDirectory
from systems.clients.port import Kind
from systems.clients.postgres import PostgresClientBook
from systems.receivables.choose import source_for


class HandoverPreview(Value):
    """A successor for every client and open deal, as it would be proposed now."""

    employee: EmployeeId
    as_of: date
    clients: int
    opportunities: int
    unassigned: int
    interim_owner: EmployeeId | None
    transfers: tuple[Transfer, ...]


class AccessPreview(Value):
    """Every right of a person, in the order in which a lockdown takes them."""

    employee: EmployeeId
    rights: tuple[Entitlement, ...]


class SuccessorShare(Value):
    """How much of a book of business one person would take over."""

    successor: EmployeeId
    clients: int
    opportunities: int


class CasePreview(Value):
    """What a start would do: the plan with its gates and dates, and the size of every branch.

    `messages` counts the gates that open at any level, `messages_from` those that open only from a higher one.
    `approvers` holds the seats that each gate would have first, none where nobody can be asked. `successors` are those
    who would take most first. `confirm_clients` is the number that a start wants confirmed, None when it wants none.
    """

    case_id: CaseId
    employee: EmployeeId
    already_open: bool
    plan: CasePlan
    rights_at_once: int
    rights_at_cutoff: int
    rights_by_grade: dict[Grade, int]
    approvers: dict[str, tuple[Seat, ...]]
    successors: tuple[SuccessorShare, ...]
    clients: int
    opportunities: int
    unassigned: int
    open_items: int
    messages: int
    messages_from: dict[Level, tuple[str, ...]]
    confirm_clients: int | None


class EvidenceCheck(Value):
    """Result of a check: `fault` names the first bad entry, None when the chain holds."""

    case_id: ChainId
    entries: int
    ok: bool
    head: str
    fault: ChainFault | None = None


def audit_of(database: Database, settings: Settings, employee: str, as_of: date | None, policy: str) -> ReceivableAudit:
    """Audit what the clients of a person owe, as of a day that is not ahead: today where they work by default.

    Raises BadDates for a day to come.
    """
    rules = load_policy(policy, settings.policy_dir)
    with database.begin() as connection:
        owner = people.find(connection, employee)
        today = calendar_for(owner, rules).local_day(datetime.now(UTC))
        day = as_of or today
        if day > today:
            raise BadDates(
                "the audit date {day} is still to come; nothing was read. Give today or a day before.", day=day
            )
        books = books_of(connection, owner.id, rules, day)
    with source_for(settings, database) as source:
        return audit_owner(source, books, rules, day)


def handover_of(
    database: Database, settings: Settings, employee: str, as_of: date | None, policy: str
) -> HandoverPreview:
    """Propose successors for a person's book of business."""
    with database.begin() as connection:
        leaver = people.find(connection, employee)
    day = as_of or datetime.now(UTC).date()
    plan = plan_handover(PostgresClientBook(database), leaver, load_policy(policy, settings.policy_dir), day)
    return HandoverPreview(
        employee=leaver.id,
        as_of=day,
        clients=_count(plan, "client"),
        opportunities=_count(plan, "opportunity"),
        unassigned=sum(transfer.successor is None for transfer in plan.transfers),
        interim_owner=plan.interim_owner,
        transfers=plan.transfers,
    )


def access_of(database: Database, employee: str) -> AccessPreview:
    """List every right of a person, live."""
    with database.begin() as connection:
        person = people.find(connection, employee)
    return AccessPreview(employee=person.id, rights=tuple(show_access(PostgresAccessDirectory(database), person.id)))


def preview(database: Database, settings: Settings, order: StartOrder) -> CasePreview:
    """Everything that a start would do, with counts. Writes nothing."""
    now = datetime.now(UTC)
    owned = _owned(database, order.employee)
    seen = order.model_copy(update={"confirmed_clients": owned})
    leaver, request, already = check_order(database, seen, now.date(), settings.policy_dir)
    policy = load_policy(order.policy, settings.policy_dir)
    plan = plan_case(request, leaver, policy, now)
    later = [gate for gate in plan.gates if gate.from_level is not Level.LOW]
    handover = handover_of(database, settings, leaver.id, plan.as_of, order.policy)
    money = audit_of(database, settings, leaver.id, plan.as_of, order.policy)
    rights = access_of(database, leaver.id).rights
    by_grade = Counter(right.grade for right in rights)
    at_once = sum(by_grade[grade] for grade in plan.first_grades)
    receivers = {person for one in handover.transfers for person in (one.successor, one.runner_up) if person}
    with database.begin() as connection:
        approvers = who_would_be_asked(connection, plan, policy, receivers, now)
    return CasePreview(
        case_id=request.case_id,
        employee=leaver.id,
        already_open=already,
        plan=plan,
        rights_at_once=at_once,
        rights_at_cutoff=len(rights) - at_once,
        rights_by_grade=dict(sorted(by_grade.items())),
        approvers=approvers,
        successors=_shares(handover.transfers),
        clients=handover.clients,
        opportunities=handover.opportunities,
        unassigned=handover.unassigned,
        open_items=sum(audit.open_items for audit in money.currencies),
        messages=len(plan.gates) - len(later),
        messages_from={
            level: tuple(gate.gate for gate in later if gate.from_level is level)
            for level in sorted({gate.from_level for gate in later}, key=lambda level: level.rank)
        },
        confirm_clients=None if already or owned <= policy.size_brake_clients else owned,
    )


def verify_evidence(database: Database, case_id: str) -> EvidenceCheck:
    """Check the chain of a case or an alert against itself and against its head."""
    with database.begin() as connection:
        entries, fault = evidence.verify(connection, case_id)
        _, head = evidence.head(connection, case_id)
    return EvidenceCheck(case_id=case_id, entries=entries, ok=fault is None, head=head, fault=fault)


def _owned(database: Database, employee: str) -> int:
    with database.begin() as connection:
        return people.count_of_clients(connection, people.find(connection, employee).id)


def _shares(transfers: Sequence[Transfer]) -> tuple[SuccessorShare, ...]:
    taken = Counter((one.successor, one.kind) for one in transfers if one.successor)
    shares = (
        SuccessorShare(
            successor=person,
            clients=taken[person, Kind.CLIENT.value],
            opportunities=taken[person, Kind.OPPORTUNITY.value],
        )
        for person in {one.successor for one in transfers if one.successor}
    )
    return tuple(sorted(shares, key=lambda share: (-share.clients, -share.opportunities, share.successor)))


def _count(plan: SuccessorPlan, kind: str) -> int:
    return sum(transfer.kind == kind for transfer in plan.transfers)
