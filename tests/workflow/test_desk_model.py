"""The approval desk against a small model: any order of decisions, repeats, silences, delegations, new reports."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hypothesis import example, given, settings
from hypothesis import strategies as st

from models.approvals import GatePlan, Ladder, OnDecline, OnSilence, Refusal, Verdict
from tests.workflow.desk_story import (
    BARRED,
    DUE,
    HOUR,
    PEOPLE,
    Acting,
    Delegation,
    Desk,
    Event,
    NewReport,
    Press,
    Silence,
    Withdrawal,
    decision,
    plan,
)

OFFSETS = (-HOUR, -1, 0, 1, HOUR, HOUR + 1)
RUNGS = 3


@dataclass
class Asked:
    """A round: whose seats, who else may answer for each, about which version, until when after the first deadline."""

    seats: dict[str, str | None]
    version: int
    until: int


@dataclass
class Waiting:
    """What the model knows of a gate: `votes` by seat. `ended` is how, and by whom."""

    plan: GatePlan
    rounds: list[Asked] = field(default_factory=list)
    votes: dict[str, tuple[str, Verdict]] = field(default_factory=dict)
    ended: tuple[Verdict, str | None] | None = None
    rung: int = 1

    def ending(self) -> Verdict | None:
        """One wish for a new plan is enough, and one decline or so many that the others cannot reach the quorum."""
        said = [verdict for _, verdict in self.votes.values()]
        no, yes = said.count(Verdict.DECLINED), said.count(Verdict.APPROVED)
        lost = len(set(self.rounds[-1].seats) | set(self.votes)) - no < self.plan.needed
        if Verdict.SENT_BACK in said:
            return Verdict.SENT_BACK
        if no and (lost or self.plan.on_decline is OnDecline.ONE):
            return Verdict.DECLINED
        return Verdict.APPROVED if yes >= self.plan.needed else None


@dataclass
class Model:
    """What should happen, in the plainest words: every fair vote in time about the report of the day counts, once.

    In time means: by the deadline of the round that it answers, also when the next one is open by now.
    """

    gates: dict[str, Waiting]
    version: int = 1
    over: bool = False
    barred: frozenset[str] = BARRED

    def press(self, press: Press) -> bool:
        """True when it counts."""
        gate = self.gates[press.gate]
        known = 1 <= press.round <= len(gate.rounds)
        asked = gate.rounds[press.round - 1] if known else gate.rounds[-1]
        held = [seat for seat, other in asked.seats.items() if press.by in (seat, other)]
        seat = press.for_id or (press.by if press.by in held else next(iter(held), None))
        others = (other for name, other in self.gates.items() if name != press.gate)
        spoke = {person for other in others for vote in other.votes.items() for person in (vote[0], vote[1][0])}
        fair = seat in held and not {press.by, seat} & (self.barred | spoke)
        in_time = press.seconds <= asked.until and press.version == asked.version == self.version
        reason = press.verdict in (Verdict.APPROVED, Verdict.TAKEN_BACK) or press.has_note
        own = [place for place, (by, _) in gate.votes.items() if by == press.by]
        free = bool(own) if press.verdict is Verdict.TAKEN_BACK else not own and seat not in gate.votes
        says_it = fair and in_time and reason and free and press.verdict is not Verdict.TIMED_OUT
        if not (says_it and self.is_asked(press.gate)) or seat is None or press.forged:
            return bool(says_it and self.is_asked(press.gate))  # a forged one looks like it, and changes nothing
        if press.verdict is Verdict.TAKEN_BACK:
            del gate.votes[own[0]]
        else:
            gate.votes[seat] = (press.by, press.verdict)
        if end := gate.ending():
            gate.ended = (end, press.by)
        return True

    def is_asked(self, name: str) -> bool:
        """A new plan is waited for at all gates."""
        sent_back = any(gate.ended and gate.ended[0] is Verdict.SENT_BACK for gate in self.gates.values())
        return not self.over and not sent_back and self.gates[name].ended is None

    def happen(self, event: Event, desk: Desk) -> None:
        """Whatever is no decision. Who is asked in a new round is what the desk's office answered."""
        if isinstance(event, Withdrawal):
            self.over = True
        elif isinstance(event, Acting):
            self.barred = BARRED | {event.person}
        elif isinstance(event, NewReport) and not self.over:
            self.version = 2
            for gate in self.gates.values():
                gate.votes, gate.ended, gate.rung = {}, None, 1
        elif isinstance(event, Silence) and self.waits(event.gate):
            gate, rule = self.gates[event.gate], self.gates[event.gate].plan.on_silence
            if rule is OnSilence.DECLINE and gate.rung == RUNGS:
                gate.ended = (Verdict.TIMED_OUT, None)
            gate.rung = gate.rung if rule is OnSilence.HOLD else min(gate.rung + 1, RUNGS)
        self.look(desk)

    def waits(self, name: str) -> bool:
        """True when people know the version of the day: only then can a round end in silence."""
        return self.is_asked(name) and self.gates[name].rounds[-1].version == self.version

    def look(self, desk: Desk) -> None:
        """Rounds that are open since."""
        for name, gate in self.gates.items():
            for number in range(len(gate.rounds) + 1, desk.gates[name].rounds + 1):
                asked = desk.gates[name].asked[number]
                until = int((asked.due_at - DUE).total_seconds())
                seats = {seat.principal: seat.delegate for seat in asked.seats}
                gate.rounds.append(Asked(seats, asked.report_version, until))


