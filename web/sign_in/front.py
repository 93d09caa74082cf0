"""The door of the pages: the way in, the way out, and the start page between them."""

from fastapi import APIRouter, Request, Response

from models.errors import Unavailable
from web import respond
from web.forms import fields, redirect
from web.hook import Hook
from web.problems import Problem
from web.security import from_elsewhere, log
from web.sign_in import by_code, by_provider, flow, sessions
from web.sign_in.by_code import SendCode
from web.sign_in.identity import Identity

SAFE = ["GET", "HEAD"]


def router(hook: Hook, identity: Identity | None, send: SendCode | None) -> APIRouter:
    """Routes to sign in at the provider, else by codes that `send` mails; without both nobody can."""
    routes = APIRouter()

    @routes.api_route("/", methods=SAFE)
    async def start(request: Request) -> Response:
        known = await sessions.signed_in(hook, request)
        return redirect(request, "/inbox") if known else redirect(request, "/sign-in", next="/inbox")

    @routes.post("/sign-out")
    async def leave(request: Request) -> Response:
        known = await sessions.signed_in(hook, request)
        if from_elsewhere(request, hook.public_url) or (known and not known.made(await fields(request))):
            return respond.problem(request, Problem.CROSS_SITE, hook.public_url)
        answer = redirect(request, "/signed-out")
        await sessions.finish(hook, request, answer)
        if known:
            log.info("%s signed out", known.employee_id)
        return answer

    @routes.api_route("/signed-out", methods=SAFE)
    async def left(request: Request) -> Response:
        out = await _way_out(identity)
        return respond.page(request, respond.words_for(request), "signed_out.html", way_out=out)

    if identity:
        routes.include_router(by_provider.router(hook, identity))
    elif send:
        routes.include_router(by_code.router(hook, send))
    else:
        routes.include_router(_closed())
    return routes


def _closed() -> APIRouter:
    routes = APIRouter()

    @routes.api_route("/sign-in", methods=SAFE)
    async def closed(request: Request) -> Response:
        words = respond.words_for(request)
        title = words.text("Nobody can sign in here yet")
        detail = words.text("No identity provider and no mail server is connected. Links in your messages still open.")
        return flow.told(request, words, 503, title, detail, wait=3600)

    return routes


async def _way_out(identity: Identity | None) -> str | None:
    try:
        return await identity.way_out() if identity else None
    except Unavailable:
        return None
