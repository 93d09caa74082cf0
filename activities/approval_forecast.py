"""Who would be asked if a case were started now. Reads only."""

from collections.abc import Collection

from sqlalchemy import Connection

from models.approvals import Ladder
from models.approvers import Question, choose
from models.base import EmployeeId
from models.case import CasePlan
from models.errors import NobodyToAsk
from models.policy import Policy
from store import chart


def who_would_be_asked(
    connection: Connection, plan: CasePlan, policy: Policy, successors: Collection[EmployeeId]
) -> dict[str, EmployeeId | None]:
    """The first approver of every gate, in the order of the plan; None where nobody may be asked.

    As in a real case: the starter, the leaver and whoever may receive clients are never asked, and one person is asked
    at two gates only where nobody else can be.
    """
    asked: dict[str, EmployeeId | None] = {}
    for gate in plan.gates:
        around = chart.around(connection, {plan.employee_id}, {gate.role, policy.fallback_role})
        question = Question(
            role=gate.role,
            ladder=Ladder.APPROVER,
            leaver=plan.employee_id,
            fallback_role=policy.fallback_role,
            barred=frozenset(plan.barred) | frozenset(successors),
            busy=frozenset(person for person in asked.values() if person),
        )
        try:
            asked[gate.gate] = choose(question, around).approver
        except NobodyToAsk:
            asked[gate.gate] = None
    return asked
