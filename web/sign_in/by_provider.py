"""Signing in at the company's identity provider."""

import asyncio
import hmac

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from models.errors import NotAllowed, Unavailable
from store import sign_in_codes
from store.sessions import Method
from web import respond
from web.hook import Hook
from web.problems import RETRY_AFTER
from web.security import address, log
from web.sign_in import flow, sessions
from web.sign_in.flow import Flow
from web.sign_in.identity import Identity

CALLBACK = "/sign-in/callback"


def router(hook: Hook, identity: Identity) -> APIRouter:
    """The way to the provider and back."""
    routes = APIRouter()

    @routes.api_route("/sign-in", methods=["GET", "HEAD"])
    async def start(request: Request) -> Response:
        answer = RedirectResponse("", status_code=303)
        begun = flow.begin(hook, answer, request.query_params.get("next", "/"))
        try:
            answer.headers["Location"] = await identity.way_in(*_secrets(hook, begun))
        except Unavailable:
            return _silent(request)
        return answer

    @routes.api_route(CALLBACK, methods=["GET", "HEAD"])
    async def back(request: Request) -> Response:
        begun = flow.read(hook, request)
        try:
            person = await _who(hook, identity, request, begun)
        except NotAllowed as refused:
            log.warning("sign-in refused: %s", refused.detail.get("reason", ""))
            return _refused(hook, request)
        except Unavailable:
            return _silent(request)
        answer = RedirectResponse(begun.next_path if begun else "/", status_code=303)
        await sessions.begin(hook, request, answer, person, Method.OIDC)
        flow.drop(hook, answer)
        log.info("%s signed in by %s", person, Method.OIDC)
        return answer

    return routes


async def _who(hook: Hook, identity: Identity, request: Request, begun: Flow | None) -> str:
    """Id of the employee who comes back from the provider. Raises NotAllowed, with a reason for the log."""
    asked = request.query_params
    if begun is None:
        raise NotAllowed("no sign-in was begun in this browser", reason="no_flow")
    state, nonce, verifier = _secrets(hook, begun)
    if not hmac.compare_digest(asked.get("state", "").encode(), state.encode()):
        raise NotAllowed("the answer belongs to another sign-in", reason="state")
    if "error" in asked or "code" not in asked:
        raise NotAllowed("the identity provider signed nobody in", reason="provider_refused")
    claimed = await identity.who(asked["code"], nonce, verifier)

    def finding() -> str | None:
        with hook.database.begin() as connection:
            find = sign_in_codes.person_at if identity.by_mail else sign_in_codes.active
            return find(connection, claimed)

    person = await asyncio.to_thread(finding)
    if person is None:
        raise NotAllowed("nobody who works here has this account", reason="nobody")
    return person


def _secrets(hook: Hook, begun: Flow) -> tuple[str, str, str]:
    """State, nonce and verifier of PKCE."""
    return begun.derived(hook, "state"), begun.derived(hook, "nonce"), begun.derived(hook, "verifier")


def _refused(hook: Hook, request: Request) -> Response:
    words = respond.words_for(request)
    if wait := hook.knocks.missed(address(request)):
        title = words.text("Too many tries")
        return flow.told(request, words, 429, title, words.text("Wait a minute, then try again."), wait)
    title = words.text("You are not signed in")
    detail = words.text(
        "Your company's sign-in did not name an active employee, or it took too long. Start again; if it happens "
        "twice, ask your IT administrator. Links in your messages still open."
    )
    return flow.told(request, words, 403, title, detail)


def _silent(request: Request) -> Response:
    words = respond.words_for(request)
    title = words.text("Your company's sign-in does not answer")
    detail = words.text("You are not signed in and nothing was changed. Try again in a minute.")
    return flow.told(request, words, 503, title, detail, RETRY_AFTER)
