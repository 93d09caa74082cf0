"""Two thousand random companies: whoever is asked may answer, nobody answers twice, and nobody else counts at all."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from models.approvals import LADDER, Decision, GatePlan, GateRound, Ladder, Seat, Verdict, Vote
from models.approvers import Choice, Question, choose
from models.errors import NobodyToAsk
from models.judging import Standing, cast, judge, tally
from models.people import Employee, EmployeeStatus, Role

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
LEAVER = "E0"
PEOPLE = [f"E{number}" for number in range(9)]
ROLES = [Role.SALES_MANAGER, Role.FINANCE_REVIEWER, Role.HRBP, Role.OTHER]


@dataclass
class Company:
    """A chart with circles, people of several roles, absences, delegations in chains, and one gate to fill."""

    people: dict[str, Employee]
    question: Question
    successors: frozenset[str]
    starter: str
    acting: frozenset[str]

    @property
    def forbidden(self) -> frozenset[str]:
        """Who must never decide, whatever else they are."""
        return frozenset({LEAVER, self.starter}) | self.successors | self.acting | self.question.elsewhere


def closure(stand_ins: dict[str, str | None]) -> frozenset[str]:
    """Who acts for the leaver, and who acts for those."""
    found: list[str] = []
    nearest = stand_ins.get(LEAVER)
    while nearest and nearest not in found and nearest != LEAVER:
        found.append(nearest)
        nearest = stand_ins.get(nearest)
    return frozenset(found)


@st.composite
def companies(draw: st.DrawFn) -> Company:
    person, some = st.sampled_from(PEOPLE), st.lists(st.sampled_from(PEOPLE), max_size=2)
    size = len(PEOPLE)
    managers = draw(st.lists(st.sampled_from([None, "unknown", *PEOPLE]), min_size=size, max_size=size))
    roles = draw(st.lists(st.tuples(st.sampled_from(ROLES), st.sampled_from(ROLES)), min_size=size, max_size=size))
    gone = draw(some)
    people = {
        key: Employee(
            id=key,
            name=key,
            manager_id=manager,
            role=role,
            extra_roles=(further,),
            status=EmployeeStatus.LEFT if key in gone else EmployeeStatus.ACTIVE,
        )
        for key, manager, (role, further) in zip(PEOPLE, managers, roles, strict=True)
    }
    stand_ins = draw(st.dictionaries(person, st.sampled_from([None, *PEOPLE]), max_size=5))
    acting, starter, successors = closure(stand_ins), draw(person), frozenset(draw(some))
    wanted = draw(st.integers(1, 3))
    question = Question(
        role=draw(st.sampled_from(ROLES[:3])),
        ladder=Ladder.APPROVER,
        leaver=LEAVER,
        fallback_role=draw(st.sampled_from([Role.HRBP, None])),
        people=wanted,
        needed=draw(st.integers(1, wanted)),
        barred=frozenset({LEAVER, starter}) | successors | acting,
        elsewhere=frozenset(draw(some)),
        busy=frozenset(draw(some)),
        first=tuple(draw(some)),
        stand_ins=stand_ins,
        instead=tuple(draw(st.lists(st.tuples(person, person), max_size=2))),
    )
    return Company(people, question, successors, starter, acting)


def climb(company: Company, question: Question) -> Iterator[Choice | NobodyToAsk]:
    """What becomes of the gate, rung after rung, when everybody stays silent."""
    silent: tuple[str, ...] = ()
    for rung in LADDER:
        try:
            choice = choose(question.model_copy(update={"ladder": rung, "silent": silent}), company.people)
        except NobodyToAsk as nobody:
            yield nobody
        else:
            silent = choice.approvers
            yield choice


def everybody_tries(company: Company, seats: tuple[Seat, ...], plan: GatePlan, verdict: Verdict) -> tuple[Vote, ...]:
    """All people of the company answer for themselves and for everybody who is asked, twice; what counted."""
    current = GateRound(
        gate="g", round=1, ladder=Ladder.APPROVER, seats=seats, due_at=NOON, report_version=1, report_digest="d"
    )
    votes: tuple[Vote, ...] = ()
    for number, (by, for_id) in enumerate(list(product(PEOPLE, [None, *(seat.principal for seat in seats)])) * 2):
        said = Decision(
            decision_id=str(number),
            gate="g",
            verdict=verdict,
            by=by,
            for_id=for_id,
            accepted_at=NOON,
            report_digest="d",
            has_note=True,
        )
        barred, elsewhere = company.question.barred, company.question.elsewhere
        if judge(said, Standing(current=current, votes=votes, barred=barred, elsewhere=elsewhere)) is None:
            votes = cast(said, seats, votes)
    assert all(len({getattr(vote, side) for vote in votes}) == len(votes) for side in ("by", "principal"))
    assert not {vote.by for vote in votes} & company.forbidden
    assert (tally(votes, plan, len(seats)) is verdict) is (
        len(votes) >= (1 if verdict is Verdict.DECLINED else plan.needed)
    )
    return votes


def gate(question: Question) -> GatePlan:
    return GatePlan(
        gate="g",
        role=question.role,
        people=question.people,
        needed=question.needed,
        due_at=NOON,
        escalation_due_at=NOON + timedelta(1),
    )


def check_seats(company: Company, choice: Choice) -> None:
    asked, stand_ins = [person for seat in choice.seats for person in seat.holders()], company.question.stand_ins
    assert len(asked) == len(set(asked)), "nobody is asked twice"
    assert not {*asked} & company.forbidden
    assert all(company.people[person].status is EmployeeStatus.ACTIVE for person in asked)
    for seat in choice.seats:
        assert seat.delegate is None or seat.delegate == stand_ins[seat.principal], "one level of delegation"
        assert stand_ins.get(seat.principal, "here") is not None, "who is absent without a delegate is passed over"


def check_nobody(company: Company, question: Question) -> None:
    """Too few people were left indeed: of the role and of the fallback role, whoever they are."""
    roles = {question.role, question.fallback_role} - {None}
    free = {
        key
        for key, one in company.people.items()
        if one.status is EmployeeStatus.ACTIVE
        and key not in company.forbidden
        and question.stand_ins.get(key, "here") is not None
        and any(one.holds(role) for role in roles if role)
    }
    moved = {old for old, _ in question.instead}
    assert len(free - moved) < question.needed


@settings(max_examples=2000)
@given(companies())
def test_a_gate_asks_enough_people_who_may_answer_or_says_that_there_is_nobody(company: Company) -> None:
    question, plan = company.question, gate(company.question)
    assert tally((), plan, plan.people) is None, "never an approval without votes"
    for number, found in enumerate(climb(company, question)):
        if isinstance(found, NobodyToAsk):
            if number == 0:
                check_nobody(company, question)
            continue
        assert question.needed <= len(found.seats) <= question.people
        check_seats(company, found)
        votes = everybody_tries(company, found.seats, plan, Verdict.APPROVED)
        assert len(votes) == len(found.seats), "every seat can vote"
        check_the_rest(company, found, votes)


def check_the_rest(company: Company, found: Choice, votes: tuple[Vote, ...]) -> None:
    """Ask again for the seats that did not vote, when the first one did: nobody who has voted is asked once more."""
    kept = tuple(seat for seat in found.seats if seat.principal == votes[0].principal)
    left = {"kept": kept, "people": company.question.people - 1, "needed": max(company.question.needed - 1, 0)}
    try:
        again = choose(company.question.model_copy(update=left), company.people)
    except NobodyToAsk:
        return
    check_seats(company, again)
    assert again.seats[0] == kept[0]


@settings(max_examples=100)
@given(companies())
def test_one_decline_ends_a_gate_and_nobody_who_is_not_asked_can_cast_it(company: Company) -> None:
    for found in climb(company, company.question):
        if isinstance(found, Choice):
            everybody_tries(company, found.seats, gate(company.question), Verdict.DECLINED)
