"""The pages behind a link. GET shows and never decides; POST decides once and leads to the receipt."""

import asyncio
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from models.approvals import Refusal, Verdict
from models.errors import LinkExpired, LinkInvalid
from reports.language import Language
from reports.render import render_html
from web import respond
from web.door import decide
from web.hook import Hook, Seen
from web.notice import notice
from web.problems import WORDS, Problem, of_refusal
from web.security import from_elsewhere, report_policy
from web.view import card
from web.visit import State, Visit, read, whole_report

NOTE_LIMIT = 1500  # characters, so that the longest note in UTF-8 fits into a form of 16 KB
REASON_MISSING = "Please write why you decline. Nothing was recorded yet."
VERDICTS = {"approve": Verdict.APPROVED, "decline": Verdict.DECLINED}
# Who may still read the report through an old link: whoever was asked in this round and not replaced since.
_NO_REPORT = frozenset({Problem.NOT_AN_APPROVER, Problem.SEPARATION_OF_DUTIES})


@dataclass(frozen=True)
class Pressed:
    """A button that was pressed under what the page showed, with the note."""

    seen: Seen
    verdict: Verdict
    note: str


def router(hook: Hook) -> APIRouter:
    """Routes under /d/ and the explanations under /problems/."""
    routes = APIRouter()
    safe = ["GET", "HEAD"]

    @routes.api_route("/d/{token}", methods=safe)
    async def show(request: Request, token: str) -> Response:
        visit = await open_visit(hook, request, token)
        return visit if isinstance(visit, Response) else _show(hook, request, token, visit)

    @routes.api_route("/d/{token}/receipt", methods=safe)
    async def receipt(request: Request, token: str) -> Response:
        visit = await open_visit(hook, request, token)
        if isinstance(visit, Response):
            return visit
        if visit.state is State.OPEN:
            return _redirect(request, f"/d/{token}")
        return _tell(request, visit, respond.words_for(request, visit.reader.language), just_now=True)

    @routes.api_route("/d/{token}/report", methods=safe)
    async def report(request: Request, token: str) -> Response:
        visit = await open_visit(hook, request, token)
        if isinstance(visit, Response):
            return visit
        words = respond.words_for(request, visit.reader.language)
        if visit.state in _NO_REPORT:
            return _tell(request, visit, words)
        html = await asyncio.to_thread(_document, hook, visit, words.tag)
        return HTMLResponse(html, headers={"Content-Security-Policy": report_policy(), "Content-Language": words.tag})

    @routes.post("/d/{token}")
    async def press(request: Request, token: str) -> Response:
        return await _press(hook, request, token)

    @routes.api_route("/problems/{name}", methods=safe)
    async def explain(request: Request, name: str) -> Response:
        kind = Problem(name) if name in set(Problem) else Problem.UNKNOWN
        words, facts = respond.words_for(request), WORDS[kind]
        status = 404 if kind.value != name else 200
        told = {"title": words.text(facts.title), "detail": words.text(facts.detail)}
        return respond.page(request, words, "problem.html", status, **told)

    return routes


async def open_visit(hook: Hook, request: Request, token: str) -> Visit | Response:
    """Read the page of a link, or the answer to a link that opens nothing. Raises Unavailable."""

    def reading() -> Visit:
        with hook.database.begin() as connection:
            return read(connection, hook.link_secret, token, hook.clock())

    try:
        return await asyncio.to_thread(reading)
    except LinkExpired:
        return respond.problem(request, Problem.LATE, hook.public_url)
    except LinkInvalid:
        address = request.client.host if request.client else ""
        if wait := hook.brake.missed(address):
            return respond.problem(request, Problem.TOO_MANY_REQUESTS, hook.public_url, wait=wait)
        return respond.problem(request, Problem.UNKNOWN, hook.public_url)


def _document(hook: Hook, visit: Visit, tag: str) -> str:
    with hook.database.begin() as connection:
        whole = whole_report(connection, visit)
    return render_html(whole, tag)


def _show(hook: Hook, request: Request, token: str, visit: Visit, note: str = "", error: str = "") -> Response:
    words = respond.words_for(request, visit.reader.language)
    if visit.state is not State.OPEN:
        if isinstance(visit.state, Problem) and respond.wants_json(request):
            return respond.problem(request, visit.state, hook.public_url, words)
        return _tell(request, visit, words)
    return respond.page(
        request,
        words,
        "decide.html",
        422 if error else 200,
        case=card(visit, words),
        base=f"/d/{token}",
        seen=hook.sign_form(token, Seen(visit.asked.round, visit.asked.report_digest)),
        note=note,
        note_limit=NOTE_LIMIT,
        error=words.text(error) if error else "",
    )


def _tell(request: Request, visit: Visit, words: Language, *, just_now: bool = False) -> Response:
    case = card(visit, words)
    told = notice(visit, words, case.gates, just_now=just_now)
    return respond.page(request, words, "notice.html", told.status, case=case, told=told)


async def _press(hook: Hook, request: Request, token: str) -> Response:
    if from_elsewhere(request, hook.public_url):
        return respond.problem(request, Problem.CROSS_SITE, hook.public_url)
    visit = await open_visit(hook, request, token)
    if isinstance(visit, Response):
        return visit
    pressed = _pressed(hook, token, await _form(request))
    if pressed is None or visit.state is State.FOLLOW:
        words = respond.words_for(request, visit.reader.language)
        return respond.problem(request, Problem.MALFORMED, hook.public_url, words)
    if visit.own is not None:
        return _redirect(request, f"/d/{token}/receipt")
    if visit.state is not State.OPEN:
        return _show(hook, request, token, visit)
    return await _decide(hook, request, token, visit, pressed)


async def _decide(hook: Hook, request: Request, token: str, visit: Visit, pressed: Pressed) -> Response:
    result = await decide(
        hook.database,
        hook.client,
        case_id=visit.link.case_id,
        gate=visit.link.gate,
        verdict=pressed.verdict,
        by=visit.link.approver_id,
        note=pressed.note,
        report_digest=pressed.seen.digest,
        now=visit.now,
    )
    if result.refusal is Refusal.REASON_MISSING:
        return _show(hook, request, token, visit, pressed.note, REASON_MISSING)
    if result.decision_id is None and result.refusal is not None:
        words = respond.words_for(request, visit.reader.language)
        return respond.problem(request, of_refusal(result.refusal), hook.public_url, words)
    return _redirect(request, f"/d/{token}/receipt")


def _pressed(hook: Hook, token: str, form: dict[str, str]) -> Pressed | None:
    """What a form says; None when it is not the form that we made for this link."""
    seen, verdict = hook.read_form(token, form.get("seen", "")), VERDICTS.get(form.get("verdict", ""))
    note = form.get("note", "").replace("\r\n", "\n").strip()
    if seen is None or verdict is None or len(note) > NOTE_LIMIT or "\0" in note:
        return None
    return Pressed(seen, verdict, note)


def _redirect(request: Request, path: str) -> Response:
    lang = request.query_params.get("lang")
    return RedirectResponse(path + ("?" + urlencode({"lang": lang}) if lang else ""), status_code=303)


async def _form(request: Request) -> dict[str, str]:
    """The fields of a form, the first value of each; a body that is no form has none."""
    raw = await request.body()
    try:
        fields = parse_qs(raw.decode("utf-8"), keep_blank_values=True, max_num_fields=10)
    except ValueError:
        return {}
    return {name: values[0] for name, values in fields.items()}
