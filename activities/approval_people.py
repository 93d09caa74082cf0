"""The question whom to ask, put together from our database: who is around, who is away, who may not decide."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection

from models.approvals import Ladder, Seat, Verdict
from models.approvers import Choice, Question, choose
from models.base import EmployeeId, Value
from models.people import Role
from models.policy import GatePolicy, Separation
from store import chart, decisions, delegations, gates, standing
from store.cases import CaseRow
from store.delegations import DelegationKind
from store.gates import GateRow


class Vacancy(Value):
    """Seats of one gate to be filled. `before` is the round before this one; None when the gate opens.

    `barred` and `decided` are what the case knows of people who must not be asked, beside what our database knows.
    """

    gate: str
    role: Role
    ladder: Ladder
    people: int
    kept: tuple[Seat, ...] = ()
    first: tuple[EmployeeId, ...] = ()
    silent: tuple[EmployeeId, ...] = ()
    before: GateRow | None = None
    barred: frozenset[EmployeeId] = frozenset()
    decided: dict[str, tuple[EmployeeId, ...]] = {}


def rule_of(case: CaseRow, gate: str) -> GatePolicy:
    """What the pinned policy says about a gate."""
    return next(rule for rule in case.policy.gates if rule.gate == gate)


def fill(connection: Connection, case: CaseRow, vacancy: Vacancy, at: datetime) -> Choice:
    """The seats to ask now. Raises NobodyToAsk when too few people may be asked."""
    rule = rule_of(case, vacancy.gate)
    fallback = (rule.fallback_role or case.policy.fallback_role) if Ladder.FALLBACK in rule.ladder else None
    instead, stand_ins = _given(connection, case, vacancy.gate, at)
    starts = {case.employee_id, *vacancy.silent, *vacancy.first, *(to for _, to in instead)}
    people = chart.around(connection, starts, {vacancy.role, *([fallback] if fallback else [])})
    lasting = delegations.active(connection, people, at)
    stand_ins = {person: each.to_id for person, each in lasting.items()} | stand_ins
    others = [row for row in gates.newest_of(connection, case.id) if row.gate != vacancy.gate]
    question = Question(
        role=vacancy.role,
        ladder=vacancy.ladder,
        leaver=case.employee_id,
        fallback_role=fallback,
        people=max(vacancy.people - len(vacancy.kept), 0),
        needed=max(rule.needed - _approvals(connection, vacancy), 0),
        kept=vacancy.kept,
        first=vacancy.first,
        barred=vacancy.barred | standing.barred(connection, case, at),
        elsewhere=_elsewhere(connection, case, vacancy, others),
        silent=vacancy.silent,
        busy=frozenset(person for row in others for person in row.approvers),
        stand_ins=stand_ins,
        instead=instead,
    )
    unseen = {person for person in stand_ins.values() if person} - people.keys()
    return choose(question, chart.with_leavers(connection, people | chart.around(connection, unseen, ())))


def silent_before(connection: Connection, row: GateRow) -> tuple[EmployeeId, ...]:
    """Who let the question go by that led to this round; nobody for the first step of the ladder."""
    if row.ladder is Ladder.APPROVER:
        return ()
    earlier = [each for each in gates.rounds_of(connection, row.case_id, row.gate) if each.round < row.round]
    silent = [each for each in earlier if each.verdict is Verdict.TIMED_OUT]
    return silent[-1].approvers if silent else ()


def _given(
    connection: Connection, case: CaseRow, gate: str, at: datetime
) -> tuple[tuple[tuple[EmployeeId, EmployeeId], ...], dict[EmployeeId, EmployeeId | None]]:
    """What was given at this gate alone: whose seats an admin gave to whom, and who handed theirs to whom."""
    given = [(each.kind, each.from_id, each.to_id) for each in delegations.of_gate(connection, case.id, gate, at)]
    instead = tuple((old, new) for kind, old, new in given if kind is DelegationKind.REASSIGNED and new)
    return instead, {old: new for kind, old, new in given if kind is DelegationKind.HANDED_OVER}


def _approvals(connection: Connection, vacancy: Vacancy) -> int:
    if vacancy.before is None or not vacancy.kept:
        return 0
    kept = {seat.principal for seat in vacancy.kept}
    cast = decisions.votes(connection, vacancy.before)
    return sum(vote.verdict is Verdict.APPROVED and vote.principal in kept for vote in cast)


def _elsewhere(
    connection: Connection, case: CaseRow, vacancy: Vacancy, others: Collection[GateRow]
) -> frozenset[EmployeeId]:
    if case.policy.separation is not Separation.CASE:
        return frozenset()
    told = {person for gate, voted in vacancy.decided.items() if gate != vacancy.gate for person in voted}
    return frozenset(told) | standing.elsewhere(connection, case, vacancy.gate, others)
