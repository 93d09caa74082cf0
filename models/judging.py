"""The rules that judge a decision and count votes. Pure: the workflow and the hook supply every time and every fact."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from models.approvals import Decision, GateOutcome, GatePlan, GateRound, OnDecline, Refusal, Seat, Verdict, Vote
from models.base import EmployeeId, Value

NEEDS_REASON = (Verdict.DECLINED, Verdict.SENT_BACK)


class Standing(Value):
    """How a gate stands when a decision comes.

    `current` is the round that the decision answers, None when nothing is open; `votes` count so far. `barred` are the
    leaver, the leaver's delegates, the starter and the chosen successors, `elsewhere` those who `spoke` at another gate
    of the case: neither may decide whatever the page showed them. `sent_back`: a new plan is being made.
    `report_digest` is the report that the case asks about by now, also where this gate is not asked about it yet.
    """

    current: GateRound | None
    outcome: GateOutcome | None = None
    votes: tuple[Vote, ...] = ()
    barred: frozenset[EmployeeId] = frozenset()
    elsewhere: frozenset[EmployeeId] = frozenset()
    sent_back: bool = False
    report_digest: str | None = None


def judge(decision: Decision, standing: Standing) -> Refusal | None:  # noqa: PLR0911  (one line a rule)
    """Decide whether a decision counts; None means yes. Rules in the order in which people are told.

    A decision accepted exactly at the deadline is in time. A person votes once at a gate, whatever seats they hold, and
    a seat has one vote, whoever casts it.
    """
    current = standing.current
    if standing.outcome is not None:
        return Refusal.ALREADY_DECIDED
    if current is None:
        return Refusal.NOT_OPEN
    if standing.sent_back:
        return Refusal.PLAN_SENT_BACK
    if decision.verdict is Verdict.TIMED_OUT:
        return Refusal.MALFORMED
    seat = seat_of(decision, current.seats)
    if refusal := _judge_person(decision.by, seat, standing):
        return refusal
    if decision.accepted_at > current.due_at:
        return Refusal.LATE
    # A changed report is asked about again; until that round is open, an answer to the old one counts no more.
    if {current.report_digest, standing.report_digest or current.report_digest} != {decision.report_digest}:
        return Refusal.REPORT_CHANGED
    if decision.verdict in NEEDS_REASON and not decision.has_note:
        return Refusal.REASON_MISSING
    return _judge_vote(decision, seat, standing.votes)


def _judge_person(by: EmployeeId, seat: Seat | None, standing: Standing) -> Refusal | None:
    if by in standing.barred | standing.elsewhere:
        return Refusal.SEPARATION_OF_DUTIES
    if seat is None or seat.principal in standing.barred:
        return Refusal.NOT_AN_APPROVER
    return Refusal.SEPARATION_OF_DUTIES if seat.principal in standing.elsewhere else None


def _judge_vote(decision: Decision, seat: Seat | None, votes: Sequence[Vote]) -> Refusal | None:
    own = [vote for vote in votes if vote.by == decision.by]
    if decision.verdict is Verdict.TAKEN_BACK:
        return None if own else Refusal.NO_VOTE
    if any(seat is not None and vote.principal == seat.principal for vote in votes):
        return Refusal.ALREADY_DECIDED
    return Refusal.SEPARATION_OF_DUTIES if own else None


def seat_of(decision: Decision, seats: Collection[Seat]) -> Seat | None:
    """The seat that a decision is cast in: the one it names, else the own one, else the first held for somebody."""
    held = [seat for seat in seats if decision.by in seat.holders()]
    if decision.for_id is not None:
        return next((seat for seat in held if seat.principal == decision.for_id), None)
    return next((seat for seat in held if seat.principal == decision.by), held[0] if held else None)


def spoke(votes: Iterable[Vote]) -> frozenset[EmployeeId]:
    """Everybody whose word a vote is: who cast it and whose seat it is. Neither decides at a second gate of a case."""
    return frozenset(person for vote in votes for person in (vote.by, vote.principal))


def vote_of(decision: Decision, seats: Collection[Seat]) -> Vote | None:
    """A decision as the vote that it is, also one that takes a vote back; None when no seat is for it."""
    seat = seat_of(decision, seats)
    if seat is None:
        return None
    return Vote(
        decision_id=decision.decision_id,
        principal=seat.principal,
        by=decision.by,
        verdict=decision.verdict,
        at=decision.accepted_at,
        round=decision.round,
    )


def cast(decision: Decision, seats: Collection[Seat], votes: Sequence[Vote]) -> tuple[Vote, ...]:
    """The votes after a decision that counts. A vote that is taken back leaves its seat open."""
    if decision.verdict is Verdict.TAKEN_BACK:
        return tuple(vote for vote in votes if vote.by != decision.by)
    vote = vote_of(decision, seats)
    return (*votes, vote) if vote else tuple(votes)


def tally(votes: Collection[Vote], plan: GatePlan, seats: int) -> Verdict | None:
    """How a gate ends with these votes; None while it waits for more. `seats` of them are filled.

    One wish for a new plan sends it back. Fewer seats than needed can never approve.
    """
    said = [vote.verdict for vote in votes]
    if Verdict.SENT_BACK in said:
        return Verdict.SENT_BACK
    declines = said.count(Verdict.DECLINED)
    out_of_reach = seats - declines < plan.needed
    if declines and (plan.on_decline is OnDecline.ONE or out_of_reach):
        return Verdict.DECLINED
    return Verdict.APPROVED if said.count(Verdict.APPROVED) >= plan.needed else None


def remaining_reminders(current: GateRound, after: datetime) -> list[datetime]:
    """Reminder times of a round that lie ahead of `after`, in order."""
    return sorted(moment for moment in current.reminders_at if after < moment < current.due_at)
