"""The approval hook as one ASGI application: it stores decisions first and tells the engine second."""

from datetime import UTC, datetime

from fastapi import FastAPI, Request, Response
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from activities.messages import Links, Manners, Post
from connections import Relying
from models.errors import Unavailable
from services.exchange import Exchange
from store.database import Database
from systems.mail.port import Mailer
from web import respond
from web.case import pages as case_page
from web.door.engine import ClientProvider
from web.gate import pages
from web.hook import Clock, Hook
from web.inbox import pages as inbox
from web.problems import Problem
from web.programs import api, webhooks
from web.programs import document as api_document
from web.redelivery import redelivering
from web.security import Guard, content_policy, log
from web.sign_in import by_provider
from web.sign_in import front as sign_in
from web.sign_in.identity import Identity


def _utc_now() -> datetime:
    return datetime.now(UTC)


def create_app(  # noqa: PLR0913  (what the hook is put together from)
    database: Database,
    client_provider: ClientProvider,
    link_secret: str,
    public_url: str,
    clock: Clock = _utc_now,
    mailer: Mailer | None = None,
    *,
    relying: Relying | None = None,
    exchange: Exchange | None = None,
    manners: Manners | None = None,
) -> FastAPI:
    """Put the hook together. `client_provider` is first called when a decision comes, so the engine may be down.

    `public_url` is what people open, without a slash at its end; `clock` stamps decisions with aware UTC times.
    With a `mailer` the hook also sends what could not leave before, as long as it serves. People sign in at the
    identity provider of `relying`, else with codes by mail. `exchange` names the programs that send us signed calls
    and hear our events, `manners` the chats that people may choose in place of mail.
    """
    hook = Hook(database, client_provider, link_secret, public_url.rstrip("/"), clock, exchange=exchange or Exchange())
    post = Post(database, mailer, Links(link_secret, public_url), manners) if mailer else None
    app = FastAPI(
        title="Offboard",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # it would lead to whatever host a request names
        lifespan=redelivering(hook, post),
    )
    app.include_router(pages.router(hook))
    app.include_router(api.router(hook))
    app.include_router(webhooks.router(hook))
    app.include_router(api_document.router())
    identity = Identity(relying, hook.public_url + by_provider.CALLBACK, clock) if relying else None
    app.include_router(sign_in.router(hook, identity, post.send_code if post else None))
    app.include_router(inbox.router(hook))
    app.include_router(case_page.router(hook))
    app.add_middleware(
        Guard,
        policy=content_policy(respond.CSS),
        https=hook.public_url.startswith("https://"),
        too_large=_answer(hook, Problem.TOO_LARGE),
        too_slow=_answer(hook, Problem.MALFORMED),
        unknown=_answer(hook, Problem.UNKNOWN),
        broken=_answer(hook, Problem.FAULT),
    )

    @app.exception_handler(HTTPException)
    async def no_route(request: Request, raised: HTTPException) -> Response:
        kind = Problem.METHOD_NOT_ALLOWED if raised.status_code == 405 else Problem.UNKNOWN
        answer = respond.problem(request, kind, hook.public_url)
        answer.headers.update(raised.headers or {})
        return answer

    @app.exception_handler(Unavailable)
    @app.exception_handler(SQLAlchemyError)
    async def no_database(request: Request, raised: Exception) -> Response:
        log.error("our database does not take this: %s", type(raised).__name__)
        return respond.problem(request, Problem.UNAVAILABLE, hook.public_url)

    return app


def _answer(hook: Hook, kind: Problem) -> ASGIApp:
    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        await respond.problem(Request(scope, receive), kind, hook.public_url)(scope, receive, send)

    return application
