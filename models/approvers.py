"""Who is asked for a gate. Pure: the people around the leaver and who stands in for whom come in, seats come out."""

from collections.abc import Collection, Iterator, Mapping

from models.approvals import Ladder, Seat
from models.base import EmployeeId, Value
from models.errors import NobodyToAsk
from models.people import Employee, EmployeeStatus, Role


class Question(Value):
    """One gate that needs people: `people` seats beside those in `kept`, and at least `needed` of them.

    `barred` may never be asked (who acts for the leaver, the starter, the chosen successors), `elsewhere` have voted at
    another gate; `silent` were asked in the round before and did not answer; `busy` are asked at another gate of the
    case and are spared where somebody else can be asked. `first` come before all others: who was asked before.

    `stand_ins` names the delegate of everybody who has one now, None for who is absent without; `instead` is whose
    seat an admin gave to whom, in order. Without `fallback_role` nobody but the role's own people is asked.
    """

    role: Role
    ladder: Ladder
    leaver: EmployeeId
    fallback_role: Role | None
    people: int = 1
    needed: int = 1
    kept: tuple[Seat, ...] = ()
    first: tuple[EmployeeId, ...] = ()
    barred: frozenset[EmployeeId] = frozenset()
    elsewhere: frozenset[EmployeeId] = frozenset()
    silent: tuple[EmployeeId, ...] = ()
    busy: frozenset[EmployeeId] = frozenset()
    stand_ins: dict[EmployeeId, EmployeeId | None] = {}
    instead: tuple[tuple[EmployeeId, EmployeeId], ...] = ()


class Choice(Value):
    """Who is asked: all seats, the kept ones first. `found_as` is the last step that was needed to fill them.

    That can be a later one than was asked for.
    """

    seats: tuple[Seat, ...]
    found_as: Ladder

    @property
    def approver(self) -> EmployeeId:
        """Whose seat the first is: the person to ask where one is asked."""
        return self.seats[0].principal

    @property
    def approvers(self) -> tuple[EmployeeId, ...]:
        """Everybody who may answer, each once."""
        return tuple(dict.fromkeys(person for seat in self.seats for person in seat.holders()))


def choose(question: Question, people: Mapping[EmployeeId, Employee]) -> Choice:
    """The seats to ask. The same question about the same people always finds the same seats.

    The first step fills as many seats as are wanted, a further one only what is needed to reach a decision. `people`
    holds the leaver, everybody above the leaver and above `silent`, the holders of both roles, and all who stand in.
    Raises NobodyToAsk, which names the missing role, when too few people may be asked.
    """
    found: dict[EmployeeId, Ladder] = {}
    taken = {person for seat in question.kept for person in seat.holders()}
    for number, (step, candidates) in enumerate(_steps(question, people)):
        wanted = question.people if number == 0 else question.needed
        for candidate in _replaced(candidates, question):
            if len(found) >= wanted:
                break
            if _may_hold(candidate, question, people, taken | found.keys()):
                found[candidate] = step
    if len(found) < question.needed:
        raise _too_few(question, len(found)) if found else _nobody(question)
    found_as = next(reversed(found.values()), question.ladder)
    return Choice(seats=(*question.kept, *_seats(found, taken, question, people)), found_as=found_as)


def may_be_asked(person: EmployeeId, question: Question, people: Mapping[EmployeeId, Employee]) -> bool:
    """True when nothing forbids that this person answers at all: active, not a party, no vote at another gate."""
    known = people.get(person)
    return (
        known is not None
        and known.status is EmployeeStatus.ACTIVE
        and person != question.leaver
        and person not in question.barred | question.elsewhere
    )


def line_above(people: Mapping[EmployeeId, Employee], starts: Collection[EmployeeId]) -> Iterator[EmployeeId]:
    """Managers of `starts`, then theirs, nearest first. Ends at the top, at an unknown person and in a circle."""
    level, seen = list(starts), set(starts)
    while level:
        managers = [people[person].manager_id for person in level if person in people]
        level = [manager for manager in dict.fromkeys(managers) if manager and manager not in seen]
        seen.update(level)
        yield from level


