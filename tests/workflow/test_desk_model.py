"""The approval desk against a small model: any order of decisions, repeats, escalations, new reports."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import example, given, settings
from hypothesis import strategies as st

from models.approvals import Decision, GatePlan, GateRound, Ladder, Refusal, Verdict
from models.people import Role
from models.risk import ReportRef
from models.risk_level import Level
from workflows.approval_desk import ApprovalDesk
from workflows.approvals_office import Gate

DUE = datetime(2026, 11, 26, 10, tzinfo=UTC)
PLAN = GatePlan(gate="finance", role=Role.FINANCE_REVIEWER, due_at=DUE, escalation_due_at=DUE + timedelta(days=2))
ASKED = ("F1", "F2", "starter")  # the starter stands on the list by mistake
PEOPLE = (*ASKED, "F3", "leaver", "successor")
ESCALATED = ("F3", "F2", "starter")
BARRED = frozenset({"leaver", "starter", "successor"})


@dataclass(frozen=True)
class Press:
    """Somebody decides, at a time relative to the first deadline, about version 1 or 2 of the report.

    `round` is the one that the link of the person names; 0 when nobody knows.
    """

    by: str
    verdict: Verdict
    seconds: int
    version: int
    has_note: bool
    repeats: int
    round: int = 0


@dataclass(frozen=True)
class NewReport:
    """A materially changed report; `opened` when the people have been asked about it already."""

    opened: bool


@dataclass(frozen=True)
class Escalation:
    """Nobody was heard by the deadline: somebody else is asked, until an hour after it."""


@dataclass(frozen=True)
class Silence:
    """Everybody's time is over, and the policy says that silence declines."""


@dataclass(frozen=True)
class Withdrawal:
    """The leaver stays: nothing is asked any more."""


@dataclass(frozen=True)
class Asked:
    """Who was asked in a round, about which version, until when (seconds after the first deadline)."""

    people: tuple[str, ...]
    version: int
    until: int


@dataclass
class Model:
    """What should happen, in the plainest words: the first fair decision in time stands, for the report of the day.

    In time means: by the deadline of the round that it answers, also when the next one is open by now.
    """

    version: int = 1
    rounds: list[Asked] = field(default_factory=lambda: [Asked(ASKED, 1, 0)])
    verdict: Verdict | None = None
    by: str | None = None
    over: bool = False

    def press(self, press: Press) -> bool:
        """True when it counts."""
        known = 1 <= press.round <= len(self.rounds)
        asked = self.rounds[press.round - 1] if known else self.rounds[-1]
        fair = press.by in asked.people and press.by not in BARRED
        says_something = press.verdict is Verdict.APPROVED or (press.verdict is Verdict.DECLINED and press.has_note)
        current = press.version == asked.version == self.version
        in_time = press.seconds <= asked.until
        counts = self.verdict is None and fair and says_something and in_time and current and not self.over
        if counts:
            self.verdict, self.by = press.verdict, press.by
        return counts

    def new_report(self, event: NewReport) -> None:
        """What was decided lapses."""
        self.version, self.verdict, self.by = 2, None, None
        if event.opened:
            self.rounds.append(Asked(ASKED, 2, 0))

    def happen(self, event: object) -> None:
        """Whatever is no decision. Nobody's answer is no approval; after a withdrawal nothing is asked again."""
        if self.over:
            return
        if isinstance(event, NewReport):
            self.new_report(event)
        elif isinstance(event, Escalation) and self.verdict is None:
            self.rounds.append(Asked(ESCALATED, self.version, 3600))
        elif isinstance(event, Silence) and self.verdict is None:
            self.verdict, self.by = Verdict.TIMED_OUT, None
        elif isinstance(event, Withdrawal):
            self.over = True


def digest(version: int) -> str:
    return f"digest {version}"


def open_round(number: int, version: int, ladder: Ladder = Ladder.APPROVER) -> GateRound:
    escalated = ladder is not Ladder.APPROVER
    return GateRound(
        gate="finance", round=number, ladder=ladder, approvers=ESCALATED if escalated else ASKED,
        due_at=DUE + timedelta(hours=escalated), report_version=version, report_digest=digest(version),
    )  # fmt: skip


def report(version: int) -> ReportRef:
    return ReportRef(version=version, digest=digest(version), score=Decimal(50), level=Level.MEDIUM, provisional=False)


