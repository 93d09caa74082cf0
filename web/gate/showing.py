"""Putting an open page of a gate together: the question with its forms, or what there is to tell."""

from dataclasses import dataclass
from enum import StrEnum

from fastapi import Request, Response

from web import respond
from web.gate.notice import notice
from web.gate.opening import Opened
from web.gate.view import card
from web.gate.visit import State
from web.hook import Hook
from web.problems import WORDS, Problem
from web.sign_in.sessions import sign_in_address

NOTE_LIMIT = 1500  # characters, so that the longest note in UTF-8 fits into a form of 16 KB


class Part(StrEnum):
    """The forms of the page."""

    DECIDE = "decide"
    SEND_BACK = "send_back"
    HAND_OVER = "hand_over"
    ASK = "ask"


@dataclass(frozen=True)
class Draft:
    """What somebody wrote into one of the forms, which comes back to them with `error`, in their language."""

    part: Part = Part.DECIDE
    text: str = ""
    person: str = ""
    error: str = ""


def show(hook: Hook, request: Request, opened: Opened, draft: Draft | None = None) -> Response:
    """The page as it is for this person now; with a draft whose form could not be taken, 422."""
    visit = opened.visit
    if visit.state not in {State.OPEN, State.SIGN_IN}:
        return tell(hook, request, opened)
    words = respond.words_for(request, visit.reader.language)
    return respond.page(
        request,
        words,
        "decide.html",
        422 if draft else 200,
        case=card(visit, words),
        base=opened.place.base,
        seen=opened.seal(hook),
        sign_in=sign_in_address(hook, opened.place.base) if visit.state is State.SIGN_IN else "",
        draft=draft or Draft(),
        parts=Part,
        note_limit=NOTE_LIMIT,
    )


def tell(hook: Hook, request: Request, opened: Opened, *, just_now: bool = False) -> Response:
    """A page that only tells, or the same as problem+json. `just_now`: it is the receipt of a press."""
    visit = opened.visit
    words = respond.words_for(request, visit.reader.language)
    if isinstance(visit.state, Problem) and respond.wants_json(request):
        return respond.problem(request, visit.state, hook.public_url, words)
    if visit.state is Problem.WRONG_PERSON:
        return _not_theirs(hook, request, opened)
    case = card(visit, words)
    told = notice(visit, words, case.gates, just_now=just_now)
    seen = opened.seal(hook) if visit.may_take_back else ""
    return respond.page(
        request, words, "notice.html", told.status, case=case, told=told, base=opened.place.base, seen=seen
    )


def _not_theirs(hook: Hook, request: Request, opened: Opened) -> Response:
    """Nothing about the case but for whom the link is: the visitor is somebody else of the company."""
    words = respond.words_for(request)
    facts = WORDS[Problem.WRONG_PERSON]
    return respond.page(
        request,
        words,
        "not_yours.html",
        facts.status,
        title=words.text("This link is for {name}", name=opened.visit.reader.name),
        detail=words.text(facts.detail),
        sign_in=sign_in_address(hook, opened.place.base),
    )