def _steps(question: Question, people: Mapping[EmployeeId, Employee]) -> list[tuple[Ladder, list[EmployeeId]]]:
    holders = _holders(question.role, question, people)
    fallback = _holders(question.fallback_role, question, people) if question.fallback_role else []
    above_leaver = list(line_above(people, [question.leaver]))
    before = list(question.first)
    if question.ladder is Ladder.APPROVER:
        own_line = above_leaver if question.role is Role.SALES_MANAGER else []
        return [(Ladder.APPROVER, before + own_line + holders), (Ladder.FALLBACK, fallback)]
    above_silent = list(line_above(people, question.silent))
    if question.ladder is Ladder.ESCALATION:
        others = [person for person in above_silent + holders if person not in question.silent]
        return [(Ladder.ESCALATION, before + others), (Ladder.FALLBACK, fallback)]
    return [(Ladder.FALLBACK, before + fallback + above_leaver + above_silent)]


def _holders(role: Role, question: Question, people: Mapping[EmployeeId, Employee]) -> list[EmployeeId]:
    home = people[question.leaver].region if question.leaver in people else ""

    def order(person: Employee) -> tuple[bool, bool, bool, EmployeeId]:
        return person.id in question.silent, person.id in question.busy, person.region != home, person.id

    return [person.id for person in sorted((p for p in people.values() if p.holds(role)), key=order)]


def _replaced(candidates: Collection[EmployeeId], question: Question) -> Iterator[EmployeeId]:
    """The candidates, with those in whose place an admin put somebody else replaced by them."""
    for candidate in candidates:
        holder = candidate
        for from_id, to_id in question.instead:
            holder = to_id if holder == from_id else holder
        yield holder


def _may_hold(
    candidate: EmployeeId,
    question: Question,
    people: Mapping[EmployeeId, Employee],
    taken: Collection[EmployeeId],
) -> bool:
    absent = candidate in question.stand_ins and question.stand_ins[candidate] is None
    return not absent and candidate not in taken and may_be_asked(candidate, question, people)


def _seats(
    found: Collection[EmployeeId],
    taken: Collection[EmployeeId],
    question: Question,
    people: Mapping[EmployeeId, Employee],
) -> Iterator[Seat]:
    """A seat for each, shared with their delegate if that person may answer themselves and has no seat yet.

    One level: where the delegate has a delegate, too, that one is not asked.
    """
    held = {*found, *taken}
    for principal in found:
        delegate = question.stand_ins.get(principal)
        if delegate is None or delegate in held or not may_be_asked(delegate, question, people):
            delegate = None
        else:
            held.add(delegate)
        yield Seat(principal=principal, delegate=delegate)


def _too_few(question: Question, found: int) -> NobodyToAsk:
    return NobodyToAsk(
        "too few people may be asked for the role {role}: {needed} more have to approve, and {found} may, the fallback "
        "included. Nobody was asked and nothing was decided. Import active people with the role {role}; the case then "
        "goes on by itself.",
        role=question.role,
        needed=question.needed,
        found=found,
    )


def _nobody(question: Question) -> NobodyToAsk:
    if question.fallback_role in {None, question.role}:
        return NobodyToAsk(
            "nobody may be asked for the role {role}: there is no active person with it besides those who may not "
            "decide here. Nobody was asked and nothing was decided. Import an active person with the role {role}; the "
            "case then goes on by itself.",
            role=question.role,
        )
    return NobodyToAsk(
        "nobody may be asked for the role {role}: there is no active person with it besides those who may not decide "
        "here. Nobody was asked and nothing was decided. Import an active person with the role {role} or {fallback}; "
        "the case then goes on by itself.",
        role=question.role,
        fallback=question.fallback_role,
    )
