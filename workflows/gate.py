"""One gate while it is worked on: who is asked, what they said, how it ended. No engine, no waiting."""

from dataclasses import dataclass
from datetime import datetime

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from models.approvals import (
        Decision,
        GateOutcome,
        GatePlan,
        GateRound,
        Ladder,
        OnSilence,
        Seat,
        Verdict,
        Vote,
    )
    from models.case import GateView
    from models.judging import cast, tally


@dataclass(frozen=True)
class Step:
    """A round to be opened. Without `due_at` its deadline is counted from the asking."""

    ladder: Ladder
    due_at: datetime | None = None
    same_people: bool = False


class Gate:
    """`next` is the round to be opened when the open one no longer fits; None while it does.

    `opening` and `reseating` while people are being asked: some have their link already, and what they decide waits
    until we know the round. `asked` holds every round so far: who answered one in time may be heard when the next is
    open. `votes` count for the report that is asked about, from all its rounds.
    """

    def __init__(self, plan: GatePlan) -> None:
        self.plan = plan
        self.rounds = 0
        self.round: GateRound | None = None
        self.asked: dict[int, GateRound] = {}
        self.votes: tuple[Vote, ...] = ()
        self.outcome: GateOutcome | None = None
        # One that comes after others cannot know its deadline before they are done.
        self.next: Step | None = Step(Ladder.APPROVER, None if plan.after else plan.due_at)
        self.opening = False
        self.reseating = False
        self._heard: list[tuple[Decision, GateRound]] = []

    @property
    def busy(self) -> bool:
        """True while people are being asked."""
        return self.opening or self.reseating

    @property
    def approved(self) -> bool:
        """True when enough people approved."""
        return self.outcome is not None and self.outcome.verdict is Verdict.APPROVED

    def enter(self, current: GateRound) -> None:
        """People have been asked: this is the open round."""
        self.round, self.rounds, self.opening = current, current.round, False
        self.asked[current.round] = current

    def round_of(self, decision: Decision) -> GateRound | None:
        """The round that a decision answers: its own, else the open one; None when nothing is asked any more."""
        return self.asked.get(decision.round, self.round) if self.round else None

    def count(self, decision: Decision, answered: GateRound) -> None:
        """Take a decision that counts; it may end the gate."""
        self._heard.append((decision, answered))
        self._recount()

    def forget(self, decision_id: str) -> None:
        """Take a forged decision out; what the others said stands."""
        self._heard = [(heard, answered) for heard, answered in self._heard if heard.decision_id != decision_id]
        self._recount()

    def lapse(self) -> None:
        """Another report: whatever was said about the one before, and how the gate ended, counts no more."""
        self._heard.clear()
        self.votes, self.outcome = (), None
        self.next = Step(Ladder.APPROVER)

    def fall_silent(self, at: datetime) -> None:
        """The deadline is over: the next step of the ladder, the same people again, or the end. Never an approval."""
        current = self.round
        if current is None:
            return
        rungs, rule = self.plan.ladder, self.plan.on_silence
        place = rungs.index(current.ladder) if current.ladder in rungs else 0
        if rule is OnSilence.HOLD:
            self.next = Step(current.ladder, same_people=True)
        elif place + 1 < len(rungs):
            self.next = Step(rungs[place + 1])
        elif rule is OnSilence.DECLINE:
            self.outcome = self._ended(Verdict.TIMED_OUT, None, at, current)
        else:
            self.next = Step(current.ladder)

    @property
    def voted_seats(self) -> tuple[Seat, ...]:
        """Seats that have their vote, with who cast it for whom."""
        return tuple(
            Seat(principal=vote.principal, delegate=vote.by if vote.by != vote.principal else None)
            for vote in self.votes
        )

    @property
    def open_seats(self) -> tuple[Seat, ...]:
        """Seats of the open round that have no vote yet."""
        voted = {vote.principal for vote in self.votes}
        seats = self.round.seats if self.round else ()
        return tuple(seat for seat in seats if seat.principal not in voted)

    def approvals(self) -> int:
        """How many have approved."""
        return sum(vote.verdict is Verdict.APPROVED for vote in self.votes)

    def view(self, after: tuple[str, ...] = ()) -> GateView:
        """The gate as progress shows it; `after` are gates that it still waits for."""
        open_round = self.round if self.outcome is None and not after else None
        people = dict.fromkeys(person for seat in self.open_seats for person in seat.holders()) if open_round else {}
        said = {vote.by for vote in self.votes}
        return GateView(
            gate=self.plan.gate,
            waiting_on=tuple(person for person in people if person not in said),
            due_at=open_round.due_at if open_round else None,
            round=self.round.round if self.round else self.rounds,
            outcome=self.outcome,
            votes=self.approvals(),
            needed=self.plan.needed,
            after=after if self.outcome is None else (),
        )

    def _recount(self) -> None:
        if self.outcome is not None and self.outcome.verdict is not Verdict.TIMED_OUT:
            self.outcome = None
        self.votes = ()
        for decision, answered in self._heard:
            self.votes = cast(decision, answered.seats, self.votes)
            verdict = tally(self.votes, self.plan, self._seats())
            if verdict is not None and self.outcome is None:
                self.outcome = self._ended(verdict, decision.by, decision.accepted_at, answered)

    def _seats(self) -> int:
        # Who was asked before and voted in time has a seat beside those who are asked now.
        asked = {seat.principal for seat in self.round.seats} if self.round else set()
        return len(asked | {vote.principal for vote in self.votes})

    def _ended(self, verdict: Verdict, by: str | None, at: datetime, answered: GateRound) -> GateOutcome:
        return GateOutcome(
            gate=self.plan.gate,
            verdict=verdict,
            by=by,
            at=at,
            round=answered.round,
            report_version=answered.report_version,
            report_digest=answered.report_digest,
            votes=self.votes,
        )