class Desk(ApprovalDesk):
    """A desk whose rounds are opened by hand: no engine runs here."""

    def __init__(self) -> None:
        super().__init__("offboarding-E1", "E1", lambda: None)
        self.barred = BARRED
        self.gates["finance"] = Gate(PLAN)
        self._office.report = report(1)
        self.enter(1, Ladder.APPROVER)

    def enter(self, version: int, ladder: Ladder) -> None:
        """What the office does once people have been asked."""
        gate = self.gates["finance"]
        gate.rounds += 1
        gate.enter(open_round(gate.rounds, version, ladder))

    def change(self, event: NewReport) -> None:
        """What `ask` does to a gate that is open, and, once people have been asked, what `_run` does."""
        self._office.report = report(2)
        gate = self.gates["finance"]
        gate.outcome, gate.asked_again = None, not event.opened
        if event.opened:
            self.enter(2, Ladder.APPROVER)

    def happen(self, event: object) -> None:
        """Whatever is no decision. After a withdrawal the case does nothing of this any more."""
        if self.gates["finance"].round is None:
            return
        if isinstance(event, NewReport):
            self.change(event)
        elif isinstance(event, Escalation) and self.gates["finance"].outcome is None:
            assert self._office.report is not None
            self.enter(self._office.report.version, Ladder.ESCALATION)
        elif isinstance(event, Silence) and self.gates["finance"].outcome is None:
            self._time_out(self.gates["finance"], DUE)
        elif isinstance(event, Withdrawal):
            asyncio.run(self.stop())


Event = Press | NewReport | Escalation | Silence | Withdrawal
presses = st.builds(
    Press,
    by=st.sampled_from(PEOPLE),
    verdict=st.sampled_from(Verdict),
    seconds=st.sampled_from([-3600, -1, 0, 1, 3600]),
    version=st.sampled_from([1, 2]),
    has_note=st.booleans(),
    repeats=st.integers(1, 3),
    round=st.integers(0, 4),
)
changes = st.builds(NewReport, opened=st.booleans()) | st.sampled_from([Escalation(), Silence(), Withdrawal()])
events = st.lists(presses | changes, max_size=12)


@given(story=events)
@settings(max_examples=1500, deadline=None)
@example(story=[Press("F1", Verdict.APPROVED, 0, 1, has_note=False, repeats=2),
                Press("F2", Verdict.DECLINED, -1, 1, has_note=True, repeats=1)])  # fmt: skip
@example(story=[NewReport(opened=False), Press("F1", Verdict.APPROVED, -1, 1, has_note=False, repeats=1)])
@example(story=[Escalation(), Press("F1", Verdict.APPROVED, 0, 1, has_note=False, repeats=2, round=1)])
@example(story=[Escalation(), Press("F1", Verdict.APPROVED, 1, 1, has_note=False, repeats=1, round=1),
                Press("F3", Verdict.APPROVED, 1, 1, has_note=False, repeats=1, round=2)])  # fmt: skip
@example(story=[NewReport(opened=True), Press("F1", Verdict.APPROVED, -1, 1, has_note=False, repeats=1, round=1)])
def test_every_order_of_events_ends_as_the_model_says(story: list[Event]) -> None:
    desk, model = Desk(), Model()
    for number, event in enumerate(story):
        if not isinstance(event, Press):
            desk.happen(event)
            model.happen(event)
            continue
        decision = Decision(
            decision_id=f"decision {number}",
            gate="finance",
            verdict=event.verdict,
            by=event.by,
            accepted_at=DUE + timedelta(seconds=event.seconds),
            report_digest=digest(event.version),
            round=event.round,
            has_note=event.has_note,
        )
        foreseen = desk.refusal_of(decision)
        receipts = [desk.take(decision) for _ in range(event.repeats)]
        assert receipts == [receipts[0]] * event.repeats, "the same decision gets the same receipt"
        assert receipts[0].counted == model.press(event)
        assert receipts[0].refusal == foreseen, "the validator and the handler agree"
        assert receipts[0].counted == (receipts[0].refusal is None)
        if receipts[0].refusal is Refusal.ALREADY_DECIDED:
            assert receipts[0].decided_by == model.by, "whoever comes second is told who was first"
    outcome = desk.gates["finance"].outcome
    assert (outcome.verdict if outcome else None, outcome.by if outcome else None) == (model.verdict, model.by)
    assert desk.refused == (model.verdict in {Verdict.DECLINED, Verdict.TIMED_OUT})


@given(story=st.lists(presses, min_size=1, max_size=12))
@settings(max_examples=300, deadline=None)
def test_approve_and_decline_at_once_leave_the_first_and_only_one(story: list[Press]) -> None:
    desk = Desk()
    counted = []
    for number, press in enumerate(story):
        decision = Decision(
            decision_id=f"decision {number}", gate="finance", verdict=press.verdict, by=press.by, accepted_at=DUE,
            report_digest=digest(1), has_note=True,
        )  # fmt: skip
        if desk.take(decision).counted:
            counted.append(decision)
    assert len(counted) <= 1
    fair = [press for press in story if press.by in {"F1", "F2"} and press.verdict is not Verdict.TIMED_OUT]
    assert bool(counted) == bool(fair)
    if counted:
        assert (counted[0].by, counted[0].verdict) == (fair[0].by, fair[0].verdict)
