"""How a gate stands for one person: read once, for the page and for the door, so that both say the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from models.approvals import Decision, GatePlan, Refusal, Seat, Verdict, Via
from models.judging import Standing, judge, seat_of, tally
from models.people import EmployeeStatus
from models.risk_level import Level
from store import cases, decisions, gates, people, reports
from store.cases import CaseRow
from store.decisions import DecisionState, StoredDecision
from store.gates import GateRow
from store.standing import standing_of


@dataclass(frozen=True)
class Hearing:
    """`rounds` are all of the gate, `asked` the one that an answer of `person` is for; `said` is what they said so far.

    `level` is that of the report that they are asked about.
    """

    case: CaseRow
    plan: GatePlan
    person: str
    active: bool
    rounds: tuple[GateRow, ...]
    asked: GateRow
    standing: Standing
    said: tuple[StoredDecision, ...]
    level: Level
    now: datetime

    @property
    def current(self) -> GateRow:
        """The newest round."""
        return self.rounds[-1]

    @property
    def last(self) -> StoredDecision | None:
        """The last thing that the person said about this report and that still says something.

        A refusal from an earlier round does not: the person is asked again. Nor does a taking back that was refused.
        """
        for each in reversed(self.said):
            refused = each.state is DecisionState.REFUSED
            if not (refused and (each.verdict is Verdict.TAKEN_BACK or each.round != self.asked.round)):
                return each
        return None

    @property
    def own(self) -> StoredDecision | None:
        """The person's answer; None when there is none, or when it was taken back."""
        return self.last if self.last and self.last.verdict is not Verdict.TAKEN_BACK else None

    @property
    def number(self) -> int:
        """The number of the next thing that the person says in the round."""
        return 1 + sum(each.round == self.asked.round for each in self.said)

    @property
    def for_id(self) -> str | None:
        """Whose seat the person would answer in; None for their own, and when they have none."""
        voted = {vote.principal for vote in self.standing.votes}
        held = [seat for seat in self.asked.seats if self.person in seat.holders()]
        if any(seat.principal == self.person for seat in held):
            return None
        waiting = [seat for seat in held if seat.principal not in voted] or held
        return waiting[0].principal if waiting else None

    @property
    def approvals(self) -> int:
        """How many approvals there are."""
        return sum(vote.verdict is Verdict.APPROVED for vote in self.standing.votes)

    @property
    def ended(self) -> Verdict | None:
        """How the votes end the gate, also before the case has written the end down; None while it waits for more."""
        return tally(self.standing.votes, self.plan, len(self.asked.seats))

    @property
    def ended_by(self) -> str | None:
        """Whose vote ended the gate."""
        if self.current.decided_by:
            return self.current.decided_by
        return self.standing.votes[-1].by if self.ended else None

    def seat(self, for_id: str | None) -> Seat | None:
        """The seat that an answer would be cast in."""
        return seat_of(self.decision(Verdict.APPROVED, for_id=for_id), self.asked.seats)

    def decision(
        self, verdict: Verdict, *, for_id: str | None = None, digest: str | None = None, has_note: bool = True
    ) -> Decision:
        """What the person would say now."""
        case_id, gate, number = self.case.id, self.asked.gate, self.number
        return Decision(
            decision_id=decisions.decision_id(case_id, gate, self.asked.round, self.person, number),
            gate=gate,
            verdict=verdict,
            by=self.person,
            for_id=for_id,
            accepted_at=self.now,
            report_digest=digest or self.asked.report_digest,
            round=self.asked.round,
            has_note=has_note,
        )

    def refusal(self, decision: Decision, via: Via) -> Refusal | None:
        """The judgement of the workflow, made early so that the person hears it at once. The workflow judges again.

        Two rules are the hook's own: who is not active any more answers nothing, whatever the case has heard of it, and
        a link alone decides nothing from the level on that the policy names.
        """
        if self.current.verdict is Verdict.TIMED_OUT:
            return Refusal.LATE
        if refusal := judge(decision, self.standing):
            return refusal
        if not self.active:
            return Refusal.NOT_AN_APPROVER
        return Refusal.SIGN_IN_NEEDED if self.needs_session and via is Via.LINK else None

    @property
    def needs_session(self) -> bool:
        """True from the level on at which a link alone decides nothing."""
        return self.level.rank >= self.case.policy.sign_in_from_level.rank


def hear(connection: Connection, case_id: str, gate: str, person: str, *, now: datetime, key: str) -> Hearing | None:
    """Read how the gate stands for a person; None when it was never opened. `key` is that of the hook."""
    rounds = gates.rounds_of(connection, case_id, gate)
    if not rounds:
        return None
    case = cases.get(connection, case_id)
    asked = _answered(rounds, person, now)
    said = decisions.of_gate(connection, case_id, gate)
    own = (each for each in said if each.by == person and each.report_digest == asked.report_digest)
    return Hearing(
        case=case,
        plan=next(each for each in case.plan.gates if each.gate == gate),
        person=person,
        active=person in asked.approvers and people.get(connection, person).status is EmployeeStatus.ACTIVE,
        rounds=tuple(rounds),
        asked=asked,
        standing=standing_of(connection, case, gate, asked, at=now, key=key),
        said=tuple(each for each in own if decisions.genuine(each, key) and each.state is not DecisionState.FORGED),
        level=reports.head(connection, case_id, asked.report_version).level,
        now=now,
    )


def _answered(rounds: Sequence[GateRow], person: str, now: datetime) -> GateRow:
    """The round that an answer is for: the newest in which this person was in time, for the report that is asked about.

    It is an earlier one when the deadline passed, and somebody else was asked, while the answer was on its way to us.
    A round that was superseded is not asked any more, whenever it was due.
    """
    current = rounds[-1]
    for row in reversed(rounds):
        valid = row.report_digest == current.report_digest and (row is current or row.verdict != gates.SUPERSEDED)
        if valid and person in row.approvers and now <= row.due_at:
            return row
    return current
