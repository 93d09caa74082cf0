"""What people do on the page of a gate: decide, take back, send back, hand over, ask. One form post each."""

import asyncio
from dataclasses import dataclass, replace

from fastapi import Request, Response

from models.approvals import Refusal, Verdict, Via
from models.errors import CaseConflict, DecisionRefused, NotAllowed, UnknownEmployee
from reports.language import Language
from services import delegating, questions
from web import respond
from web.door.deciding import decide
from web.forms import fields, redirect
from web.gate.opening import Opened, Place, open_place
from web.gate.showing import NOTE_LIMIT, Draft, Part, show
from web.gate.visit import State
from web.hook import Hook, Seen
from web.problems import Problem, of_refusal
from web.security import from_elsewhere

REASON_MISSING = "Please write why you decline. Nothing was recorded yet."
WISH_MISSING = "Please write what the new plan should do better. Nothing was recorded yet."
NOBODY_NAMED = "Choose somebody, or write an id or a name. Nothing was changed yet."
QUESTION_MISSING = "Please write your question first. Nothing was sent yet."
VERDICTS = {
    "approve": Verdict.APPROVED,
    "decline": Verdict.DECLINED,
    "send_back": Verdict.SENT_BACK,
    "take_back": Verdict.TAKEN_BACK,
}


@dataclass(frozen=True)
class Sent:
    """A form of ours that came back. `via`: a form that was made before signing in has the rights of the link only."""

    opened: Opened
    seen: Seen
    via: Via
    fields: dict[str, str]
    words: Language

    @property
    def by(self) -> str:
        """Who sent it."""
        return self.opened.visit.link.approver_id

    def text(self, name: str) -> str:
        """One field, without blanks around it."""
        return self.fields.get(name, "").strip()


async def press(hook: Hook, request: Request, place: Place) -> Response:
    """A verdict."""
    sent = await _receive(hook, request, place)
    if isinstance(sent, Response):
        return sent
    verdict, note = VERDICTS.get(sent.text("verdict")), sent.text("note")
    if verdict is None or len(note) > NOTE_LIMIT:
        return respond.problem(request, Problem.MALFORMED, hook.public_url, sent.words)
    visit = sent.opened.visit
    result = await decide(
        hook.database,
        hook.client,
        key=hook.link_secret,
        case_id=visit.link.case_id,
        gate=visit.link.gate,
        verdict=verdict,
        by=sent.by,
        for_id=sent.seen.for_id,
        via=sent.via,
        note=note,
        report_digest=sent.seen.digest,
        round=sent.seen.round,
        number=sent.seen.number,
        now=visit.now,
    )
    if result.refusal is Refusal.REASON_MISSING:
        part, error = (Part.DECIDE, REASON_MISSING) if verdict is Verdict.DECLINED else (Part.SEND_BACK, WISH_MISSING)
        return show(hook, request, sent.opened, Draft(part, note, error=sent.words.text(error)))
    if result.decision_id is None and result.refusal is not None:
        return _refused(hook, request, sent, result.refusal)
    return redirect(request, f"{place.base}/receipt")


async def hand_over(hook: Hook, request: Request, place: Place) -> Response:
    """The question goes to somebody else, who is asked in this person's place."""
    sent = await _receive(hook, request, place)
    if isinstance(sent, Response):
        return sent
    if refusal := _not_now(sent):
        return _refused(hook, request, sent, refusal)
    to, reason = sent.text("other") or sent.text("to"), sent.text("reason")
    draft = Draft(Part.HAND_OVER, reason, to)
    if not to:
        return show(hook, request, sent.opened, replace(draft, error=sent.words.text(NOBODY_NAMED)))
    visit = sent.opened.visit
    try:
        await delegating.hand_over(
            hook.database,
            hook.client,
            case_id=visit.link.case_id,
            gate=visit.link.gate,
            by=sent.by,
            to=to,
            reason=reason[:NOTE_LIMIT],
            now=visit.now,
            key=hook.link_secret,
        )
    except (NotAllowed, CaseConflict, UnknownEmployee, DecisionRefused) as refused:
        return show(hook, request, sent.opened, replace(draft, error=sent.words.error(refused)))
    return redirect(request, place.base)


async def ask(hook: Hook, request: Request, place: Place) -> Response:
    """A question to who started the case; nothing is decided, and the deadline stays."""
    sent = await _receive(hook, request, place)
    if isinstance(sent, Response):
        return sent
    if refusal := _not_now(sent):
        return _refused(hook, request, sent, refusal)
    visit, text = sent.opened.visit, sent.text("text")
    draft = Draft(Part.ASK, text)
    if not text:
        return show(hook, request, sent.opened, replace(draft, error=sent.words.text(QUESTION_MISSING)))
    if any(each.asked_by == sent.by and each.text == text and each.answer is None for each in visit.questions):
        return redirect(request, place.base)  # the same form again
    asked = {"case_id": visit.link.case_id, "gate": visit.link.gate, "by": sent.by, "text": text}
    try:
        await asyncio.to_thread(questions.ask, hook.database, now=visit.now, **asked)
    except (NotAllowed, CaseConflict, DecisionRefused) as refused:
        return show(hook, request, sent.opened, replace(draft, error=sent.words.error(refused)))
    return redirect(request, place.base)


async def _receive(hook: Hook, request: Request, place: Place) -> Sent | Response:
    """A form of this page, or the answer to anything else."""
    if from_elsewhere(request, hook.public_url):
        return respond.problem(request, Problem.CROSS_SITE, hook.public_url)
    opened = await open_place(hook, request, place)
    if isinstance(opened, Response):
        return opened
    visit = opened.visit
    if visit.state is Problem.WRONG_PERSON:
        return show(hook, request, opened)
    words, sent = respond.words_for(request, visit.reader.language), await fields(request)
    seen, via = hook.read_form(opened.page, sent.get("seen", "")), visit.via
    if seen is None and place.token is not None and opened.session is not None:
        seen, via = hook.read_form(place.base, sent.get("seen", "")), Via.LINK
    if seen is None or visit.state is State.FOLLOW:
        return respond.problem(request, Problem.MALFORMED, hook.public_url, words)
    return Sent(opened, seen, via, sent, words)


def _not_now(sent: Sent) -> Refusal | None:
    """What keeps a person from handing over and asking; a link has no more rights there than for a decision."""
    hearing = sent.opened.visit.hearing
    return hearing.refusal(
        hearing.decision(Verdict.APPROVED, for_id=sent.seen.for_id, digest=sent.seen.digest), sent.via
    )


def _refused(hook: Hook, request: Request, sent: Sent, refusal: Refusal) -> Response:
    """The page of this person says it best; where it still shows the question, the refusal alone."""
    opened = sent.opened
    if opened.visit.state == of_refusal(refusal):
        return show(hook, request, opened)
    return respond.problem(request, of_refusal(refusal), hook.public_url, sent.words)
