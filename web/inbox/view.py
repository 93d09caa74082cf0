"""What the inbox says, in the reader's language: plain values for the template."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from models.approvals import Verdict
from models.people import Employee
from reports.language import Language
from services.inbox import InboxItem
from store.decisions import DecisionState
from store.delegations import LASTING, Delegation
from store.inbox import Decided, ToAnswer
from web.moments import Time, time
from web.words import gate_name, level_name, time_left

# msgids; `{gate}` is filled in.
SAID = {
    Verdict.APPROVED: "{gate}: you approved",
    Verdict.DECLINED: "{gate}: you declined",
    Verdict.SENT_BACK: "{gate}: you asked for a new plan",
    Verdict.TAKEN_BACK: "{gate}: you took your answer back",
}
BECAME = {
    DecisionState.STORED: "not yet confirmed",
    DecisionState.COUNTED: "counts",
    DecisionState.REFUSED: "does not count",
}


@dataclass(frozen=True)
class Waiting:
    """Everything on the page, read in one moment. `names` are those of everybody whom it mentions."""

    items: list[InboxItem]
    to_answer: list[ToAnswer]
    decided: list[Decided]
    delegations: list[Delegation]
    names: dict[str, str]
    now: datetime


@dataclass(frozen=True)
class Item:
    """One question to decide. `place` says in whose place, empty for one's own."""

    href: str
    leaver: str
    gate: str
    place: str
    level: str
    level_name: str
    due: Time
    left: str
    questions: str


@dataclass(frozen=True)
class Asked:
    """One question to answer."""

    id: str
    case: str
    leaver: str
    head: str
    text: str


@dataclass(frozen=True)
class Said:
    """One own decision."""

    case: str
    leaver: str
    text: str
    state: str
    at: Time


@dataclass(frozen=True)
class Given:
    """One delegation or absence; `mine` may be revoked here."""

    id: str
    text: str
    span: str


@dataclass(frozen=True)
class InboxView:
    """The whole page."""

    items: tuple[Item, ...]
    to_answer: tuple[Asked, ...]
    decided: tuple[Said, ...]
    delegations: tuple[Given, ...]


def case_path(case_id: str) -> str:
    """Address of the page of a case."""
    return f"/cases/{quote(case_id, safe='')}"


def gate_path(case_id: str, gate: str) -> str:
    """Address at which a gate is decided by somebody who is signed in."""
    return f"/g/{quote(case_id, safe='')}/{quote(gate, safe='')}"


def view(waiting: Waiting, reader: Employee, words: Language) -> InboxView:
    """Everything on the page, for this reader."""
    return InboxView(
        items=tuple(_item(each, waiting, reader, words) for each in waiting.items),
        to_answer=tuple(_asked(each, words) for each in waiting.to_answer),
        decided=tuple(_said(each, reader, words) for each in waiting.decided),
        delegations=tuple(
            _given(each, waiting.names, reader, words) for each in waiting.delegations if each.kind in LASTING
        ),
    )


def _item(item: InboxItem, waiting: Waiting, reader: Employee, words: Language) -> Item:
    whose = waiting.names.get(item.for_id, item.for_id) if item.for_id else ""
    asked = words.count("{n} open question", "{n} open questions", item.questions) if item.questions else ""
    return Item(
        href=gate_path(item.case_id, item.gate),
        leaver=item.leaver_name,
        gate=gate_name(words, item.gate),
        place=words.text("for {name}", name=whose) if whose else "",
        level=item.level.value,
        level_name=level_name(words, item.level.value),
        due=time(item.due_at, words, reader.time_zone),
        left=time_left(words, item.due_at - waiting.now),
        questions=asked,
    )


def _asked(asked: ToAnswer, words: Language) -> Asked:
    gate = gate_name(words, asked.question.gate)
    return Asked(
        id=asked.question.id,
        case=case_path(asked.question.case_id),
        leaver=asked.leaver,
        head=words.text("{name} asks ({gate})", name=asked.asker, gate=gate),
        text=asked.question.text,
    )


def _said(decided: Decided, reader: Employee, words: Language) -> Said:
    said = SAID.get(decided.verdict, "{gate}")
    return Said(
        case=case_path(decided.case_id),
        leaver=decided.leaver,
        text=words.text(said, gate=gate_name(words, decided.gate)),
        state=words.text(BECAME[decided.state]),
        at=time(decided.accepted_at, words, reader.time_zone),
    )


def _given(given: Delegation, names: dict[str, str], reader: Employee, words: Language) -> Given:
    giver, taker = names.get(given.from_id, given.from_id), names.get(given.to_id or "", given.to_id or "")
    if given.to_id is None:
        text = words.text("You are away and nobody answers for you")
    elif given.from_id == reader.id:
        text = words.text("{name} answers for you", name=taker)
    else:
        text = words.text("You answer for {name}", name=giver)
    begin, end = time(given.starts_at, words, reader.time_zone).text, ""
    if given.ends_at:
        end = time(given.ends_at, words, reader.time_zone).text
    return Given(given.id, text, words.text("{begin} to {end}", begin=begin, end=end))