gates = st.sampled_from(["finance", "finance", "finance", "hr"])
presses = st.builds(
    Press,
    by=st.sampled_from(PEOPLE),
    verdict=st.sampled_from([*Verdict, Verdict.APPROVED, Verdict.APPROVED]),
    seconds=st.sampled_from(OFFSETS),
    version=st.sampled_from([1, 1, 2]),
    has_note=st.booleans(),
    repeats=st.integers(1, 3),
    round=st.integers(0, 4),
    gate=gates,
    for_id=st.sampled_from([None, None, None, "F1", "F2"]),
    forged=st.sampled_from([False, False, False, True]),
)
# Half of the stories are about people who could decide: chance alone rarely comes to a quorum.
fair = st.builds(
    Press,
    by=st.sampled_from(["F1", "F2", "F3", "H1", "D1"]),
    verdict=st.sampled_from([Verdict.APPROVED, Verdict.APPROVED, Verdict.DECLINED, Verdict.TAKEN_BACK]),
    version=st.just(1),
    round=st.integers(0, 2),
    gate=gates,
    for_id=st.sampled_from([None, None, None, "F1", "F2", "starter"]),
)
others = st.one_of(
    st.builds(NewReport, opened=st.booleans()),
    st.builds(Silence, gate=gates),
    st.builds(Silence, gate=gates),
    st.builds(Delegation, seat=st.integers(0, 3), to=st.sampled_from(PEOPLE), gate=gates),
    st.builds(Delegation, seat=st.integers(0, 2), to=st.sampled_from(["D1", "F1", "H1"])),
    st.builds(Acting, person=st.sampled_from(PEOPLE)),
    st.just(Withdrawal()),
)
stories = st.lists(presses | fair | others, max_size=12)


@st.composite
def plans(draw: st.DrawFn) -> tuple[GatePlan, GatePlan]:
    """Finance asks 1 to 4 people and needs 1 to 3 of them; HR needs both of its two."""
    people = draw(st.integers(1, 4))
    rules = {"on_decline": draw(st.sampled_from(OnDecline)), "on_silence": draw(st.sampled_from(OnSilence))}
    return plan("finance", people, draw(st.integers(1, min(people, 3))), **rules), plan("hr", 2, 2)


ONE, TWO = (plan("finance", 1, 1), plan("hr", 2, 2)), (plan("finance", 2, 2), plan("hr", 2, 2))
LENIENT = (plan("finance", 3, 2, on_decline=OnDecline.QUORUM), plan("hr", 2, 2))
YES, NO, BACK = Verdict.APPROVED, Verdict.DECLINED, Verdict.SENT_BACK


@given(asked=plans(), story=stories)
@settings(max_examples=5000, deadline=None)
@example(asked=ONE, story=[Press("F1", YES, 0, repeats=2), Press("F2", NO)])
@example(asked=ONE, story=[NewReport(opened=False), Press("F1", YES)])
@example(asked=ONE, story=[Silence(), Press("F1", YES, 0, repeats=2, round=1)])
@example(asked=ONE, story=[Silence(), Press("F1", YES, 1, round=1), Press("D1", YES, 1, round=2)])
@example(asked=ONE, story=[NewReport(opened=True), Press("F1", YES, round=1)])
@example(asked=TWO, story=[Press("F1", YES), Silence(), Press("F2", YES, 0, round=1)])
@example(asked=TWO, story=[Press("F1", YES), Press("F1", Verdict.TAKEN_BACK), Press("F2", YES), Press("F1", NO)])
@example(asked=TWO, story=[Press("F1", YES), Press("F2", YES, forged=True), Press("F2", NO)])
@example(asked=TWO, story=[Press("F1", YES, gate="hr"), Press("F1", YES), Press("F2", YES)])
@example(asked=TWO, story=[Delegation(0, "D1"), Press("D1", YES, for_id="F1"), Press("F1", NO), Press("F2", YES)])
@example(asked=TWO, story=[Delegation(0, "D1"), Press("D1", YES, for_id="F1"), Press("F1", YES, gate="hr")])
@example(asked=TWO, story=[Delegation(0, "D1", "hr"), Press("F1", YES), Press("D1", YES, gate="hr", for_id="F1")])
@example(asked=TWO, story=[Delegation(1, "F1"), Press("F1", YES), Press("F1", YES, for_id="F2")])
@example(asked=LENIENT, story=[Delegation(2, "D1"), Press("D1", YES, for_id="starter"), Press("F1", YES)])
@example(asked=LENIENT, story=[Silence(), Press("F1", YES, round=1), Press("D1", NO), Press("D2", NO)])
@example(asked=TWO, story=[Press("F1", BACK), Press("H1", YES, gate="hr"), NewReport(opened=True),
                           Press("F1", YES, version=2), Press("F2", YES, version=2)])  # fmt: skip
