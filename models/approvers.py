"""Who is asked for a gate. Pure: the people around the leaver come in, one of their ids comes out."""

from collections.abc import Collection, Iterator, Mapping

from models.approvals import Ladder
from models.base import EmployeeId, Value
from models.errors import NobodyToAsk
from models.people import Employee, EmployeeStatus, Role


class Question(Value):
    """One gate that needs a person.

    `barred` may never be asked (the starter, the chosen successors); `silent` were asked in the round before and did
    not answer; `busy` are asked for another gate of the case and are spared where somebody else can be asked.
    """

    role: Role
    ladder: Ladder
    leaver: EmployeeId
    fallback_role: Role
    barred: frozenset[EmployeeId] = frozenset()
    silent: tuple[EmployeeId, ...] = ()
    busy: frozenset[EmployeeId] = frozenset()


class Choice(Value):
    """Who is asked. `found_as` is the step that found the person: it can be a later one than was asked for."""

    approver: EmployeeId
    found_as: Ladder


def choose(question: Question, people: Mapping[EmployeeId, Employee]) -> Choice:
    """The person to ask. The same question about the same people always finds the same person.

    `people` holds the leaver, everybody above the leaver and above `silent`, and the holders of both roles.
    Raises NobodyToAsk, which names the missing role, when not one of them may be asked.
    """
    for step, candidates in _steps(question, people):
        for candidate in candidates:
            if _may_be_asked(candidate, question, people):
                return Choice(approver=candidate, found_as=step)
    if question.fallback_role is question.role:
        raise NobodyToAsk(
            "nobody may be asked for the role {role}: there is no active person with it besides those who may not "
            "decide here. Nobody was asked and nothing was decided. Import an active person with the role {role}; the "
            "case then goes on by itself.",
            role=question.role,
        )
    raise NobodyToAsk(
        "nobody may be asked for the role {role}: there is no active person with it besides those who may not decide "
        "here. Nobody was asked and nothing was decided. Import an active person with the role {role} or {fallback}; "
        "the case then goes on by itself.",
        role=question.role,
        fallback=question.fallback_role,
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
    fallback = _holders(question.fallback_role, question, people)
    above_leaver = list(line_above(people, [question.leaver]))
    if question.ladder is Ladder.APPROVER:
        own_line = above_leaver if question.role is Role.SALES_MANAGER else []
        return [(Ladder.APPROVER, own_line + holders), (Ladder.FALLBACK, fallback)]
    above_silent = list(line_above(people, question.silent))
    if question.ladder is Ladder.ESCALATION:
        others = [person for person in above_silent + holders if person not in question.silent]
        return [(Ladder.ESCALATION, others), (Ladder.FALLBACK, fallback)]
    return [(Ladder.FALLBACK, fallback + above_leaver + above_silent)]


def _holders(role: Role, question: Question, people: Mapping[EmployeeId, Employee]) -> list[EmployeeId]:
    home = people[question.leaver].region if question.leaver in people else ""

    def order(person: Employee) -> tuple[bool, bool, bool, EmployeeId]:
        return person.id in question.silent, person.id in question.busy, person.region != home, person.id

    return [person.id for person in sorted((p for p in people.values() if p.holds(role)), key=order)]


def _may_be_asked(candidate: EmployeeId, question: Question, people: Mapping[EmployeeId, Employee]) -> bool:
    person = people.get(candidate)
    return (
        person is not None
        and person.status is EmployeeStatus.ACTIVE
        and candidate != question.leaver
        and candidate not in question.barred
    )
