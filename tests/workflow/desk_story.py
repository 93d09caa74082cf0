"""A desk without an engine: what happens to it in a story, and who sits where. The rules are not in here."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from models.approvals import Decision, DecisionReceipt, GatePlan, GateRound, Ladder, Seat, Verdict
from models.people import Role
from models.risk import ReportRef
from models.risk_level import Level
from workflows.approval_desk import ApprovalDesk
from workflows.gate import Gate

DUE = datetime(2026, 11, 26, 10, tzinfo=UTC)
BARRED = frozenset({"leaver", "starter", "successor"})
FINANCE = ("F1", "F2", "starter", "F3")  # the starter stands on the list by mistake
HR = ("F1", "H1")  # one of them is asked at both gates
ABOVE = {Ladder.ESCALATION: ("D1", "D2", "F3", "D3"), Ladder.FALLBACK: ("H1", "H2", "D1", "H3")}
PEOPLE = ("F1", "F2", "F3", "H1", "D1", "H2", "starter", "leaver", "successor")
HOUR = 3600


@dataclass(frozen=True)
class Press:
    """Somebody decides, at a time relative to the first deadline, about version 1 or 2 of the report.

    `round` is the one that the link of the person names, 0 when nobody knows. `forged`: it never went by the hook.
    """

    by: str
    verdict: Verdict
    seconds: int = -1
    version: int = 1
    has_note: bool = True
    repeats: int = 1
    round: int = 0
    gate: str = "finance"
    for_id: str | None = None
    forged: bool = False


@dataclass(frozen=True)
class NewReport:
    """A materially changed report or a new plan; `opened` when the people have been asked about it already."""

    opened: bool


@dataclass(frozen=True)
class Silence:
    """The open round of a gate is over, and nobody ended it."""

    gate: str = "finance"


@dataclass(frozen=True)
class Delegation:
    """Somebody may answer for whoever holds a seat; the gate is asked again with the same deadline."""

    seat: int
    to: str
    gate: str = "finance"


@dataclass(frozen=True)
class Acting:
    """The leaver names a delegate, who may decide nothing from now on."""

    person: str


@dataclass(frozen=True)
class Withdrawal:
    """The leaver stays: nothing is asked any more."""


Event = Press | NewReport | Silence | Delegation | Acting | Withdrawal


def plan(gate: str, people: int, needed: int, **rules: object) -> GatePlan:
    """A gate with a deadline on Thursday."""
    fields = {"gate": gate, "role": Role.HRBP, "people": people, "needed": needed, "due_at": DUE}
    return GatePlan.model_validate(fields | {"escalation_due_at": DUE + timedelta(days=2)} | rules)


def seats_of(people: Sequence[str], voted: Sequence[Seat], number: int) -> tuple[Seat, ...]:
    """Whoever voted keeps the seat; others fill up."""
    taken = {person for seat in voted for person in seat.holders()}
    others = [Seat(principal=person) for person in people if person not in taken]
    return (*voted, *others[: max(number - len(voted), 0)])


class Desk(ApprovalDesk):
    """A desk whose rounds are opened by hand. What it writes down is proven at once."""

    def __init__(self, *plans: GatePlan) -> None:
        super().__init__("offboarding-E1", "E1", lambda: None)
        self.parties, self.successors = frozenset({"leaver", "starter"}), frozenset({"successor"})
        self.first = {"finance": FINANCE, "hr": HR}
        self.version = 1
        self.report = self._report()
        for each in plans:
            self.gates[each.gate] = Gate(each)
            self.enter(self.gates[each.gate])

    def press(self, number: int, event: Press) -> list[DecisionReceipt]:
        """The decision as often as it comes. A forged one is counted, and found out."""
        said = decision(f"decision {number}", event)
        receipts = [self.take(said) for _ in range(event.repeats)]
        if event.forged and receipts[0].counted:
            self._take_back(receipts[0])
        self.prove()
        return receipts

    def prove(self) -> None:
        """Everything is written down."""
        for unproven in (self._unrecorded_receipts, self._unrecorded_votes, self._unrecorded_outcomes):
            unproven.clear()

    def is_asked(self, name: str) -> bool:
        """True while a gate waits for somebody."""
        gate = self.gates[name]
        return gate.round is not None and self._is_open(gate, gate.round)

    def happen(self, event: Event) -> None:
        """Whatever is no decision."""
        if isinstance(event, NewReport):
            self.change(opened=event.opened)
        elif isinstance(event, Silence) and self.is_asked(event.gate):
            gate = self.gates[event.gate]
            gate.fall_silent(DUE)
            self.enter(gate)
        elif isinstance(event, Delegation) and self.is_asked(event.gate):
            self.delegate(self.gates[event.gate], event)
        elif isinstance(event, Acting):
            self.delegates = frozenset({event.person})
        elif isinstance(event, Withdrawal):
            asyncio.run(self.stop())

    def change(self, *, opened: bool) -> None:
        """What `ask` does to gates that are open, and, once people have been asked, what the gates' tasks do."""
        if any(gate.round is None for gate in self.gates.values()):
            return
        self.version = 2
        self.report = self._report()
        for gate in self.gates.values():
            gate.lapse()
            if opened:
                self.enter(gate)

    def enter(self, gate: Gate) -> None:
        """What the office does when a round is to be opened: people are asked."""
        step = gate.next
        if step is None:
            return
        before = gate.round
        people = self.first[gate.plan.gate] if step.ladder is Ladder.APPROVER else ABOVE[step.ladder]
        fresh = before is None or step.ladder is Ladder.APPROVER
        seats = seats_of(people, gate.voted_seats, gate.plan.people)
        if step.same_people and before is not None:
            seats = before.seats
        gate.next = None
        gate.enter(self._round(gate, step.ladder, seats, DUE if fresh else DUE + timedelta(seconds=HOUR)))

    def delegate(self, gate: Gate, event: Delegation) -> None:
        """What the office does when somebody stands in: the same seats until the same time."""
        assert gate.round is not None
        place = event.seat % len(gate.round.seats)
        seats = tuple(
            Seat(principal=seat.principal, delegate=event.to) if number == place else seat
            for number, seat in enumerate(gate.round.seats)
        )
        gate.enter(self._round(gate, gate.round.ladder, seats, gate.round.due_at))

    def _round(self, gate: Gate, ladder: Ladder, seats: tuple[Seat, ...], due_at: datetime) -> GateRound:
        return GateRound(
            gate=gate.plan.gate, round=gate.rounds + 1, ladder=ladder, seats=seats, due_at=due_at,
            report_version=self.version, report_digest=digest(self.version),
        )  # fmt: skip

    def _report(self) -> ReportRef:
        number = self.version
        return ReportRef(
            version=number, digest=digest(number), score=Decimal(50), level=Level.MEDIUM, provisional=False
        )


def digest(version: int) -> str:
    """The fingerprint of a version of the report."""
    return f"digest {version}"


def decision(key: str, press: Press) -> Decision:
    """What the hook makes of a press."""
    return Decision(
        decision_id=key,
        gate=press.gate,
        verdict=press.verdict,
        by=press.by,
        for_id=press.for_id,
        accepted_at=DUE + timedelta(seconds=press.seconds),
        report_digest=digest(press.version),
        round=press.round,
        has_note=press.has_note,
    )
