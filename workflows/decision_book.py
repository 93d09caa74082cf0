"""The book of decisions: judges each by the time at which the hook accepted it, counts it once, takes forgeries back.

A decision is judged in the round that it answers, not by the order in which the engine delivers timers and messages:
with a worker that was down across the deadline, that order says nothing. Nothing here waits.
"""

from collections.abc import Callable

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from models.approvals import Decision, DecisionReceipt, GateOutcome, GateRound, Refusal, Verdict, Vote
    from models.case import GateView
    from models.judging import Standing, judge, seat_of, spoke, vote_of
    from models.policy import Separation
    from models.risk import ReportRef
    from workflows.gate import Gate


class DecisionBook:
    """All gates of a case, and what was said at them.

    `parties` (the leaver, the starter), the chosen `successors` and the leaver's `delegates` never decide, whatever the
    page showed them.
    """

    def __init__(self, on_change: Callable[[], None], on_forgery: Callable[[str], None]) -> None:
        self.gates: dict[str, Gate] = {}
        self.parties: frozenset[str] = frozenset()
        self.successors: frozenset[str] = frozenset()
        self.delegates: frozenset[str] = frozenset()
        self.separation = Separation.CASE
        self.report: ReportRef | None = None
        self._over = False
        self._on_change = on_change
        self._on_forgery = on_forgery
        self._receipts: dict[str, DecisionReceipt] = {}
        self._unrecorded_receipts: list[DecisionReceipt] = []
        self._unrecorded_votes: list[tuple[str, Vote]] = []
        self._unrecorded_outcomes: list[GateOutcome] = []

    # ---- judging ----

    @property
    def barred(self) -> frozenset[str]:
        """Nobody of them is asked, and nobody of them is counted."""
        return self.parties | self.successors | self.delegates

    def refusal_of(self, decision: Decision) -> Refusal | None:
        """Why a decision would not count now; None when it would, or when it was counted before (a repeat)."""
        if decision.decision_id in self._receipts or not self.can_judge(decision):
            return None  # whoever hears a decision waits until it can be judged
        return self._judge(decision)

    def _judge(self, decision: Decision) -> Refusal | None:
        gate = self.gates.get(decision.gate)
        if gate is None:
            return Refusal.NOT_OPEN
        return judge(decision, self._standing(gate, gate.round_of(decision)))

    def can_judge(self, decision: Decision) -> bool:
        """False while the round that is answered is not known, or what would turn it away is not proven yet."""
        gate = self.gates.get(decision.gate)
        return self._over or gate is None or not (gate.busy or self._is_unproven_before(decision, gate))

    def _is_unproven_before(self, decision: Decision, gate: Gate) -> bool:
        # A forged vote stands until it is written down; meanwhile it must not turn a real decision away.
        answered = gate.round_of(decision)
        seat = seat_of(decision, answered.seats) if answered else None
        people = {decision.by, seat.principal} if seat else {decision.by}
        return any(
            name == decision.gate or vote.verdict is Verdict.SENT_BACK or people & spoke([vote])
            for name, vote in self._unrecorded_votes
        )

    def _standing(self, gate: Gate, answered: GateRound | None) -> Standing:
        ended = gate.outcome
        return Standing(
            current=answered,
            outcome=ended if ended and ended.verdict is not Verdict.SENT_BACK else None,
            votes=gate.votes,
            barred=self.barred,
            elsewhere=self.elsewhere(gate),
            sent_back=self.sent_back,
            # A changed report is asked about again; until that round is open, an answer to the old one counts no more.
            report_digest=self.report.digest if self.report else None,
        )

    def decided(self) -> dict[str, tuple[str, ...]]:
        """Who has a vote, by gate: they have none at another. Nobody when the policy lets them vote at each."""
        if self.separation is not Separation.CASE:
            return {}
        return {name: tuple(sorted(spoke(gate.votes))) for name, gate in self.gates.items() if gate.votes}

    def elsewhere(self, gate: Gate) -> frozenset[str]:
        """Who has a vote at another gate than this one, and therefore none here."""
        return frozenset(person for name, some in self.decided().items() if name != gate.plan.gate for person in some)

    # ---- counting ----

    def take(self, decision: Decision) -> DecisionReceipt:
        """Count or refuse a decision, once: the same decision again gets the same receipt."""
        if known := self._receipts.get(decision.decision_id):
            return known
        refusal = self._judge(decision)
        gate = self.gates.get(decision.gate)
        answered = gate.round_of(decision) if gate else None
        if refusal is None and gate and answered:
            self._count(gate, decision, answered)
        receipt = DecisionReceipt(
            decision_id=decision.decision_id,
            gate=decision.gate,
            counted=refusal is None,
            refusal=refusal,
            verdict=gate.outcome.verdict if gate and gate.outcome else None,
            decided_by=gate.outcome.by if gate and gate.outcome else None,
            votes=gate.approvals() if gate else 0,
            needed=gate.plan.needed if gate else 1,
        )
        self._receipts[decision.decision_id] = receipt
        self._unrecorded_receipts.append(receipt)
        self._on_change()
        return receipt

    def _count(self, gate: Gate, decision: Decision, answered: GateRound) -> None:
        vote = vote_of(decision, answered.seats)
        if vote is not None:
            self._unrecorded_votes.append((decision.gate, vote))
        gate.count(decision, answered)
        self._note_end(gate)

    def _note_end(self, gate: Gate) -> None:
        if gate.outcome is not None and not any(gate.outcome is known for known in self._unrecorded_outcomes):
            self._unrecorded_outcomes.append(gate.outcome)
        self._on_change()

    def _take_back(self, receipt: DecisionReceipt) -> None:
        # Whoever reaches the engine can send a decision; only what the hook accepted is one. The gate goes on waiting,
        # also for a real decision with that id: it can be worked out beforehand.
        self._receipts.pop(receipt.decision_id, None)
        gate = self.gates.get(receipt.gate)
        if gate is not None:
            before = gate.outcome
            gate.forget(receipt.decision_id)
            if gate.outcome is not before:
                self._note_end(gate)
        self._on_forgery(receipt.decision_id)
        self._on_change()

    # ---- how the gates stand ----

    def must_wait_for(self, gate: Gate) -> tuple[str, ...]:
        """Gates that must be approved, provably, before this one is asked. One that is not asked at all is not among
        them."""
        before = (self.gates[name] for name in gate.plan.after if name in self.gates)
        return tuple(each.plan.gate for each in before if not each.approved or self._is_unproven(each))

    def _is_unproven(self, gate: Gate) -> bool:
        return any(outcome is gate.outcome for outcome in self._unrecorded_outcomes)

    def rests(self, gate: Gate) -> bool:
        """True while the gate is not to be asked: others come first, or a new plan is being made."""
        return self.sent_back or bool(self.must_wait_for(gate))

    @property
    def sent_back(self) -> bool:
        """True while somebody's wish for a new plan stands."""
        return any(outcome.verdict is Verdict.SENT_BACK for outcome in self.outcomes)

    @property
    def approved(self) -> bool:
        """True when every gate that is asked approved, and that is written down."""
        return all(gate.approved for gate in self.gates.values()) and self.written

    @property
    def refused(self) -> bool:
        """True when a gate was declined, or fell silent where the policy says that silence declines."""
        return any(outcome.verdict in (Verdict.DECLINED, Verdict.TIMED_OUT) for outcome in self.outcomes)

    @property
    def declined(self) -> bool:
        """True when a refusal is written down, and so known to be genuine. One is enough to end a plan."""
        return self.refused and self.written

    @property
    def written(self) -> bool:
        """True when nothing waits to be written down."""
        return not self._unrecorded_outcomes and not self._unrecorded_receipts

    @property
    def views(self) -> tuple[GateView, ...]:
        """Every gate as progress shows it."""
        return tuple(gate.view(self.must_wait_for(gate)) for gate in self.gates.values())

    @property
    def outcomes(self) -> tuple[GateOutcome, ...]:
        """Outcomes so far, in the order of the plan."""
        return tuple(gate.outcome for gate in self.gates.values() if gate.outcome)