def test_every_order_of_events_ends_as_the_model_says(asked: tuple[GatePlan, GatePlan], story: list[Event]) -> None:
    desk, model = Desk(*asked), Model({each.gate: Waiting(each) for each in asked})
    model.look(desk)
    for number, event in enumerate(story):
        if not isinstance(event, Press):
            desk.happen(event)
            model.happen(event, desk)
            continue
        foreseen = desk.refusal_of(decision(f"decision {number}", event))
        receipts = desk.press(number, event)
        assert receipts == [receipts[0]] * event.repeats, "the same decision gets the same receipt"
        assert receipts[0].counted == model.press(event)
        assert receipts[0].refusal == foreseen, "the validator and the handler agree"
        assert receipts[0].counted == (receipts[0].refusal is None)
        ended = model.gates[event.gate].ended
        if receipts[0].refusal is Refusal.ALREADY_DECIDED and ended:
            assert receipts[0].decided_by == ended[1], "whoever comes later is told who ended it"
    for name, waiting in model.gates.items():
        gate = desk.gates[name]
        assert ((gate.outcome.verdict, gate.outcome.by) if gate.outcome else None) == waiting.ended
        assert {vote.principal: (vote.by, vote.verdict) for vote in gate.votes} == waiting.votes
        assert gate.outcome is None or gate.outcome.votes == gate.votes
    ends = [waiting.ended[0] for waiting in model.gates.values() if waiting.ended]
    assert desk.refused == bool({NO, Verdict.TIMED_OUT} & set(ends))
    assert desk.approved == (ends == [YES, YES])
    assert desk.sent_back == (BACK in ends)


@given(story=st.lists(presses, min_size=1, max_size=12))
@settings(max_examples=300, deadline=None)
def test_approve_and_decline_at_once_leave_the_first_and_only_one(story: list[Press]) -> None:
    desk = Desk(plan("finance", 4, 1))
    said = [Press(press.by, press.verdict, seconds=0, gate="finance") for press in story]
    counted = [press for number, press in enumerate(said) if desk.press(number, press)[0].counted]
    last_words = (Verdict.APPROVED, Verdict.DECLINED, Verdict.SENT_BACK)
    able = [press for press in said if press.by in {"F1", "F2", "F3"} and press.verdict in last_words]
    assert counted == able[:1]


moments = st.integers(-5_000_000, 5_000_000) | st.sampled_from([-1, 0, 1])


@given(
    due_in=st.integers(0, 400 * 24 * 3600),
    microseconds=moments,
    people=st.integers(1, 3),
    next_is_open=st.booleans(),
    names_its_round=st.booleans(),
)
@settings(max_examples=1000, deadline=None)
@example(due_in=0, microseconds=0, people=1, next_is_open=True, names_its_round=True)
@example(due_in=0, microseconds=1, people=2, next_is_open=True, names_its_round=True)
def test_what_was_accepted_by_the_deadline_counts_and_nothing_else(
    due_in: int, microseconds: int, people: int, *, next_is_open: bool, names_its_round: bool
) -> None:
    """`next_is_open`: the worker was down across the deadline, and its timer came before the message."""
    desk = Desk(plan("finance", people, people))
    gate = desk.gates["finance"]
    assert gate.round is not None
    due: datetime = DUE + timedelta(seconds=due_in)
    gate.enter(gate.round.model_copy(update={"due_at": due}))
    if next_is_open:
        gate.fall_silent(due)
        desk.enter(gate)
        assert gate.round.ladder is Ladder.ESCALATION
    late = timedelta(microseconds=microseconds)
    answers = Press("F1", Verdict.APPROVED, round=1 if names_its_round or next_is_open else 0)
    receipt = desk.take(decision("one", answers).model_copy(update={"accepted_at": due + late}))
    assert receipt.counted == (due + late <= due)
    assert receipt.refusal == (None if receipt.counted else Refusal.LATE)
    assert gate.approvals() == receipt.counted
