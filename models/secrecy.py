"""Who sees what of a case, and what they may do: one table of parts, fields and actions (features X2).

What is not named here is not shown. docs/roles.md is made from it.
"""

from collections.abc import Collection
from enum import StrEnum

from models.base import EmployeeId, Value
from models.people import Employee, Role


class Part(StrEnum):
    """The part that somebody has in one case: asked at a gate of a role, or another one."""

    SALES_MANAGER = "sales_manager"
    FINANCE_REVIEWER = "finance_reviewer"
    HRBP = "hrbp"
    IT_ADMIN = "it_admin"
    LEGAL_COUNSEL = "legal_counsel"
    STARTER = "starter"
    HR_OFFICE = "hr_office"
    IT_OFFICE = "it_office"
    SUCCESSOR = "successor"
    LEAVER = "leaver"
    OTHER = "other"


class Field(StrEnum):
    """What a case holds. `handed` is the part of the handover that goes to the reader."""

    LEAVER = "leaver"
    REASON = "reason"
    LEVEL = "level"
    MONEY = "money"
    DEBTORS = "debtors"
    CLIENTS = "clients"
    ACCESS = "access"
    BEHAVIOUR = "behaviour"
    OWNERS = "owners"
    HANDED = "handed"
    PEOPLE = "people"
    NOTES = "notes"
    QUESTIONS = "questions"
    TIMELINE = "timeline"
    EVIDENCE = "evidence"


class Action(StrEnum):
    """What may be done to a case. The rules at the moment of the act (models/judging.py) come on top."""

    SEE = "see"
    DECIDE = "decide"
    HAND_OVER = "hand_over"
    ASK = "ask"
    ANSWER = "answer"
    REASSIGN = "reassign"
    REPLAN = "replan"
    WITHDRAW = "withdraw"


class Rights(Value):
    """What somebody sees and may do."""

    fields: frozenset[Field] = frozenset()
    actions: frozenset[Action] = frozenset()


# Fields whose reading is evidence itself.
SENSITIVE = (Field.REASON, Field.BEHAVIOUR, Field.DEBTORS)

_COMMON = frozenset({Field.LEAVER, Field.PEOPLE, Field.QUESTIONS, Field.TIMELINE})
_RISK = _COMMON | {Field.LEVEL, Field.MONEY}
_ASKED = frozenset({Action.SEE, Action.DECIDE, Action.HAND_OVER, Action.ASK})
_OFFICE = frozenset({Action.SEE, Action.REASSIGN})

TABLE: dict[Part, Rights] = {
    Part.SALES_MANAGER: Rights(
        fields=_RISK | {Field.DEBTORS, Field.CLIENTS, Field.OWNERS},
        actions=_ASKED,
    ),
    Part.FINANCE_REVIEWER: Rights(fields=_RISK | {Field.DEBTORS}, actions=_ASKED),
    Part.HRBP: Rights(
        fields=_RISK | {Field.REASON, Field.BEHAVIOUR, Field.OWNERS, Field.NOTES, Field.EVIDENCE},
        actions=_ASKED | {Action.ANSWER},
    ),
    Part.IT_ADMIN: Rights(fields=_COMMON | {Field.LEVEL, Field.ACCESS}, actions=_ASKED),
    Part.LEGAL_COUNSEL: Rights(fields=frozenset(Field) - {Field.HANDED}, actions=_ASKED),
    Part.STARTER: Rights(
        fields=_RISK | {Field.REASON, Field.OWNERS, Field.NOTES},
        actions=frozenset({Action.SEE, Action.ANSWER, Action.REPLAN, Action.WITHDRAW}),
    ),
    Part.HR_OFFICE: Rights(fields=_COMMON, actions=_OFFICE | {Action.ANSWER}),
    Part.IT_OFFICE: Rights(fields=frozenset({Field.LEAVER, Field.PEOPLE}), actions=_OFFICE),
    Part.SUCCESSOR: Rights(fields=frozenset({Field.LEAVER, Field.HANDED}), actions=frozenset({Action.SEE})),
    Part.LEAVER: Rights(),
    Part.OTHER: Rights(),
}

# Whoever leaves or takes over has an interest in what is decided: their other parts give them nothing.
_ALONE = (Part.LEAVER, Part.SUCCESSOR)

# What an entry of the timeline gives away beside that something happened. Who may not see that does not see the entry.
_TOLD_BY: dict[str, Field] = {
    "access": Field.ACCESS,
    "activity": Field.BEHAVIOUR,
    "alert": Field.BEHAVIOUR,
    "clients": Field.CLIENTS,
    "field": Field.EVIDENCE,
    "handover": Field.OWNERS,
    "link": Field.EVIDENCE,
    "protection": Field.BEHAVIOUR,
    "receivables": Field.MONEY,
    "report": Field.LEVEL,
    "successors": Field.OWNERS,
    "task": Field.OWNERS,
    "watch": Field.BEHAVIOUR,
}


def parts_of(
    person: Employee,
    *,
    leaver: EmployeeId,
    starter: EmployeeId | None,
    asked: Collection[str],
    successors: Collection[EmployeeId],
) -> frozenset[Part]:
    """The parts of a person in a case. `asked` are the roles of the gates where they are asked or answered."""
    found = {Part(role) for role in asked if role in set(Part)}
    if person.id == starter:
        found.add(Part.STARTER)
    if person.holds(Role.HRBP):
        found.add(Part.HR_OFFICE)
    if person.holds(Role.IT_ADMIN):
        found.add(Part.IT_OFFICE)
    if person.id in successors:
        found.add(Part.SUCCESSOR)
    if person.id == leaver:
        found.add(Part.LEAVER)
    return frozenset(found or {Part.OTHER})


def rights_of(parts: Collection[Part]) -> Rights:
    """What somebody with these parts sees and may do, taken together."""
    alone = [part for part in _ALONE if part in parts]
    counted = [TABLE[part] for part in (alone[:1] or parts)]
    return Rights(
        fields=frozenset().union(*(each.fields for each in counted)),
        actions=frozenset().union(*(each.actions for each in counted)),
    )


def tells(kind: str) -> Field:
    """The field that an entry of the timeline belongs to."""
    return _TOLD_BY.get(kind.split(".", maxsplit=1)[0], Field.TIMELINE)
