"""How a gate stands, as far as our database knows: every fact that `models.judging.judge` asks for.

The hook judges by it, so that a person hears at once. The workflow judges again by what it has counted.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, func, select, true, union
from sqlalchemy.dialects.postgresql import JSONB, distinct_on

from models.approvals import Refusal, Verdict, Vote
from models.case import Branch
from models.judging import Standing, spoke
from models.people import EmployeeStatus
from models.policy import Separation
from store import cases, decisions, delegations, gates, people
from store.among import among
from store.cases import CaseRow
from store.gates import GateRow
from store.tables import branch_results


def standing_of(
    connection: Connection, case: CaseRow, gate: str, row: GateRow | None, *, at: datetime, key: str | None = None
) -> Standing:
    """The facts for a decision in the round `row`, None where nobody was asked; `at` is the time of the decision.

    With `key` a row that the hook never wrote is no vote.
    """
    return Standings(connection, [case], at=at, key=key).of(case, gate, row)


class Standings:
    """How the gates of several cases stand: `standing_of` in a few queries, however many cases and gates they are."""

    def __init__(
        self, connection: Connection, found: Collection[CaseRow], *, at: datetime, key: str | None = None
    ) -> None:
        ids = [case.id for case in found]
        self._rounds, self._said = gates.of_cases(connection, ids), decisions.of_cases(connection, ids)
        self._barred, self._key = barred_of_each(connection, found, at), key
        self._newest = {case_id: gates.newest_among(rounds) for case_id, rounds in self._rounds.items()}
        self._votes = {case.id: {row.gate: self._votes_of(row) for row in self._newest[case.id]} for case in found}

    def of(self, case: CaseRow, gate: str, row: GateRow | None) -> Standing:
        """The facts for a decision in the round `row` of one of these cases."""
        newest = self._newest[case.id]
        now = next((each for each in newest if each.gate == gate), None)
        outcome = now.ended if now else None
        over = case.ended_at is not None and outcome is None
        others = {name: votes for name, votes in self._votes[case.id].items() if name != gate}
        return Standing(
            current=row.round_message() if row and not over else None,
            outcome=outcome if outcome is None or outcome.verdict is not Verdict.SENT_BACK else None,
            votes=self._votes_of(row) if row else (),
            barred=self._barred[case.id],
            elsewhere=_spoke(case, others),
            sent_back=_is_sent_back(gate, newest),
            report_digest=max(newest, key=lambda each: each.report_version).report_digest if newest else None,
        )

    def _votes_of(self, row: GateRow) -> tuple[Vote, ...]:
        return decisions.votes_among(row, self._said[row.case_id], self._rounds[row.case_id], key=self._key)


def _is_sent_back(gate: str, newest: Sequence[GateRow]) -> bool:
    """True while a new plan is being made, and for a gate that is not asked about it yet: others come before it."""
    asked_about = max((each.report_version for each in newest), default=0)
    sent_back = (each for each in newest if each.verdict is Verdict.SENT_BACK)
    return any(each.report_version == asked_about or each.gate == gate for each in sent_back)


def may_answer(
    connection: Connection, case: CaseRow, gate: str, person: str, *, at: datetime, key: str | None = None
) -> Refusal | None:
    """May this person be given a seat of the gate? None means yes. Raises UnknownEmployee.

    Not: who is not active or leaves too, who may not decide about this departure, who has a seat there already.
    """
    asked = people.get(connection, person)
    newest = gates.newest_of(connection, case.id)
    now = next((each for each in newest if each.gate == gate), None)
    holds = now is not None and person in now.approvers
    if holds or person in barred(connection, case, at) | elsewhere(connection, case, gate, newest, key=key):
        return Refusal.SEPARATION_OF_DUTIES
    leaves = asked.status is not EmployeeStatus.ACTIVE or cases.open_case_of(connection, person) is not None
    return Refusal.NOT_AN_APPROVER if leaves else None


def barred(connection: Connection, case: CaseRow, at: datetime) -> frozenset[str]:
    """Who never decides about this departure: the leaver and who acts for them, the starter, the chosen successors."""
    return barred_of_each(connection, [case], at)[case.id]


def barred_of_each(connection: Connection, found: Collection[CaseRow], at: datetime) -> dict[str, frozenset[str]]:
    """`barred` for several cases, by id."""
    acting = delegations.delegates_of_each(connection, {case.employee_id for case in found}, at)
    named = _successors_of_each(connection, [case.id for case in found])
    return {
        case.id: frozenset({case.employee_id, *case.plan.barred, *acting[case.employee_id]})
        | named[case.id]
        | frozenset(person for person in (case.requested_by,) if person)
        for case in found
    }


def successors(connection: Connection, case_id: str) -> frozenset[str]:
    """Everybody who may receive something by the newest plan of the case: those proposed, and the next in line."""
    return _successors_of_each(connection, [case_id])[case_id]


def _successors_of_each(connection: Connection, case_ids: Collection[str]) -> dict[str, frozenset[str]]:
    results = branch_results.c
    plan = (
        select(results.case_id, results.result)
        .ext(distinct_on(results.case_id))
        .where(among(results.case_id, case_ids), results.branch == Branch.SUCCESSORS)
        .order_by(results.case_id, results.at.desc(), results.digest)
        .subquery()
    )
    transfers = func.jsonb_array_elements(plan.c.result["transfers"]).table_valued("value")
    each = transfers.c.value.cast(JSONB)
    named = (
        select(plan.c.case_id, each[name].astext.label("person")).select_from(plan.join(transfers, true()))
        for name in ("successor", "runner_up")
    )
    found: dict[str, set[str]] = {case_id: set() for case_id in case_ids}
    for case_id, person in connection.execute(union(*named)):
        found[case_id] |= {person} if person else set()
    return {case_id: frozenset(people) for case_id, people in found.items()}


def elsewhere(
    connection: Connection, case: CaseRow, gate: str, newest: Iterable[GateRow], *, key: str | None = None
) -> frozenset[str]:
    """Who has a vote that counts at another gate of the case; nobody where the policy lets them vote at both."""
    others = [row for row in newest if row.gate != gate]
    return _spoke(case, decisions.votes_at(connection, case.id, others, key=key))


def _spoke(case: CaseRow, votes: Mapping[str, tuple[Vote, ...]]) -> frozenset[str]:
    if case.policy.separation is not Separation.CASE:
        return frozenset()
    return frozenset(person for some in votes.values() for person in spoke(some))
