"""How a gate stands, as far as our database knows: every fact that `models.judging.judge` asks for.

The hook judges by it, so that a person hears at once. The workflow judges again by what it has counted.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, func, select, true, union
from sqlalchemy.dialects.postgresql import JSONB

from models.approvals import Refusal, Verdict
from models.case import Branch
from models.judging import Standing, spoke
from models.people import EmployeeStatus
from models.policy import Separation
from store import cases, decisions, delegations, gates, people
from store.cases import CaseRow
from store.gates import GateRow
from store.tables import branch_results


def standing_of(
    connection: Connection, case: CaseRow, gate: str, row: GateRow | None, *, at: datetime, key: str | None = None
) -> Standing:
    """The facts for a decision in the round `row`, None where nobody was asked; `at` is the time of the decision.

    With `key` a row that the hook never wrote is no vote.
    """
    newest = gates.newest_of(connection, case.id)
    now = next((each for each in newest if each.gate == gate), None)
    outcome = now.ended if now else None
    over = case.ended_at is not None and outcome is None
    return Standing(
        current=row.round_message() if row and not over else None,
        outcome=outcome if outcome is None or outcome.verdict is not Verdict.SENT_BACK else None,
        votes=decisions.votes(connection, row, key=key) if row else (),
        barred=barred(connection, case, at),
        elsewhere=elsewhere(connection, case, gate, newest, key=key),
        sent_back=_is_sent_back(gate, newest),
        report_digest=max(newest, key=lambda each: each.report_version).report_digest if newest else None,
    )


def _is_sent_back(gate: str, newest: Sequence[GateRow]) -> bool:
    """True while a new plan is being made, and for a gate that is not asked about it yet: others come before it."""
    asked_about = max((each.report_version for each in newest), default=0)
    sent_back = (each for each in newest if each.verdict is Verdict.SENT_BACK)
    return any(each.report_version == asked_about or each.gate == gate for each in sent_back)


def may_answer(connection: Connection, case: CaseRow, gate: str, person: str, *, at: datetime) -> Refusal | None:
    """May this person be given a seat of the gate? None means yes. Raises UnknownEmployee.

    Not: who is not active or leaves too, who may not decide about this departure, who has a seat there already.
    """
    asked = people.get(connection, person)
    newest = gates.newest_of(connection, case.id)
    now = next((each for each in newest if each.gate == gate), None)
    holds = now is not None and person in now.approvers
    if holds or person in barred(connection, case, at) | elsewhere(connection, case, gate, newest):
        return Refusal.SEPARATION_OF_DUTIES
    leaves = asked.status is not EmployeeStatus.ACTIVE or cases.open_case_of(connection, person) is not None
    return Refusal.NOT_AN_APPROVER if leaves else None


def barred(connection: Connection, case: CaseRow, at: datetime) -> frozenset[str]:
    """Who never decides about this departure: the leaver and who acts for them, the starter, the chosen successors."""
    acting = delegations.delegates_of(connection, case.employee_id, at)
    starter = {person for person in (case.requested_by,) if person}
    return frozenset({case.employee_id, *case.plan.barred, *starter, *acting, *successors(connection, case.id)})


def successors(connection: Connection, case_id: str) -> frozenset[str]:
    """Everybody who may receive something by the newest plan of the case: those proposed, and the next in line."""
    plan = (
        select(branch_results.c.result)
        .where(branch_results.c.case_id == case_id, branch_results.c.branch == Branch.SUCCESSORS)
        .order_by(branch_results.c.at.desc(), branch_results.c.digest)
        .limit(1)
        .subquery()
    )
    transfers = func.jsonb_array_elements(plan.c.result["transfers"]).table_valued("value")
    each = transfers.c.value.cast(JSONB)
    named = (
        select(each[name].astext.label("person")).select_from(plan.join(transfers, true()))
        for name in ("successor", "runner_up")
    )
    found = connection.execute(union(*named)).scalars()
    return frozenset(person for person in found if person)


def elsewhere(
    connection: Connection, case: CaseRow, gate: str, newest: Iterable[GateRow], *, key: str | None = None
) -> frozenset[str]:
    """Who has a vote that counts at another gate of the case; nobody where the policy lets them vote at both."""
    if case.policy.separation is not Separation.CASE:
        return frozenset()
    others = [row for row in newest if row.gate != gate]
    votes = decisions.votes_at(connection, case.id, others, key=key)
    return frozenset(person for some in votes.values() for person in spoke(some))
