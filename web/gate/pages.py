"""The pages of a gate. GET shows and never decides; POST acts once and leads to the next page (web/gate/acts.py)."""

import asyncio
from collections.abc import Callable

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from reports.language import Language
from reports.render import render_html
from services.explaining import opened as opened_figures
from web import respond
from web.forms import redirect
from web.gate import acts
from web.gate.opening import Opened, Place, by_link, by_name, open_place
from web.gate.showing import show, tell
from web.gate.visit import State, Visit, whole_report
from web.hook import Hook
from web.problems import WORDS, Problem
from web.security import report_policy

SAFE = ["GET", "HEAD"]
# Who may still read the report through an old link: whoever was asked in this round and not replaced since.
_NO_REPORT = frozenset({Problem.NOT_AN_APPROVER, Problem.SEPARATION_OF_DUTIES, Problem.WRONG_PERSON})


def router(hook: Hook) -> APIRouter:
    """Routes of a gate under /d/ (by a link) and /g/ (signed in), and the explanations under /problems/."""
    routes = APIRouter()
    for path, place in (("/d/{token}", by_link), ("/g/{case_id}/{gate}", by_name)):
        _add(routes, hook, path, place)

    @routes.api_route("/problems/{name}", methods=SAFE)
    async def explain(request: Request, name: str) -> Response:
        kind = Problem(name) if name in set(Problem) else Problem.UNKNOWN
        words, facts = respond.words_for(request), WORDS[kind]
        status = 404 if kind.value != name else 200
        told = {"title": words.text(facts.title), "detail": words.text(facts.detail)}
        return respond.page(request, words, "problem.html", status, **told)

    return routes


def _add(routes: APIRouter, hook: Hook, path: str, place: Callable[[Request], Place]) -> None:
    @routes.api_route(path, methods=SAFE)
    async def question(request: Request) -> Response:
        opened = await open_place(hook, request, place(request))
        return opened if isinstance(opened, Response) else show(hook, request, opened)

    @routes.api_route(path + "/receipt", methods=SAFE)
    async def receipt(request: Request) -> Response:
        opened = await open_place(hook, request, place(request))
        if isinstance(opened, Response):
            return opened
        if opened.visit.state in {State.OPEN, State.SIGN_IN}:
            return redirect(request, opened.place.base)
        return tell(hook, request, opened, just_now=True)

    @routes.api_route(path + "/report", methods=SAFE)
    async def report(request: Request) -> Response:
        opened = await open_place(hook, request, place(request))
        return opened if isinstance(opened, Response) else await _report(hook, request, opened)

    @routes.post(path)
    async def press(request: Request) -> Response:
        return await acts.press(hook, request, place(request))

    @routes.post(path + "/ask")
    async def ask(request: Request) -> Response:
        return await acts.ask(hook, request, place(request))

    @routes.post(path + "/hand-over")
    async def hand_over(request: Request) -> Response:
        return await acts.hand_over(hook, request, place(request))


async def _report(hook: Hook, request: Request, opened: Opened) -> Response:
    if opened.visit.state in _NO_REPORT:
        return tell(hook, request, opened)
    words: Language = respond.words_for(request, opened.visit.reader.language)
    html = await asyncio.to_thread(_document, hook, opened.visit, words.tag)
    return HTMLResponse(html, headers={"Content-Security-Policy": report_policy(), "Content-Language": words.tag})


def _document(hook: Hook, visit: Visit, tag: str) -> str:
    with hook.database.begin() as connection:
        whole = whole_report(connection, visit)
        lists = opened_figures(connection, whole)
    return render_html(whole, tag, lists)
