"""Who would be asked if a case were started now. Reads only."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection

from models.approvals import Ladder, Seat
from models.approvers import Question, choose
from models.base import EmployeeId
from models.case import CasePlan
from models.errors import NobodyToAsk
from models.policy import GatePolicy, Policy
from store import chart, delegations


def who_would_be_asked(
    connection: Connection, plan: CasePlan, policy: Policy, successors: Collection[EmployeeId], at: datetime
) -> dict[str, tuple[Seat, ...]]:
    """Whose answer every gate would wait for, and who may give it as well, in the order of the policy.

    No seats where too few people may be asked.

    As in a real case: the starter, the leaver, who acts for them and whoever may receive clients are never asked, and
    one person is asked at two gates only where nobody else can be.
    """
    acting = delegations.delegates_of(connection, plan.employee_id, at)
    barred = frozenset({*plan.barred, *successors, *acting})
    asked: dict[str, tuple[Seat, ...]] = {}
    for rule in policy.gates:
        busy = frozenset(person for seats in asked.values() for seat in seats for person in seat.holders())
        asked[rule.gate] = _asked(connection, plan, policy, rule, barred, busy, at)
    return asked


def _asked(
    connection: Connection,
    plan: CasePlan,
    policy: Policy,
    rule: GatePolicy,
    barred: frozenset[EmployeeId],
    busy: frozenset[EmployeeId],
    at: datetime,
) -> tuple[Seat, ...]:
    fallback = (rule.fallback_role or policy.fallback_role) if Ladder.FALLBACK in rule.ladder else None
    around = chart.around(connection, {plan.employee_id}, {rule.role, *([fallback] if fallback else [])})
    away = delegations.active(connection, around, at)
    question = Question(
        role=rule.role,
        ladder=Ladder.APPROVER,
        leaver=plan.employee_id,
        fallback_role=fallback,
        people=rule.people,
        needed=rule.needed,
        barred=barred,
        busy=busy,
        stand_ins={person: each.to_id for person, each in away.items()},
    )
    try:
        return choose(question, chart.with_leavers(connection, around)).seats
    except NobodyToAsk:
        return ()
