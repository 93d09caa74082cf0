"""Signing in with a code that is mailed to the person's own address, where there is no identity provider."""

import asyncio
import re
from collections.abc import Callable
from datetime import datetime
from urllib.parse import unquote

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection
from starlette.background import BackgroundTask

from models.errors import LinkExpired, LinkInvalid, OffboardError
from models.people import Employee
from reports.language import Language
from store import people, sign_in_codes
from store.links import open_link
from store.sessions import Method
from web import respond
from web.forms import fields, redirect
from web.hook import Hook
from web.problems import Problem
from web.security import address, from_elsewhere, log
from web.sign_in import flow, sessions
from web.sign_in.flow import Flow

SendCode = Callable[[Employee, str, datetime], object]
LONGEST_ADDRESS = 254  # characters, as mail allows
LINK_PAGE = re.compile(r"/d/([^/?#]+)")


def router(hook: Hook, send: SendCode) -> APIRouter:
    """Ask for a code, and enter it."""
    routes = APIRouter()

    @routes.api_route("/sign-in", methods=["GET", "HEAD"])
    async def show(request: Request) -> Response:
        return respond.page(
            request, respond.words_for(request), "sign_in.html", next_path=request.query_params.get("next", "/")
        )

    @routes.post("/sign-in")
    async def ask(request: Request) -> Response:
        if refused := _refused(hook, request):
            return refused
        form = await fields(request)
        answer = redirect(request, "/sign-in/code")
        begun = flow.begin(hook, answer, form.get("next", "/"))
        email = form.get("email", "").strip()[:LONGEST_ADDRESS]
        # The address is looked up when the answer is on its way: a known one takes as long as an unknown one.
        answer.background = BackgroundTask(asyncio.to_thread, _send, hook, send, begun, email)
        return answer

    @routes.api_route("/sign-in/code", methods=["GET", "HEAD"])
    async def enter(request: Request) -> Response:
        return _code_page(hook, request, respond.words_for(request), 200, "")

    @routes.post("/sign-in/code")
    async def check(request: Request) -> Response:
        if refused := _refused(hook, request):
            return refused
        return await _check(hook, request, (await fields(request)).get("code", ""))

    return routes


async def _check(hook: Hook, request: Request, code: str) -> Response:
    begun = flow.read(hook, request)

    def using() -> str | None:
        with hook.database.begin() as connection:
            digits = "".join(code.split())[: sign_in_codes.DIGITS + 1]
            ticket = begun.ticket if begun else ""
            return sign_in_codes.use(connection, hook.link_secret, ticket, digits, at=hook.clock())

    person = await asyncio.to_thread(using)
    if begun is None or person is None:
        log.warning("sign-in refused: code")
        words = respond.words_for(request)
        wrong = words.text("This code does not work. It may be mistyped, used, or older than ten minutes.")
        return _code_page(hook, request, words, 422, wrong)
    answer = RedirectResponse(begun.next_path, status_code=303)
    await sessions.begin(hook, request, answer, person, Method.CODE)
    flow.drop(hook, answer)
    log.info("%s signed in by %s", person, Method.CODE)
    return answer


def _send(hook: Hook, send: SendCode, begun: Flow, email: str) -> None:
    """Mail a code, if somebody has this address. Whoever asked was told the same in every case."""
    try:
        with hook.database.begin() as connection:
            person = sign_in_codes.person_at(connection, email)
            found = people.get(connection, person) if person else None
            code = person and _code(connection, hook, begun, person)
        if found is None or not code:
            log.warning("no code was sent: %s", f"too many for {person}" if person else "nobody has the address")
            return
        send(found, code, hook.clock())
        log.info("a code was sent to %s", person)
    except OffboardError as failed:
        log.error("no code was sent: %s", type(failed).__name__)


def _code(connection: Connection, hook: Hook, begun: Flow, person: str) -> str | None:
    by_link = _link_holder(connection, hook, begun.next_path) == person
    at = hook.clock()
    return sign_in_codes.make(connection, hook.link_secret, begun.ticket, person, at=at, by_link=by_link)


def _link_holder(connection: Connection, hook: Hook, wanted: str) -> str | None:
    """Whose link the wanted page is behind; None when there is none, or one that does not open."""
    found = LINK_PAGE.match(wanted)
    if found is None:
        return None
    try:
        return open_link(connection, hook.link_secret, unquote(found[1]), at=hook.clock()).approver_id
    except (LinkInvalid, LinkExpired):
        return None


def _refused(hook: Hook, request: Request) -> Response | None:
    if from_elsewhere(request, hook.public_url):
        return respond.problem(request, Problem.CROSS_SITE, hook.public_url)
    if wait := hook.knocks.missed(address(request)):
        words = respond.words_for(request)
        title = words.text("Too many tries")
        return flow.told(request, words, 429, title, words.text("Wait a minute, then try again."), wait)
    return None


def _code_page(hook: Hook, request: Request, words: Language, status: int, error: str) -> Response:
    begun = flow.read(hook, request)
    again = sessions.sign_in_address(hook, begun.next_path if begun else "/inbox")
    return respond.page(request, words, "sign_in_code.html", status, error=error, again=again)
